package wire

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"example.com/prober/policy"
	"example.com/prober/prober/probe"
)

// directTries is how often to ask a silent DNS server: a datagram may get lost (RFC 1123,
// section 6.1.3.3). An answer is final.
const directTries = 2

// resolutionDelay is how long to wait for the answer of one family when the other has
// addresses (RFC 8305, section 3).
const resolutionDelay = 50 * time.Millisecond

// directLookup asks one DNS server, and nothing else: no hosts file, no search list, no
// cache. IPv6 addresses come first (RFC 6724, section 2.1). A family without an answer holds
// the other up for resolutionDelay. The policy holds for the server too.
func directLookup(server netip.AddrPort, p policy.Policy) lookup {
	dialer := net.Dialer{ControlContext: controlOf(p)}
	return func(ctx context.Context, network, host string) ([]netip.Addr, error) {
		name, err := dnsmessage.NewName(rooted(host))
		if err != nil {
			return nil, errNoSuchName
		}
		ctx, giveUp := context.WithCancel(ctx)
		kinds := questionTypes(network)
		answers := make(chan answer, len(kinds))
		var asking sync.WaitGroup
		for i, kind := range kinds {
			a := asker{dial: dialer.DialContext, server: server.String(),
				question: dnsmessage.Question{Name: name, Type: kind, Class: dnsmessage.ClassINET}}
			asking.Go(func() {
				got := answer{i: i}
				defer func() { answers <- got }() // has room
				defer probe.Catch(&got.err)
				got.reply = a.ask(ctx)
			})
		}
		replies := gather(answers, len(kinds))
		// Wait does not depend on the server: giveUp sets the deadlines of all questions to
		// the past.
		giveUp() // whatever still waits ends at once
		asking.Wait()
		addrs, failure := merge(replies)
		if len(addrs) == 0 {
			return nil, failure
		}
		return addrs, nil
	}
}

// answer is what came of question i.
type answer struct {
	i int
	reply
}

// gather waits for n answers, but not for long after the first with addresses. Each answer
// comes in the time of its look-up. A missing answer stays empty.
func gather(answers <-chan answer, n int) []reply {
	replies := make([]reply, n)
	var enough <-chan time.Time
	for range n {
		select {
		case a := <-answers:
			replies[a.i] = a.reply
			if enough == nil && len(a.addrs) > 0 {
				enough = time.After(resolutionDelay)
			}
		case <-enough:
			return replies
		}
	}
	return replies
}

func rooted(host string) string { return strings.TrimSuffix(host, ".") + "." }

func questionTypes(network string) []dnsmessage.Type {
	switch network {
	case "ip4":
		return []dnsmessage.Type{dnsmessage.TypeA}
	case "ip6":
		return []dnsmessage.Type{dnsmessage.TypeAAAA}
	default:
		return []dnsmessage.Type{dnsmessage.TypeAAAA, dnsmessage.TypeA}
	}
}

func outOfTime(err error) bool {
	return errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded)
}

// merge returns the addresses of all replies and one of their failures. The absence of
// addresses tells less than any other failure.
func merge(replies []reply) ([]netip.Addr, error) {
	var addrs []netip.Addr
	var failure error
	for _, r := range replies {
		addrs = append(addrs, r.addrs...)
		if r.err != nil && (failure == nil || isAbsence(failure)) {
			failure = r.err
		}
	}
	return addrs, failure
}

func isAbsence(err error) bool {
	return errors.Is(err, errNoRecords) || errors.Is(err, errNoSuchName)
}

// asker puts one question to one server.
type asker struct {
	dial     dialFunc
	server   string // host:port
	question dnsmessage.Question
	plain    bool // without an OPT record, which the server does not know
}

// ask asks over TCP if the answer does not fit into a datagram (RFC 7766, section 5).
func (a *asker) ask(ctx context.Context) reply {
	// The first try has half of the time left and the second one all of it, so a lost
	// datagram costs half the time and not all.
	for left := directTries; ; left-- {
		answer := a.exchange(ctx, "udp", left)
		if answer.truncated {
			return a.exchange(ctx, "tcp", 1)
		}
		if left == 1 || !outOfTime(answer.err) || ctx.Err() != nil {
			return answer
		}
	}
}

// exchange asks once. It asks once more without an OPT record if that may be why the server
// refused the question (RFC 6891, section 6.2.2).
func (a *asker) exchange(ctx context.Context, network string, parts int) reply {
	answer := a.shown(ctx, network, parts)
	if !answer.strict || a.plain {
		return answer
	}
	a.plain = true
	return a.shown(ctx, network, parts)
}

// shown asks once, and notes it in the trace of ctx if there is one.
func (a *asker) shown(ctx context.Context, network string, parts int) reply {
	trace := probe.TraceOf(ctx)
	if trace != nil {
		showQuestion(trace, network, a.server, a.question)
	}
	answer := a.once(ctx, network, parts)
	if trace != nil {
		showReply(trace, a.server, a.question, answer)
	}
	return answer
}

// once waits for one part of the time left.
func (a *asker) once(ctx context.Context, network string, parts int) reply {
	// A new socket, and so a new port, for each question makes a forged answer harder (RFC
	// 5452, section 9.2).
	id, q := uint16(rand.Uint32()), a.question
	message, err := query(id, q, a.plain)
	if err != nil {
		return reply{err: errNoSuchName}
	}
	c, err := a.dial(ctx, network, a.server)
	if err != nil {
		return reply{err: err}
	}
	defer c.Close()
	if end, ok := ctx.Deadline(); ok {
		err = c.SetDeadline(time.Now().Add(time.Until(end) / time.Duration(parts)))
	}
	stop := context.AfterFunc(ctx, func() { _ = c.SetDeadline(longAgo) })
	defer stop()
	var answer reply
	if err == nil && network == "tcp" {
		answer, err = overTCP(c, message, id, q)
	} else if err == nil {
		answer, err = overUDP(c, message, id, q)
	}
	// The deadline was set to the past because nobody waits. To call that a silent server
	// would blame the server.
	if errors.Is(ctx.Err(), context.Canceled) {
		err = context.Canceled
	}
	if err != nil {
		return reply{err: err}
	}
	return answer
}

// overUDP waits for the answer among whatever else arrives. If only rubbish arrived, it
// reports that and not the silence. The socket's deadline ends it, however much rubbish
// comes.
func overUDP(c net.Conn, message []byte, id uint16, q dnsmessage.Question) (reply, error) {
	if _, err := c.Write(message); err != nil {
		return reply{}, err
	}
	buf := make([]byte, maxDNSPacket)
	rubbish := false
	for {
		n, err := c.Read(buf)
		if rubbish && errors.Is(err, os.ErrDeadlineExceeded) {
			return reply{err: errDNSMalformed}, nil
		}
		if err != nil {
			return reply{}, err
		}
		if answer, err := readReply(buf[:n], id, q); err == nil {
			return answer, nil
		}
		rubbish = true
	}
}

// overTCP sends and reads one message. If it is cut even here, it is of no use: nothing has
// room for the rest.
func overTCP(c net.Conn, message []byte, id uint16, q dnsmessage.Question) (reply, error) {
	if _, err := c.Write(frame(message)); err != nil {
		return reply{}, err
	}
	buf, err := readFramed(c)
	if err != nil {
		return reply{}, err
	}
	answer, err := readReply(buf, id, q)
	if err != nil || answer.truncated {
		return reply{err: errDNSMalformed}, nil //nolint:nilerr // the failure is the answer's, not that of asking
	}
	return answer, nil
}

// frame puts the length before a message (RFC 1035, section 4.2.2).
func frame(message []byte) []byte {
	return append(binary.BigEndian.AppendUint16(nil, uint16(len(message))), message...)
}

// readFramed reads one message with its length before it. The length bounds it to 64 KiB.
func readFramed(r io.Reader) ([]byte, error) {
	var size [2]byte
	if _, err := io.ReadFull(r, size[:]); err != nil {
		return nil, err
	}
	message := make([]byte, binary.BigEndian.Uint16(size[:]))
	_, err := io.ReadFull(r, message)
	return message, err
}
