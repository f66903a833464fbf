package errcode_test

import (
	"context"
	"net"
	"sync"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"

	"example.com/prober/errcode"
)

// dnsFaults are met by net.Resolver.
func dnsFaults() []fault {
	rcode := func(rcode dnsmessage.RCode) func(lab) error {
		return func(t lab) error { return lookup(t, "udp", nameServer(t, reply(rcode, false))) }
	}
	return []fault{
		{name: "the name does not exist", want: errcode.NoSuchHost, fail: rcode(dnsmessage.RCodeNameError)},
		{name: "the name has no address", want: errcode.NoSuchHost, fail: rcode(dnsmessage.RCodeSuccess)},
		{
			name: "the resolver answers SERVFAIL", want: errcode.DNS, fail: rcode(dnsmessage.RCodeServerFailure),
		},
		{
			name: "the resolver answers REFUSED", want: errcode.DNS, fail: rcode(dnsmessage.RCodeRefused),
		},
		{
			name: "the resolver answers FORMERR", want: errcode.DNS, fail: rcode(dnsmessage.RCodeFormatError),
		},
		{
			name: "the resolver cuts its answer and refuses TCP", want: errcode.DNS, fail: func(t lab) error {
				return lookup(t, "udp", nameServerWithoutTCP(t, reply(dnsmessage.RCodeSuccess, true)))
			},
		},
		{
			name: "the resolver answers garbage over TCP", want: errcode.DNS, fail: func(t lab) error {
				return lookup(t, "tcp", peer(t, answer("\x00\x07garbage")))
			},
		},
		{name: "the resolver answers garbage over UDP", want: errcode.DNSTimeout, fail: func(t lab) error {
			return lookupInVain(t, func([]byte) []byte { return []byte("garbage") })
		}},
		{name: "the resolver answers nothing", want: errcode.DNSTimeout, fail: func(t lab) error {
			return lookupInVain(t, func([]byte) []byte { return nil })
		}},
		{
			name: "the resolver's port is closed", want: errcode.DNS, fail: func(t lab) error {
				return lookup(t, "tcp", closedPort(t))
			},
		},
		{name: "the resolver's port is closed, seen by a transport", want: errcode.DNSUnreachable, fail: func(t lab) error {
			return in(errcode.PhaseResolve, datagramRefused(t))
		}},
		{name: "a look-up is cancelled", want: errcode.Cancelled, fail: func(t lab) error {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			_, err := resolver("udp", closedPacketPort(t)).LookupNetIP(ctx, "ip4", "host.test.")
			return err
		}},
		{name: "the address is of the other family", want: errcode.DNSFamily, fail: func(t lab) error {
			return dial(t.Context(), "tcp4", "[::1]:9")
		}},
	}
}

// lookup asks a name server that answers.
func lookup(t lab, network, server string) error {
	_, err := resolver(network, server).LookupNetIP(t.Context(), "ip4", "host.test.")
	return err
}

// lookupInVain asks a name server that gives no answer; the resolver itself would
// wait seconds for each attempt.
func lookupInVain(t lab, reply func([]byte) []byte) error {
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := resolver("udp", nameServer(t, reply)).LookupNetIP(ctx, "ip4", "host.test.")
	return err
}

func resolver(network, server string) *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, asked, _ string) (net.Conn, error) {
		if network == "tcp" {
			asked = network
		}
		c, err := new(net.Dialer).DialContext(ctx, asked, server)
		if err != nil {
			return nil, err
		}
		// The resolver reads on after its caller has left, for seconds.
		context.AfterFunc(ctx, func() { c.Close() })
		return c, nil
	}}
}

// nameServer serves DNS over UDP on loopback until the test ends; reply gets the
// query and returns the answer, nil for none.
func nameServer(t lab, reply func(query []byte) []byte) string {
	t.Helper()
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	answerNames(t, c, reply)
	return c.LocalAddr().String()
}

// nameServerWithoutTCP is a [nameServer] at whose port nobody listens for TCP, nor will
// as long as the test runs.
func nameServerWithoutTCP(t lab, reply func(query []byte) []byte) string {
	t.Helper()
	for {
		address := closedPort(t)
		if serveNames(t, address, reply) == nil { // else somebody has the port for UDP
			return address
		}
	}
}

// closedPacketPort returns a loopback address at which nobody listens for UDP. The port
// is that of a socket that hears one peer alone.
func closedPacketPort(t lab) string {
	t.Helper()
	c, err := net.Dial("udp", "127.0.0.1:9")
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return c.LocalAddr().String()
}

func serveNames(t lab, address string, reply func(query []byte) []byte) error {
	t.Helper()
	c, err := net.ListenPacket("udp", address)
	if err == nil {
		answerNames(t, c, reply)
	}
	return err
}

func answerNames(t lab, c net.PacketConn, reply func(query []byte) []byte) {
	t.Helper()
	var serving sync.WaitGroup
	t.Cleanup(func() {
		_ = c.Close()
		serving.Wait()
	})
	serving.Go(func() {
		query := make([]byte, 1<<16)
		for {
			n, from, err := c.ReadFrom(query)
			if err != nil {
				return
			}
			if answer := reply(query[:n]); answer != nil {
				_, _ = c.WriteTo(answer, from)
			}
		}
	})
}

// addressed answers questions for IPv4 addresses with one.
func addressed(query []byte) []byte {
	var m dnsmessage.Message
	if m.Unpack(query) != nil || len(m.Questions) != 1 {
		return nil
	}
	m.Header = dnsmessage.Header{ID: m.ID, Response: true, RecursionAvailable: true}
	m.Additionals = nil
	if q := m.Questions[0]; q.Type == dnsmessage.TypeA {
		head := dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class}
		m.Answers = []dnsmessage.Resource{{Header: head, Body: &dnsmessage.AResource{A: [4]byte{127, 0, 0, 1}}}}
	}
	answer, err := m.Pack()
	if err != nil {
		return nil
	}
	return answer
}

// cuttingNameServer serves DNS over UDP and TCP on one port, and never says all.
func cuttingNameServer(t lab) string {
	t.Helper()
	cut := reply(dnsmessage.RCodeSuccess, true)
	for range 100 { // the port may be taken for one of both
		address := peer(t, func(c net.Conn) {
			query := make([]byte, 1<<12)
			if n, err := c.Read(query); err == nil && n > 2 {
				answer := cut(query[2:n])
				_, _ = c.Write(append([]byte{0, byte(len(answer))}, answer...))
			}
		})
		if serveNames(t, address, cut) == nil {
			return address
		}
	}
	require.Fail(t, "no port is free for both UDP and TCP")
	return ""
}

// reply returns answers with no records.
func reply(rcode dnsmessage.RCode, truncated bool) func([]byte) []byte {
	return func(query []byte) []byte {
		var m dnsmessage.Message
		if m.Unpack(query) != nil {
			return nil
		}
		m.Header = dnsmessage.Header{
			ID: m.ID, Response: true, RecursionAvailable: true, RCode: rcode, Truncated: truncated,
		}
		m.Additionals = nil
		answer, err := m.Pack()
		if err != nil {
			return nil
		}
		return answer
	}
}
