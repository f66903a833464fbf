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
	"example.com/prober/internal/peers"
	"example.com/prober/option"
	"example.com/prober/policy"
)

func TestNamesAndTheirFailures(t *testing.T) {
	t.Parallel()
	home := []string{"127.0.0.1"}
	const badVersion = 16 // of EDNS; only the OPT record has room for it
	tests := map[string]struct {
		answer  peers.Entry
		version option.IPVersion
		time    time.Duration
		code    errcode.Code
	}{
		"an address":                               {answer: peers.Entry{IPv4: home}},
		"an address behind two aliases":            {answer: peers.Entry{IPv4: home, Alias: "end.test."}},
		"an answer too long for a datagram":        {answer: peers.Entry{IPv4: home, Truncate: true}},
		"IPv4 where that is wanted":                {answer: peers.Entry{IPv4: home, Silent6: true}, version: option.OnlyIPv4},
		"a family that fails beside one that does": {answer: peers.Entry{IPv4: home, Rcode6: dnsmessage.RCodeServerFailure}},

		"silence for IPv6":                         {answer: peers.Entry{IPv4: home, Silent6: true}},
		"silence for IPv4":                         {answer: peers.Entry{IPv6: []string{"::ffff:127.0.0.1"}, Silent4: true}},
		"silence for IPv6 behind an alias":         {answer: peers.Entry{IPv4: home, Alias: "end.test.", Silent6: true}},
		"silence for IPv6, a long answer for IPv4": {answer: peers.Entry{IPv4: home, Truncate: true, Silent6: true}},
		"silence for the family that is preferred": {answer: peers.Entry{IPv4: home, Silent6: true}, version: option.PreferIPv6},
		"FORMERR for an OPT record":                {answer: peers.Entry{IPv4: home, Strict: dnsmessage.RCodeFormatError}},
		"NOTIMP for an OPT record":                 {answer: peers.Entry{IPv4: home, Strict: dnsmessage.RCodeNotImplemented}},
		"FORMERR in a bare header":                 {answer: peers.Entry{IPv4: home, Strict: dnsmessage.RCodeFormatError, Bare: true}},
		"FORMERR for an OPT record, over TCP too":  {answer: peers.Entry{IPv4: home, Strict: dnsmessage.RCodeFormatError, Truncate: true}},
		"FORMERR for an OPT record and silence":    {answer: peers.Entry{IPv4: home, Strict: dnsmessage.RCodeFormatError, Silent6: true}},

		"a name that does not exist":            {answer: peers.Failing(dnsmessage.RCodeNameError), code: errcode.NoSuchHost},
		"a name without addresses":              {code: errcode.NoSuchHost},
		"an alias that leads nowhere":           {answer: peers.Entry{Alias: "end.test."}, code: errcode.NoSuchHost},
		"SERVFAIL":                              {answer: peers.Failing(dnsmessage.RCodeServerFailure), code: errcode.DNSServfail},
		"REFUSED":                               {answer: peers.Failing(dnsmessage.RCodeRefused), code: errcode.DNSRefused},
		"FORMERR":                               {answer: peers.Failing(dnsmessage.RCodeFormatError), code: errcode.DNSRcode},
		"NOTIMP":                                {answer: peers.Failing(dnsmessage.RCodeNotImplemented), code: errcode.DNSRcode},
		"a code of the OPT record":              {answer: peers.Failing(badVersion), code: errcode.DNSRcode},
		"REFUSED in a bare header":              {answer: peers.Entry{Rcode: dnsmessage.RCodeRefused, Rcode6: dnsmessage.RCodeRefused, Bare: true}, code: errcode.DNSRefused},
		"FORMERR in a bare header, always":      {answer: peers.Entry{Rcode: dnsmessage.RCodeFormatError, Rcode6: dnsmessage.RCodeFormatError, Bare: true}, code: errcode.DNSRcode},
		"a code of the OPT record alone":        {answer: peers.Entry{Rcode: badVersion, Rcode6: badVersion, Bare: true}, code: errcode.DNSRcode},
		"REFUSED in a bare header over TCP":     {answer: peers.Entry{Rcode: dnsmessage.RCodeRefused, Rcode6: dnsmessage.RCodeRefused, Bare: true, Truncate: true}, code: errcode.DNSRefused},
		"SERVFAIL for IPv6, no IPv4":            {answer: peers.Entry{Rcode6: dnsmessage.RCodeServerFailure}, code: errcode.DNSServfail},
		"SERVFAIL for IPv4, no IPv6":            {answer: peers.Entry{Rcode: dnsmessage.RCodeServerFailure}, code: errcode.DNSServfail},
		"silence":                               {answer: peers.Entry{Silent: true}, time: briefly, code: errcode.DNSTimeout},
		"silence for IPv6, no IPv4":             {answer: peers.Entry{Silent6: true}, time: briefly, code: errcode.DNSTimeout},
		"silence for IPv4, no IPv6":             {answer: peers.Entry{Silent4: true}, time: briefly, code: errcode.DNSTimeout},
		"silence for IPv6, no such name":        {answer: peers.Entry{Silent6: true, Rcode: dnsmessage.RCodeNameError}, time: briefly, code: errcode.DNSTimeout},
		"silence for IPv6 where that is wanted": {answer: peers.Entry{Silent6: true, IPv4: home}, version: option.OnlyIPv6, time: briefly, code: errcode.DNSTimeout},
		"rubbish":                               {answer: peers.Entry{Raw: []byte("rubbish")}, time: amply, code: errcode.DNSMalformed},
		"an empty datagram but for IDs":         {answer: peers.Entry{Raw: []byte{}}, time: amply, code: errcode.DNSMalformed},
		"an answer to another question":         {answer: peers.Entry{Other: true, IPv4: home}, time: amply, code: errcode.DNSMalformed},
		"an address that is cut off":            {answer: peers.Entry{Cut: true, IPv4: home}, code: errcode.DNSMalformed},
		"an IPv4 address of 1 byte":             {answer: peers.Entry{IPv4: home, Length: 1}, code: errcode.DNSMalformed},
		"an IPv4 address of 1 byte over TCP":    {answer: peers.Entry{IPv4: home, Length: 1, Truncate: true}, code: errcode.DNSMalformed},
		"an IPv4 address of 5 bytes":            {answer: peers.Entry{IPv4: home, Length: 5}, code: errcode.DNSMalformed},
		"an IPv6 address of 4 bytes":            {answer: peers.Entry{IPv6: []string{"::ffff:127.0.0.1"}, Length: 4}, code: errcode.DNSMalformed},
		"an IPv6 address of 17 bytes":           {answer: peers.Entry{IPv6: []string{"::ffff:127.0.0.1"}, Length: 17}, code: errcode.DNSMalformed},
		"an address of another class":           {answer: peers.Entry{IPv4: home, Class: dnsmessage.ClassCHAOS}, code: errcode.DNSMalformed},
		"a broken address beside a sound one":   {answer: peers.Entry{IPv4: []string{"127.0.0.2", "127.0.0.1"}, Length: 3}, code: errcode.DNSMalformed},
		"cut over TCP as well":                  {answer: peers.Entry{Truncate: true, CutShort: true, IPv4: home, IPv6: []string{"::1"}}, code: errcode.DNSMalformed},
		"rubbish over TCP":                      {answer: peers.Entry{Truncate: true, Raw: []byte("rubbish")}, code: errcode.DNSMalformed},
		"IPv6 only where IPv4 is wanted":        {answer: peers.Entry{IPv6: []string{"::1"}}, version: option.OnlyIPv4, code: errcode.DNSFamily},
		"IPv4 only where IPv6 is wanted":        {answer: peers.Entry{IPv4: home}, version: option.OnlyIPv6, code: errcode.DNSFamily},
		"neither where IPv6 is wanted":          {version: option.OnlyIPv6, code: errcode.NoSuchHost},
		"SERVFAIL where IPv6 is wanted":         {answer: peers.Entry{Rcode6: dnsmessage.RCodeServerFailure, IPv4: home}, version: option.OnlyIPv6, code: errcode.DNSServfail},
	}
	target := peers.Listen(t, peers.Answering(peers.OKAnswer))
	var performing sync.WaitGroup // all at once, since many of them wait
	defer performing.Wait()
	for name, test := range tests {
		server := peers.ServeZone(t, map[string]peers.Entry{"name.test.": test.answer})
		for way, look := range lookups(server.Address) {
			d := newTestDialer(t, Plan{URL: target.Named("http", "name.test"), Dial: option.Dial{IPVersion: test.version, ConnectTimeout: test.time}})
			d.lookup = look
			performing.Go(func() {
				r := dialOnce(d, patience)
				assert.Equal(t, test.code, errcode.FromError(r.Err), "%s, %s: %v", name, way, r.Err)
				if test.code != errcode.OK {
					assert.Equal(t, errcode.PhaseResolve, r.FailedIn(), "%s, %s", name, way)
				}
			})
		}
	}
}

func TestDNSServerOverTCPOnlyForLongAnswers(t *testing.T) {
	t.Parallel()
	server := peers.ServeZone(t, map[string]peers.Entry{
		"short.test.": {IPv4: []string{"192.0.2.1"}},
		"long.test.":  {IPv4: []string{"192.0.2.1", "192.0.2.2"}, Truncate: true},
	})
	look := directLookup(server.Address, policy.Policy{})

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
		server := peers.ServeZone(t, map[string]peers.Entry{"name.test.": peers.Failing(rcode)})
		_, err := directLookup(server.Address, policy.Policy{})(t.Context(), "ip4", "name.test")
		assert.Equal(t, errcode.DNSRcode, errcode.FromError(err), "%v", err)
		assert.EqualValues(t, 2, server.Questions.Load())
	}
}

func TestDNSServerAnswerIsFinal(t *testing.T) {
	t.Parallel()
	server := peers.ServeZone(t, map[string]peers.Entry{"name.test.": peers.Failing(dnsmessage.RCodeServerFailure)})
	_, err := directLookup(server.Address, policy.Policy{})(t.Context(), "ip4", "name.test")
	require.ErrorIs(t, err, errDNSServfail)
	assert.EqualValues(t, 1, server.Questions.Load())
}

func TestDNSServerThatLosesADatagramIsAskedAgain(t *testing.T) {
	t.Parallel()
	server := peers.ServeZone(t, map[string]peers.Entry{"name.test.": {Silent: true}})
	ctx, cancel := context.WithTimeout(t.Context(), amply)
	defer cancel()
	_, err := directLookup(server.Address, policy.Policy{})(ctx, "ip4", "name.test")
	require.True(t, outOfTime(err), err)
	require.Eventually(t, func() bool { return server.Questions.Load() == directTries }, patience, time.Millisecond)
}

func TestUnreachableDNSServer(t *testing.T) {
	t.Parallel()
	closed := netip.MustParseAddrPort(peers.ClosedPacketPort(t))
	for way, look := range lookups(closed) {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			d := newTestDialer(t, Plan{URL: &url.URL{Scheme: "http", Host: "name.test"}})
			d.lookup = look
			r := dialOnce(d, patience)
			assert.Equal(t, errcode.DNSUnreachable, errcode.FromError(r.Err), "%v", r.Err)
			assert.Equal(t, errcode.PhaseResolve, r.FailedIn())
		})
	}
}

func TestDNSServerWithoutTCP(t *testing.T) {
	t.Parallel()
	server := netip.MustParseAddrPort(peers.NameServer(t, peers.CutNames))
	for way, look := range lookups(server) {
		t.Run(way, func(t *testing.T) {
			_, err := look(t.Context(), "ip", "name.test")
			err = &errcode.PhaseError{Phase: errcode.PhaseResolve, Err: err}
			assert.Equal(t, errcode.DNSUnreachable, errcode.FromError(err), "%v", err)
		})
	}
}

func TestNamesThatDNSCannotHold(t *testing.T) {
	t.Parallel()
	server := peers.ServeZone(t, nil)
	for way, look := range lookups(server.Address) {
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
	server := peers.ServeZone(t, map[string]peers.Entry{"name.test.": {Silent: true}})
	for way, look := range lookups(server.Address) {
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
	server := peers.ServeZone(t, map[string]peers.Entry{"name.test.": peers.Failing(dnsmessage.RCodeRefused)})
	for way, look := range lookups(server.Address) {
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

// TestAFamilyIsWaitedForALittleLonger has answers at known times, which a server cannot
// promise.
func TestAFamilyIsWaitedForALittleLonger(t *testing.T) {
	t.Parallel()
	ipv6, ipv4 := addressList("2001:db8::1"), addressList("192.0.2.1")
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
		"ip4": addressList("192.0.2.1", "192.0.2.2", "192.0.2.3"),
		"ip6": addressList("2001:db8::1", "2001:db8::2"),
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
