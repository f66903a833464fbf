package errcode_test

import (
	"context"
	"net"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
)

// dnsFaults are failures of net.Resolver.
func dnsFaults() []fault {
	rcode := func(rcode dnsmessage.RCode) func(lab) error {
		return func(t lab) error { return lookup(t, "udp", peers.NameServer(t, peers.NoNames(rcode))) }
	}
	return []fault{
		{name: "the name does not exist", want: errcode.NoSuchHost, fail: rcode(dnsmessage.RCodeNameError)},
		{name: "the name has no address", want: errcode.NoSuchHost, fail: rcode(dnsmessage.RCodeSuccess)},
		{name: "the resolver answers SERVFAIL", want: errcode.DNS, fail: rcode(dnsmessage.RCodeServerFailure)},
		{name: "the resolver answers REFUSED", want: errcode.DNS, fail: rcode(dnsmessage.RCodeRefused)},
		{name: "the resolver answers FORMERR", want: errcode.DNS, fail: rcode(dnsmessage.RCodeFormatError)},
		{name: "the resolver cuts its answer and refuses TCP", want: errcode.DNS, fail: func(t lab) error {
			return lookup(t, "udp", peers.NameServer(t, peers.CutNames))
		}},
		{name: "the resolver answers garbage over TCP", want: errcode.DNS, fail: func(t lab) error {
			return lookup(t, "tcp", peer(t, peers.Saying("\x00\x07garbage")))
		}},
		{name: "the resolver answers garbage over UDP", want: errcode.DNSTimeout, fail: func(t lab) error {
			return lookupInVain(t, peers.SayNames("garbage"))
		}},
		{name: "the resolver answers nothing", want: errcode.DNSTimeout, fail: func(t lab) error {
			return lookupInVain(t, peers.SilentNames)
		}},
		{name: "the resolver's port is closed", want: errcode.DNS, fail: func(t lab) error {
			return lookup(t, "tcp", peers.ClosedPort(t))
		}},
		{name: "the resolver's port is closed, seen by a transport", want: errcode.DNSUnreachable, fail: func(t lab) error {
			return in(errcode.PhaseResolve, datagramRefused(t))
		}},
		{name: "a look-up is cancelled", want: errcode.Cancelled, fail: func(t lab) error {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			_, err := resolver("udp", peers.ClosedPacketPort(t)).LookupNetIP(ctx, "ip4", "host.test.")
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

// lookupInVain asks a name server that gives no answer. Its deadline is short because the
// resolver would wait seconds for each attempt.
func lookupInVain(t lab, names peers.Names) error {
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := resolver("udp", peers.NameServer(t, names)).LookupNetIP(ctx, "ip4", "host.test.")
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
		// The resolver keeps reading for seconds after its caller has left.
		context.AfterFunc(ctx, func() { c.Close() })
		return c, nil
	}}
}
