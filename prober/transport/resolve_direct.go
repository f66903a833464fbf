package transport

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
)

// directTries is how often a DNS server is asked that stays silent: a datagram
// may get lost (RFC 1123, section 6.1.3.3). An answer is final.
const directTries = 2

// directLookup asks one DNS server, and nothing else: no hosts file, no search
// list, no cache. IPv6 addresses come first (RFC 6724, section 2.1). A family
// that gets no answer uses up the time of the look-up, as it does for programs
// that ask through the C library. The policy holds for the server too.
func directLookup(server netip.AddrPort, p policy.Policy) lookup {
	dialer := net.Dialer{ControlContext: controlOf(p)}
	return func(ctx context.Context, network, host string) ([]netip.Addr, error) {
		name, err := dnsmessage.NewName(rooted(host))
		if err != nil {
			return nil, errNoSuchName
		}
		kinds := questionTypes(network)
		replies := make([]reply, len(kinds))
		var asking sync.WaitGroup
		for i, kind := range kinds {
			q := dnsmessage.Question{Name: name, Type: kind, Class: dnsmessage.ClassINET}
			asking.Go(func() { replies[i] = askDirectly(ctx, dialer.DialContext, server, q) })
		}
		asking.Wait()
		addrs, failure := merge(replies)
		if len(addrs) == 0 || outOfTime(failure) {
			return nil, failure
		}
		return addrs, nil
	}
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

// merge returns the addresses of all replies and one of their failures. One that
// leaves open whether there are addresses tells more than their absence.
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

// askDirectly puts one question to the server, over TCP when the answer does not
// fit into a datagram (RFC 7766, section 5).
func askDirectly(ctx context.Context, dial dialFunc, server netip.AddrPort, q dnsmessage.Question) reply {
	for left := directTries; ; left-- {
		answer := exchangeDNS(ctx, dial, "udp", server, q, left)
		if answer.truncated {
			return exchangeDNS(ctx, dial, "tcp", server, q, 1)
		}
		if left == 1 || !outOfTime(answer.err) || ctx.Err() != nil {
			return answer
		}
	}
}

// exchangeDNS asks once and waits for a part of the time that is left.
func exchangeDNS(ctx context.Context, dial dialFunc, network string, server netip.AddrPort, q dnsmessage.Question, parts int) reply {
	id := uint16(rand.Uint32())
	message, err := query(id, q)
	if err != nil {
		return reply{err: errNoSuchName}
	}
	c, err := dial(ctx, network, server.String())
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
	if errors.Is(ctx.Err(), context.Canceled) {
		err = context.Canceled
	}
	if err != nil {
		return reply{err: err}
	}
	return answer
}

// overUDP waits for the answer among whatever else arrives. Where only rubbish
// did, that is reported and not the silence.
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

// overTCP sends and reads one message with its length before it (RFC 1035,
// section 4.2.2).
func overTCP(c net.Conn, message []byte, id uint16, q dnsmessage.Question) (reply, error) {
	framed := binary.BigEndian.AppendUint16(nil, uint16(len(message)))
	if _, err := c.Write(append(framed, message...)); err != nil {
		return reply{}, err
	}
	var size [2]byte
	if _, err := io.ReadFull(c, size[:]); err != nil {
		return reply{}, err
	}
	buf := make([]byte, binary.BigEndian.Uint16(size[:]))
	if _, err := io.ReadFull(c, buf); err != nil {
		return reply{}, err
	}
	answer, err := readReply(buf, id, q)
	if err != nil || answer.truncated {
		return reply{err: errDNSMalformed}, nil //nolint:nilerr // the failure is the answer's, not that of asking
	}
	return answer, nil
}
