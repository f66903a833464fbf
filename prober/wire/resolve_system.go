package wire

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"example.com/prober/errcode"
	"example.com/prober/prober/probe"
)

// dialFunc has the form of [net.Dialer.DialContext].
type dialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// systemLookup looks names up as the system is configured to (hosts file, search list,
// servers, retries), with the resolver of package net. The resolver distinguishes most
// failures by text only, and texts are not looked at. So each look-up listens to its own
// conversation with the servers. dial connects to them.
func systemLookup(dial dialFunc) lookup {
	return func(ctx context.Context, network, host string) ([]netip.Addr, error) {
		ear := &listener{name: rooted(host), dial: dial, trace: probe.TraceOf(ctx)}
		defer ear.hangUp()
		// A resolver for each look-up: package net merges equal look-ups of one resolver,
		// and all but one of them would hear nothing. PreferGo is set because the C
		// library's look-up cannot be listened to, and cannot be ended: it would hold a
		// thread beyond the deadline.
		resolver := net.Resolver{PreferGo: true, Dial: ear.connect}
		addrs, err := resolver.LookupNetIP(ctx, network, host)
		if err != nil {
			return nil, ear.verdict(err)
		}
		if ear.trace != nil && !ear.hasAsked() {
			ear.trace.Notef("no DNS server was asked: the hosts file of the system has the name")
		}
		return addrs, nil
	}
}

// listener hears the answers of DNS servers during one look-up. The resolver asks for
// both families at the same time, each on a goroutine of its own.
type listener struct {
	name string // of the host, with a dot at its end
	dial dialFunc
	// trace notes questions and answers; nil if nobody wants to see them.
	trace *probe.Trace

	// mu guards all below, and is held for no dial, read or write.
	mu   sync.Mutex
	open []*heardConn
	over bool
	// plain means that questions go without an OPT record.
	plain bool
	// enough holds the questions that nobody waits for any more. The timers in waiting
	// put them there.
	enough  map[dnsmessage.Question]bool
	waiting []*time.Timer
	// local is a failure of the prober's own host to ask, unreached any other.
	local, unreached error
	// ipv4 and ipv6 are the last answers about the name itself. Names made from a search
	// list do not count.
	ipv4, ipv6 error
}

// verdict returns the reason for the failure err of a look-up.
func (l *listener) verdict(err error) error {
	if errors.Is(err, context.Canceled) {
		return err
	}
	if _, ok := errors.AsType[*net.AddrError](err); ok {
		return errNoFamily // the hosts file has the name
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	_, reason := merge([]reply{{err: l.local}, {err: l.ipv6}, {err: l.ipv4}})
	switch {
	case reason != nil:
		return reason
	case l.unreached != nil:
		return l.unreached
	}
	return err
}

// connect is the resolver's dialer.
func (l *listener) connect(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := l.dial(ctx, network, address)
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case err != nil && errcode.FromError(err).IsLocal():
		l.local = err
		return nil, err
	case err != nil:
		l.unreached = err
		return nil, err
	case l.over:
		_ = c.Close() // nothing was sent on it
		return nil, net.ErrClosed
	}
	heard := &heardConn{Conn: c, ear: l}
	// The look-up may end, and over be set, while a dial is under way; such a connection is
	// closed above. So hangUp closes all others.
	l.open = append(l.open, heard)
	return heard.disguised(), nil
}

// hasAsked reports whether a server was asked.
func (l *listener) hasAsked() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.open) > 0
}

// asks notes the question on c. It reports whether an answer is still of use, and whether
// to ask without an OPT record.
func (l *listener) asks(c *heardConn, q dnsmessage.Question) (useful, plain bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c.question = q
	return !l.over && !l.enough[q], l.plain
}

// wantsPlain notes that a server may not know OPT records. Its answer over UDP holds over
// TCP too: there it may close the connection after one answer.
func (l *listener) wantsPlain() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.plain = true
}

// found ends the wait for the other family of a name with addresses after
// resolutionDelay: the resolver would wait as long as it can.
func (l *listener) found(q dnsmessage.Question) {
	other := q
	if other.Type = dnsmessage.TypeA; q.Type == dnsmessage.TypeA {
		other.Type = dnsmessage.TypeAAAA
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.over {
		l.waiting = append(l.waiting, time.AfterFunc(resolutionDelay, func() { l.giveUp(other) }))
	}
}

// giveUp ends the wait for an answer to q, and whatever the resolver tries instead.
func (l *listener) giveUp(q dnsmessage.Question) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.enough == nil {
		l.enough = make(map[dnsmessage.Question]bool)
	}
	l.enough[q] = true
	for _, c := range l.open {
		if c.question == q {
			_ = c.Close() // it may be closed already
		}
	}
}

// hangUp ends everything that still waits when a look-up has run out of time.
func (l *listener) hangUp() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.over = true
	for _, timer := range l.waiting {
		timer.Stop()
	}
	for _, c := range l.open {
		_ = c.Close() // most are closed already
	}
}

func (l *listener) note(q dnsmessage.Question, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case !strings.EqualFold(q.Name.String(), l.name):
	case q.Type == dnsmessage.TypeA:
		l.ipv4 = err
	default:
		l.ipv6 = err
	}
}
