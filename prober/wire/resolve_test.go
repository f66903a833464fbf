package wire

import (
	"context"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"

	"example.com/prober/errcode"
	"example.com/prober/option"
	"example.com/prober/policy"
	"example.com/prober/prober/internal/lab"
	"example.com/prober/prober/probe"
)

func TestNamesAndTheirFailures(t *testing.T) {
	t.Parallel()
	const badVersion = 16 // of EDNS; only the OPT record has room for it
	tests := map[string]struct {
		answer  lab.DnsAnswer
		version option.IPVersion
		time    time.Duration
		code    errcode.Code
	}{
		"an address":                               {answer: lab.DnsAnswer{Ipv4: []string{"127.0.0.1"}}},
		"an address behind two aliases":            {answer: lab.DnsAnswer{Ipv4: []string{"127.0.0.1"}, Alias: "end.test."}},
		"an answer too long for a datagram":        {answer: lab.DnsAnswer{Ipv4: []string{"127.0.0.1"}, Truncate: true}},
		"IPv4 where that is wanted":                {answer: lab.DnsAnswer{Ipv4: []string{"127.0.0.1"}, Silent6: true}, version: option.OnlyIPv4},
		"a family that fails beside one that does": {answer: lab.DnsAnswer{Ipv4: []string{"127.0.0.1"}, Rcode6: dnsmessage.RCodeServerFailure}},

		"silence for IPv6":                         {answer: lab.DnsAnswer{Ipv4: []string{"127.0.0.1"}, Silent6: true}},
		"silence for IPv4":                         {answer: lab.DnsAnswer{Ipv6: []string{"::ffff:127.0.0.1"}, Silent4: true}},
		"silence for IPv6 behind an alias":         {answer: lab.DnsAnswer{Ipv4: []string{"127.0.0.1"}, Alias: "end.test.", Silent6: true}},
		"silence for IPv6, a long answer for IPv4": {answer: lab.DnsAnswer{Ipv4: []string{"127.0.0.1"}, Truncate: true, Silent6: true}},
		"silence for the family that is preferred": {answer: lab.DnsAnswer{Ipv4: []string{"127.0.0.1"}, Silent6: true}, version: option.PreferIPv6},
		"FORMERR for an OPT record":                {answer: lab.DnsAnswer{Ipv4: []string{"127.0.0.1"}, Strict: dnsmessage.RCodeFormatError}},
		"NOTIMP for an OPT record":                 {answer: lab.DnsAnswer{Ipv4: []string{"127.0.0.1"}, Strict: dnsmessage.RCodeNotImplemented}},
		"FORMERR in a bare header":                 {answer: lab.DnsAnswer{Ipv4: []string{"127.0.0.1"}, Strict: dnsmessage.RCodeFormatError, Bare: true}},
		"FORMERR for an OPT record, over TCP too":  {answer: lab.DnsAnswer{Ipv4: []string{"127.0.0.1"}, Strict: dnsmessage.RCodeFormatError, Truncate: true}},
		"FORMERR for an OPT record and silence":    {answer: lab.DnsAnswer{Ipv4: []string{"127.0.0.1"}, Strict: dnsmessage.RCodeFormatError, Silent6: true}},

		"a name that does not exist":            {answer: lab.Failing(dnsmessage.RCodeNameError), code: errcode.NoSuchHost},
		"a name without addresses":              {code: errcode.NoSuchHost},
		"an alias that leads nowhere":           {answer: lab.DnsAnswer{Alias: "end.test."}, code: errcode.NoSuchHost},
		"SERVFAIL":                              {answer: lab.Failing(dnsmessage.RCodeServerFailure), code: errcode.DNSServfail},
		"REFUSED":                               {answer: lab.Failing(dnsmessage.RCodeRefused), code: errcode.DNSRefused},
		"FORMERR":                               {answer: lab.Failing(dnsmessage.RCodeFormatError), code: errcode.DNSRcode},
		"NOTIMP":                                {answer: lab.Failing(dnsmessage.RCodeNotImplemented), code: errcode.DNSRcode},
		"a code of the OPT record":              {answer: lab.Failing(badVersion), code: errcode.DNSRcode},
		"SERVFAIL for IPv6, no IPv4":            {answer: lab.DnsAnswer{Rcode6: dnsmessage.RCodeServerFailure}, code: errcode.DNSServfail},
		"SERVFAIL for IPv4, no IPv6":            {answer: lab.DnsAnswer{Rcode: dnsmessage.RCodeServerFailure}, code: errcode.DNSServfail},
		"silence":                               {answer: lab.DnsAnswer{Silent: true}, time: lab.Briefly, code: errcode.DNSTimeout},
		"silence for IPv6, no IPv4":             {answer: lab.DnsAnswer{Silent6: true}, time: lab.Briefly, code: errcode.DNSTimeout},
		"silence for IPv4, no IPv6":             {answer: lab.DnsAnswer{Silent4: true}, time: lab.Briefly, code: errcode.DNSTimeout},
		"silence for IPv6, no such name":        {answer: lab.DnsAnswer{Silent6: true, Rcode: dnsmessage.RCodeNameError}, time: lab.Briefly, code: errcode.DNSTimeout},
		"silence for IPv6 where that is wanted": {answer: lab.DnsAnswer{Silent6: true, Ipv4: []string{"127.0.0.1"}}, version: option.OnlyIPv6, time: lab.Briefly, code: errcode.DNSTimeout},
		"rubbish":                               {answer: lab.DnsAnswer{Raw: []byte("rubbish")}, time: lab.Amply, code: errcode.DNSMalformed},
		"an empty datagram but for IDs":         {answer: lab.DnsAnswer{Raw: []byte{}}, time: lab.Amply, code: errcode.DNSMalformed},
		"an answer to another question":         {answer: lab.DnsAnswer{Other: true, Ipv4: []string{"127.0.0.1"}}, time: lab.Amply, code: errcode.DNSMalformed},
		"an address that is cut off":            {answer: lab.DnsAnswer{Cut: true, Ipv4: []string{"127.0.0.1"}}, code: errcode.DNSMalformed},
		"cut over TCP as well":                  {answer: lab.DnsAnswer{Truncate: true, CutShort: true, Ipv4: []string{"127.0.0.1"}, Ipv6: []string{"::1"}}, code: errcode.DNSMalformed},
		"rubbish over TCP":                      {answer: lab.DnsAnswer{Truncate: true, Raw: []byte("rubbish")}, code: errcode.DNSMalformed},
		"IPv6 only where IPv4 is wanted":        {answer: lab.DnsAnswer{Ipv6: []string{"::1"}}, version: option.OnlyIPv4, code: errcode.DNSFamily},
		"IPv4 only where IPv6 is wanted":        {answer: lab.DnsAnswer{Ipv4: []string{"127.0.0.1"}}, version: option.OnlyIPv6, code: errcode.DNSFamily},
		"neither where IPv6 is wanted":          {version: option.OnlyIPv6, code: errcode.NoSuchHost},
		"SERVFAIL where IPv6 is wanted":         {answer: lab.DnsAnswer{Rcode6: dnsmessage.RCodeServerFailure, Ipv4: []string{"127.0.0.1"}}, version: option.OnlyIPv6, code: errcode.DNSServfail},
	}
	target := lab.Listen(t, lab.Answering(lab.OKAnswer))
	requests := map[string]func() *probe.Result{}
	codes := map[string]errcode.Code{}
	for name, test := range tests {
		server := lab.ServeDNS(t, map[string]lab.DnsAnswer{"name.test.": test.answer})
		for way, look := range lookups(server.Addr) {
			d := newTestDialer(t, Plan{
				URL:  lab.Named(t, target, "name.test"),
				Dial: option.Dial{IPVersion: test.version, ConnectTimeout: test.time},
			})
			d.lookup = look
			requests[name+", "+way] = func() *probe.Result { return dialOnce(d, lab.Patience) }
			codes[name+", "+way] = test.code
		}
	}
	for name, r := range lab.AllAtOnce(requests) {
		assert.Equal(t, codes[name], errcode.FromError(r.Err), "%s: %v", name, r.Err)
		if codes[name] != errcode.OK {
			assert.Equal(t, errcode.PhaseResolve, r.FailedIn(), name)
		}
	}
}

func TestDNSServerOverTCPOnlyForLongAnswers(t *testing.T) {
	t.Parallel()
	server := lab.ServeDNS(t, map[string]lab.DnsAnswer{
		"short.test.": {Ipv4: []string{"192.0.2.1"}},
		"long.test.":  {Ipv4: []string{"192.0.2.1", "192.0.2.2"}, Truncate: true},
	})
	look := directLookup(server.Addr, policy.Policy{})

	addrs, err := look(t.Context(), "ip4", "short.test")
	require.NoError(t, err)
	assert.Equal(t, []netip.Addr{netip.MustParseAddr("192.0.2.1")}, addrs)
	assert.Zero(t, server.Streams.Load())

	addrs, err = look(t.Context(), "ip4", "long.test")
	require.NoError(t, err)
	assert.Len(t, addrs, 2)
	assert.EqualValues(t, 1, server.Streams.Load())
}

func TestDNSServerIsAskedWithoutExtensionsOnce(t *testing.T) {
	t.Parallel()
	for _, rcode := range []dnsmessage.RCode{dnsmessage.RCodeFormatError, dnsmessage.RCodeNotImplemented} {
		server := lab.ServeDNS(t, map[string]lab.DnsAnswer{"name.test.": lab.Failing(rcode)})
		_, err := directLookup(server.Addr, policy.Policy{})(t.Context(), "ip4", "name.test")
		assert.Equal(t, errcode.DNSRcode, errcode.FromError(err), "%v", err)
		assert.EqualValues(t, 2, server.Questions.Load())
	}
}

func TestDNSServerAnswerIsFinal(t *testing.T) {
	t.Parallel()
	server := lab.ServeDNS(t, map[string]lab.DnsAnswer{"name.test.": lab.Failing(dnsmessage.RCodeServerFailure)})
	_, err := directLookup(server.Addr, policy.Policy{})(t.Context(), "ip4", "name.test")
	require.ErrorIs(t, err, errDNSServfail)
	assert.EqualValues(t, 1, server.Questions.Load())
}

func TestDNSServerThatLosesADatagramIsAskedAgain(t *testing.T) {
	t.Parallel()
	server := lab.ServeDNS(t, map[string]lab.DnsAnswer{"name.test.": {Silent: true}})
	ctx, cancel := context.WithTimeout(t.Context(), lab.Amply)
	defer cancel()
	_, err := directLookup(server.Addr, policy.Policy{})(ctx, "ip4", "name.test")
	require.True(t, outOfTime(err), err)
	require.Eventually(t, func() bool { return server.Questions.Load() == directTries }, lab.Patience, time.Millisecond)
}

func TestUnreachableDNSServer(t *testing.T) {
	t.Parallel()
	// The port of a connected socket stays taken, and is closed to others.
	c, err := net.Dial("udp", "127.0.0.1:9")
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	for way, look := range lookups(c.LocalAddr().(*net.UDPAddr).AddrPort()) {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			d := newTestDialer(t, Plan{URL: &url.URL{Scheme: "http", Host: "name.test"}})
			d.lookup = look
			r := dialOnce(d, lab.Patience)
			assert.Equal(t, errcode.DNSUnreachable, errcode.FromError(r.Err), "%v", r.Err)
			assert.Equal(t, errcode.PhaseResolve, r.FailedIn())
		})
	}
}

func TestDNSServerWithoutTCP(t *testing.T) {
	t.Parallel()
	packets, err := net.ListenPacket("udp", lab.Unused(t))
	for tries := 0; err != nil && tries < 100; tries++ { // somebody has that port for UDP
		packets, err = net.ListenPacket("udp", lab.Unused(t))
	}
	require.NoError(t, err)
	server := &lab.DnsServer{Answers: map[string]lab.DnsAnswer{"name.test.": {Truncate: true}}}
	served := make(chan struct{})
	go func() {
		defer close(served)
		server.ServePackets(packets)
	}()
	t.Cleanup(func() {
		_ = packets.Close()
		<-served
	})
	for way, look := range lookups(packets.LocalAddr().(*net.UDPAddr).AddrPort()) {
		t.Run(way, func(t *testing.T) {
			_, err := look(t.Context(), "ip", "name.test")
			err = &errcode.PhaseError{Phase: errcode.PhaseResolve, Err: err}
			assert.Equal(t, errcode.DNSUnreachable, errcode.FromError(err), "%v", err)
		})
	}
}

func TestNamesThatDNSCannotHold(t *testing.T) {
	t.Parallel()
	server := lab.ServeDNS(t, nil)
	for way, look := range lookups(server.Addr) {
		for _, host := range []string{"a..b", string(make([]byte, 64)) + ".test", longName()} {
			_, err := look(t.Context(), "ip", host)
			assert.Equal(t, errcode.NoSuchHost, errcode.FromError(err), "%s: %q: %v", way, host, err)
		}
	}
}

func longName() string {
	label := "a23456789b23456789c23456789d23456789e23456789."
	return label + label + label + label + label + label + "test"
}

func TestLookupEndsWithItsContext(t *testing.T) {
	t.Parallel()
	server := lab.ServeDNS(t, map[string]lab.DnsAnswer{"name.test.": {Silent: true}})
	for way, look := range lookups(server.Addr) {
		t.Run(way, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(10*time.Millisecond, cancel)
			_, err := look(ctx, "ip", "name.test")
			assert.Equal(t, errcode.Cancelled, errcode.FromError(err), "%v", err)
		})
	}
}

// Package net merges equal look-ups of one resolver; each must hear its verdict.
func TestLookupsAtTheSameTimeFailAlike(t *testing.T) {
	t.Parallel()
	server := lab.ServeDNS(t, map[string]lab.DnsAnswer{"name.test.": lab.Failing(dnsmessage.RCodeRefused)})
	for way, look := range lookups(server.Addr) {
		t.Run(way, func(t *testing.T) {
			verdicts := make(chan error)
			for range 10 {
				go func() {
					_, err := look(t.Context(), "ip", "name.test")
					verdicts <- err
				}()
			}
			for range 10 {
				assert.ErrorIs(t, <-verdicts, errDNSRefused)
			}
		})
	}
}

// TestAFamilyIsWaitedForALittleLonger has answers that come at known times, which a server
// cannot promise.
func TestAFamilyIsWaitedForALittleLonger(t *testing.T) {
	t.Parallel()
	ipv6, ipv4 := lab.Addresses("2001:db8::1"), lab.Addresses("192.0.2.1")
	const never = time.Hour // when the time of the look-up has ended
	for name, test := range map[string]struct {
		after6, after4 time.Duration
		addrs6, addrs4 []netip.Addr
		want           []netip.Addr
		took           time.Duration
	}{
		"both at once":                  {0, 0, ipv6, ipv4, slices.Concat(ipv6, ipv4), 0},
		"IPv6 is late":                  {resolutionDelay - 1, 0, ipv6, ipv4, slices.Concat(ipv6, ipv4), resolutionDelay - 1},
		"IPv6 is too late":              {resolutionDelay + 1, 0, ipv6, ipv4, ipv4, resolutionDelay},
		"IPv4 is late":                  {time.Second, time.Second + resolutionDelay - 1, ipv6, ipv4, slices.Concat(ipv6, ipv4), time.Second + resolutionDelay - 1},
		"IPv4 never comes":              {time.Second, never, ipv6, nil, ipv6, time.Second + resolutionDelay},
		"IPv6 never comes":              {never, 0, nil, ipv4, ipv4, resolutionDelay},
		"no IPv4, and IPv6 comes late":  {time.Minute, 0, ipv6, nil, ipv6, time.Minute},
		"no IPv4, and IPv6 never comes": {never, 0, nil, nil, nil, never},
	} {
		synctest.Test(t, func(t *testing.T) {
			start, answers := time.Now(), make(chan answer, 2)
			var asking sync.WaitGroup
			defer asking.Wait()
			for i, after := range []time.Duration{test.after6, test.after4} {
				asking.Go(func() {
					time.Sleep(after)
					answers <- answer{i, reply{addrs: [][]netip.Addr{test.addrs6, test.addrs4}[i]}}
				})
			}
			addrs, _ := merge(gather(answers, 2))
			assert.Equal(t, test.want, addrs, name)
			assert.Equal(t, test.took, time.Since(start), name)
		})
	}
}

func TestOrderOfAddresses(t *testing.T) {
	t.Parallel()
	known := map[string][]netip.Addr{
		"ip4": lab.Addresses("192.0.2.1", "192.0.2.2", "192.0.2.3"),
		"ip6": lab.Addresses("2001:db8::1", "2001:db8::2"),
	}
	known["ip"] = slices.Concat(known["ip6"], known["ip4"])
	tests := map[string]struct {
		version option.IPVersion
		want    []string
	}{
		"any":            {option.AnyIP, []string{"2001:db8::1", "192.0.2.1", "2001:db8::2", "192.0.2.2", "192.0.2.3"}},
		"IPv4 only":      {option.OnlyIPv4, []string{"192.0.2.1", "192.0.2.2", "192.0.2.3"}},
		"IPv6 only":      {option.OnlyIPv6, []string{"2001:db8::1", "2001:db8::2"}},
		"IPv4 is better": {option.PreferIPv4, []string{"192.0.2.1", "2001:db8::1", "192.0.2.2", "2001:db8::2", "192.0.2.3"}},
		"IPv6 is better": {option.PreferIPv6, []string{"2001:db8::1", "192.0.2.1", "2001:db8::2", "192.0.2.2", "192.0.2.3"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newTestDialer(t, Plan{
				URL:  &url.URL{Scheme: "http", Host: "name.test"},
				Dial: option.Dial{IPVersion: test.version},
			})
			d.lookup = func(_ context.Context, network, _ string) ([]netip.Addr, error) { return known[network], nil }
			addrs, err := d.resolve(t.Context(), "name.test")
			require.NoError(t, err)
			got := make([]string, len(addrs))
			for i, addr := range addrs {
				got[i] = addr.String()
			}
			assert.Equal(t, test.want, got)
		})
	}
}

// lookups are the two ways to resolve, both leading to server.
func lookups(server netip.AddrPort) map[string]lookup {
	redirected := func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, server.String())
	}
	return map[string]lookup{
		"asking the server directly": directLookup(server, policy.Policy{}),
		"asking as the system does":  systemLookup(redirected),
	}
}
