package transport

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
	"example.com/prober/policy"
	"example.com/prober/prober/probe"
)

// How long a test waits for something that does not happen: briefly where
// nothing else has to happen before, amply where a peer has to be heard first.
const (
	briefly = 300 * time.Millisecond
	amply   = 2 * time.Second
)

func failing(rcode dnsmessage.RCode) dnsAnswer { return dnsAnswer{rcode: rcode, rcode6: rcode} }

func TestNamesAndTheirFailures(t *testing.T) {
	t.Parallel()
	const badVersion = 16 // of EDNS; only the OPT record has room for it
	tests := map[string]struct {
		answer  dnsAnswer
		version IPVersion
		time    time.Duration
		code    errcode.Code
	}{
		"an address":                               {answer: dnsAnswer{ipv4: []string{"127.0.0.1"}}},
		"an address behind two aliases":            {answer: dnsAnswer{ipv4: []string{"127.0.0.1"}, alias: "end.test."}},
		"an answer too long for a datagram":        {answer: dnsAnswer{ipv4: []string{"127.0.0.1"}, truncate: true}},
		"IPv4 where that is wanted":                {answer: dnsAnswer{ipv4: []string{"127.0.0.1"}, silent6: true}, version: OnlyIPv4},
		"a family that fails beside one that does": {answer: dnsAnswer{ipv4: []string{"127.0.0.1"}, rcode6: dnsmessage.RCodeServerFailure}},

		"silence for IPv6":                         {answer: dnsAnswer{ipv4: []string{"127.0.0.1"}, silent6: true}},
		"silence for IPv4":                         {answer: dnsAnswer{ipv6: []string{"::ffff:127.0.0.1"}, silent4: true}},
		"silence for IPv6 behind an alias":         {answer: dnsAnswer{ipv4: []string{"127.0.0.1"}, alias: "end.test.", silent6: true}},
		"silence for IPv6, a long answer for IPv4": {answer: dnsAnswer{ipv4: []string{"127.0.0.1"}, truncate: true, silent6: true}},
		"silence for the family that is preferred": {answer: dnsAnswer{ipv4: []string{"127.0.0.1"}, silent6: true}, version: PreferIPv6},
		"FORMERR for an OPT record":                {answer: dnsAnswer{ipv4: []string{"127.0.0.1"}, strict: dnsmessage.RCodeFormatError}},
		"NOTIMP for an OPT record":                 {answer: dnsAnswer{ipv4: []string{"127.0.0.1"}, strict: dnsmessage.RCodeNotImplemented}},
		"FORMERR in a bare header":                 {answer: dnsAnswer{ipv4: []string{"127.0.0.1"}, strict: dnsmessage.RCodeFormatError, bare: true}},
		"FORMERR for an OPT record, over TCP too":  {answer: dnsAnswer{ipv4: []string{"127.0.0.1"}, strict: dnsmessage.RCodeFormatError, truncate: true}},
		"FORMERR for an OPT record and silence":    {answer: dnsAnswer{ipv4: []string{"127.0.0.1"}, strict: dnsmessage.RCodeFormatError, silent6: true}},

		"a name that does not exist":            {answer: failing(dnsmessage.RCodeNameError), code: errcode.NoSuchHost},
		"a name without addresses":              {code: errcode.NoSuchHost},
		"an alias that leads nowhere":           {answer: dnsAnswer{alias: "end.test."}, code: errcode.NoSuchHost},
		"SERVFAIL":                              {answer: failing(dnsmessage.RCodeServerFailure), code: errcode.DNSServfail},
		"REFUSED":                               {answer: failing(dnsmessage.RCodeRefused), code: errcode.DNSRefused},
		"FORMERR":                               {answer: failing(dnsmessage.RCodeFormatError), code: errcode.DNSRcode},
		"NOTIMP":                                {answer: failing(dnsmessage.RCodeNotImplemented), code: errcode.DNSRcode},
		"a code of the OPT record":              {answer: failing(badVersion), code: errcode.DNSRcode},
		"SERVFAIL for IPv6, no IPv4":            {answer: dnsAnswer{rcode6: dnsmessage.RCodeServerFailure}, code: errcode.DNSServfail},
		"SERVFAIL for IPv4, no IPv6":            {answer: dnsAnswer{rcode: dnsmessage.RCodeServerFailure}, code: errcode.DNSServfail},
		"silence":                               {answer: dnsAnswer{silent: true}, time: briefly, code: errcode.DNSTimeout},
		"silence for IPv6, no IPv4":             {answer: dnsAnswer{silent6: true}, time: briefly, code: errcode.DNSTimeout},
		"silence for IPv4, no IPv6":             {answer: dnsAnswer{silent4: true}, time: briefly, code: errcode.DNSTimeout},
		"silence for IPv6, no such name":        {answer: dnsAnswer{silent6: true, rcode: dnsmessage.RCodeNameError}, time: briefly, code: errcode.DNSTimeout},
		"silence for IPv6 where that is wanted": {answer: dnsAnswer{silent6: true, ipv4: []string{"127.0.0.1"}}, version: OnlyIPv6, time: briefly, code: errcode.DNSTimeout},
		"rubbish":                               {answer: dnsAnswer{raw: []byte("rubbish")}, time: amply, code: errcode.DNSMalformed},
		"an empty datagram but for IDs":         {answer: dnsAnswer{raw: []byte{}}, time: amply, code: errcode.DNSMalformed},
		"an answer to another question":         {answer: dnsAnswer{other: true, ipv4: []string{"127.0.0.1"}}, time: amply, code: errcode.DNSMalformed},
		"an address that is cut off":            {answer: dnsAnswer{cut: true, ipv4: []string{"127.0.0.1"}}, code: errcode.DNSMalformed},
		"cut over TCP as well":                  {answer: dnsAnswer{truncate: true, cutShort: true, ipv4: []string{"127.0.0.1"}, ipv6: []string{"::1"}}, code: errcode.DNSMalformed},
		"rubbish over TCP":                      {answer: dnsAnswer{truncate: true, raw: []byte("rubbish")}, code: errcode.DNSMalformed},
		"IPv6 only where IPv4 is wanted":        {answer: dnsAnswer{ipv6: []string{"::1"}}, version: OnlyIPv4, code: errcode.DNSFamily},
		"IPv4 only where IPv6 is wanted":        {answer: dnsAnswer{ipv4: []string{"127.0.0.1"}}, version: OnlyIPv6, code: errcode.DNSFamily},
		"neither where IPv6 is wanted":          {version: OnlyIPv6, code: errcode.NoSuchHost},
		"SERVFAIL where IPv6 is wanted":         {answer: dnsAnswer{rcode6: dnsmessage.RCodeServerFailure, ipv4: []string{"127.0.0.1"}}, version: OnlyIPv6, code: errcode.DNSServfail},
	}
	target := listen(t, answering(okAnswer))
	requests := map[string]func() *probe.Result{}
	codes := map[string]errcode.Code{}
	for name, test := range tests {
		server := serveDNS(t, map[string]dnsAnswer{"name.test.": test.answer})
		for way, look := range lookups(server.addr) {
			tr := newTransport(t, Config{
				URL:            named(t, target, "name.test"),
				IPVersion:      test.version,
				ConnectTimeout: test.time,
			})
			tr.dialer.lookup = look
			requests[name+", "+way] = func() *probe.Result { return do(tr, patience) }
			codes[name+", "+way] = test.code
		}
	}
	for name, r := range allAtOnce(requests) {
		assert.Equal(t, codes[name], errcode.FromError(r.Err), "%s: %v", name, r.Err)
		if codes[name] != errcode.OK {
			assert.Equal(t, errcode.PhaseResolve, r.FailedIn(), name)
		}
	}
}

func TestDNSServerOverTCPOnlyForLongAnswers(t *testing.T) {
	t.Parallel()
	server := serveDNS(t, map[string]dnsAnswer{
		"short.test.": {ipv4: []string{"192.0.2.1"}},
		"long.test.":  {ipv4: []string{"192.0.2.1", "192.0.2.2"}, truncate: true},
	})
	look := directLookup(server.addr, policy.Policy{})

	addrs, err := look(t.Context(), "ip4", "short.test")
	require.NoError(t, err)
	assert.Equal(t, []netip.Addr{netip.MustParseAddr("192.0.2.1")}, addrs)
	assert.Zero(t, server.streams.Load())

	addrs, err = look(t.Context(), "ip4", "long.test")
	require.NoError(t, err)
	assert.Len(t, addrs, 2)
	assert.EqualValues(t, 1, server.streams.Load())
}

func TestDNSServerIsAskedWithoutExtensionsOnce(t *testing.T) {
	t.Parallel()
	for _, rcode := range []dnsmessage.RCode{dnsmessage.RCodeFormatError, dnsmessage.RCodeNotImplemented} {
		server := serveDNS(t, map[string]dnsAnswer{"name.test.": failing(rcode)})
		_, err := directLookup(server.addr, policy.Policy{})(t.Context(), "ip4", "name.test")
		assert.Equal(t, errcode.DNSRcode, errcode.FromError(err), "%v", err)
		assert.EqualValues(t, 2, server.questions.Load())
	}
}

func TestDNSServerAnswerIsFinal(t *testing.T) {
	t.Parallel()
	server := serveDNS(t, map[string]dnsAnswer{"name.test.": failing(dnsmessage.RCodeServerFailure)})
	_, err := directLookup(server.addr, policy.Policy{})(t.Context(), "ip4", "name.test")
	require.ErrorIs(t, err, errDNSServfail)
	assert.EqualValues(t, 1, server.questions.Load())
}

func TestDNSServerThatLosesADatagramIsAskedAgain(t *testing.T) {
	t.Parallel()
	server := serveDNS(t, map[string]dnsAnswer{"name.test.": {silent: true}})
	ctx, cancel := context.WithTimeout(t.Context(), amply)
	defer cancel()
	_, err := directLookup(server.addr, policy.Policy{})(ctx, "ip4", "name.test")
	require.True(t, outOfTime(err), err)
	require.Eventually(t, func() bool { return server.questions.Load() == directTries }, patience, time.Millisecond)
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
			tr := newTransport(t, Config{URL: &url.URL{Scheme: "http", Host: "name.test"}})
			tr.dialer.lookup = look
			r := do(tr, patience)
			assert.Equal(t, errcode.DNSUnreachable, errcode.FromError(r.Err), "%v", r.Err)
			assert.Equal(t, errcode.PhaseResolve, r.FailedIn())
		})
	}
}

func TestDNSServerWithoutTCP(t *testing.T) {
	t.Parallel()
	packets, err := net.ListenPacket("udp", unused(t))
	for tries := 0; err != nil && tries < 100; tries++ { // somebody has that port for UDP
		packets, err = net.ListenPacket("udp", unused(t))
	}
	require.NoError(t, err)
	server := &dnsServer{answers: map[string]dnsAnswer{"name.test.": {truncate: true}}}
	served := make(chan struct{})
	go func() {
		defer close(served)
		server.servePackets(packets)
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
	server := serveDNS(t, nil)
	for way, look := range lookups(server.addr) {
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
	server := serveDNS(t, map[string]dnsAnswer{"name.test.": {silent: true}})
	for way, look := range lookups(server.addr) {
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
	server := serveDNS(t, map[string]dnsAnswer{"name.test.": failing(dnsmessage.RCodeRefused)})
	for way, look := range lookups(server.addr) {
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

func TestEachConnectionResolvesAnew(t *testing.T) {
	t.Parallel()
	server := serveDNS(t, map[string]dnsAnswer{"name.test.": {ipv4: []string{"127.0.0.1"}}})
	target := listen(t, answering(okAnswer))
	tr := newTransport(t, Config{
		URL:                   named(t, target, "name.test"),
		IPVersion:             OnlyIPv4,
		DNSServer:             server.addr,
		RequestsPerConnection: 1,
	})
	for range 3 {
		r := do(tr, patience)
		require.NoError(t, r.Err)
		_, resolved := r.Phase(errcode.PhaseResolve)
		assert.True(t, resolved)
	}
	assert.EqualValues(t, 3, server.questions.Load())
}

// TestAFamilyIsWaitedForALittleLonger has answers that come at known times, which a server
// cannot promise.
func TestAFamilyIsWaitedForALittleLonger(t *testing.T) {
	t.Parallel()
	ipv6, ipv4 := addresses("2001:db8::1"), addresses("192.0.2.1")
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
		"ip4": addresses("192.0.2.1", "192.0.2.2", "192.0.2.3"),
		"ip6": addresses("2001:db8::1", "2001:db8::2"),
	}
	known["ip"] = slices.Concat(known["ip6"], known["ip4"])
	tests := map[string]struct {
		version IPVersion
		want    []string
	}{
		"any":            {AnyIP, []string{"2001:db8::1", "192.0.2.1", "2001:db8::2", "192.0.2.2", "192.0.2.3"}},
		"IPv4 only":      {OnlyIPv4, []string{"192.0.2.1", "192.0.2.2", "192.0.2.3"}},
		"IPv6 only":      {OnlyIPv6, []string{"2001:db8::1", "2001:db8::2"}},
		"IPv4 is better": {PreferIPv4, []string{"192.0.2.1", "2001:db8::1", "192.0.2.2", "2001:db8::2", "192.0.2.3"}},
		"IPv6 is better": {PreferIPv6, []string{"2001:db8::1", "192.0.2.1", "2001:db8::2", "192.0.2.2", "192.0.2.3"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tr := newTransport(t, Config{
				URL:       &url.URL{Scheme: "http", Host: "name.test"},
				IPVersion: test.version,
			})
			tr.dialer.lookup = func(_ context.Context, network, _ string) ([]netip.Addr, error) { return known[network], nil }
			addrs, err := tr.dialer.resolve(t.Context(), "name.test")
			require.NoError(t, err)
			got := make([]string, len(addrs))
			for i, addr := range addrs {
				got[i] = addr.String()
			}
			assert.Equal(t, test.want, got)
		})
	}
}

// named returns the URL of p with a name in place of its address.
func named(t testing.TB, p *peer, host string) *url.URL {
	t.Helper()
	_, port, err := net.SplitHostPort(p.Addr().String())
	require.NoError(t, err)
	return &url.URL{Scheme: "http", Host: net.JoinHostPort(host, port), Path: "/"}
}
