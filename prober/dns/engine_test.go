package dns

import (
	"context"
	"net/netip"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/option"
	"example.com/prober/policy"
	"example.com/prober/prober/probe"
	"example.com/prober/prober/wire"
)

func TestAnAnswerIsASuccessAndItsConnectionIsUsedAgain(t *testing.T) {
	t.Parallel()
	for transport, phases := range map[option.DNSTransport][]errcode.Phase{
		overUDP: {errcode.PhaseQueue, errcode.PhaseConnect},
		overTCP: {errcode.PhaseQueue, errcode.PhaseConnect},
		overTLS: {errcode.PhaseQueue, errcode.PhaseConnect, errcode.PhaseTLS},
	} {
		t.Run(string(transport), func(t *testing.T) {
			t.Parallel()
			s := serve(t, always(good))
			e := newEngine(t, s.config(transport))
			var r probe.Result
			for i := range 5 {
				again(t.Context(), e, &r, patience)
				assertSucceeds(t, e, &r)
				assert.Equal(t, probe.DNS{Answered: true, Answers: 1, TTL: 60}, *r.DNS)
				assert.Equal(t, i == 0, r.Opened)
				assert.Equal(t, i > 0, r.Reused)
				assert.NotZero(t, r.Sent)
				assert.NotZero(t, r.Received)
				assert.Nil(t, r.HTTP)
				assert.Equal(t, transport == overTLS && i == 0, r.TLS != nil)
				want := phases
				if i > 0 {
					want = phases[:1]
				}
				assert.Equal(t, append(append([]errcode.Phase(nil), want...), errcode.PhaseSend, errcode.PhaseProcessing, errcode.PhaseTransfer), phasesOf(&r))
				assert.Equal(t, 1, e.Open())
			}
			e.CloseIdle()
			assert.Zero(t, e.Open())
			if transport == overUDP {
				assert.EqualValues(t, 5, s.Datagrams.Load())
				return
			}
			assert.EqualValues(t, 5, s.Streams.Load())
			assert.EqualValues(t, 1, s.Connections.Load())
		})
	}
}

// phasesOf returns the phases of a request.
func phasesOf(r *probe.Result) (all []errcode.Phase) {
	for p := errcode.PhaseNone; p < errcode.NumPhases; p++ {
		if _, seen := r.Phase(p); seen {
			all = append(all, p)
		}
	}
	return all
}

func TestAConnectionCarriesNoMoreRequestsThanItMay(t *testing.T) {
	t.Parallel()
	for _, transport := range []option.DNSTransport{overUDP, overTCP, overTLS} {
		cfg := serve(t, always(good)).config(transport)
		cfg.Requests = 2
		e := newEngine(t, cfg)
		for i := range 4 {
			r := do(t.Context(), e, patience)
			assertSucceeds(t, e, r)
			assert.Equal(t, i%2 == 0, r.Opened, transport)
			assert.Equal(t, (i+1)%2, e.Open(), transport)
		}
	}
}

func TestTheQuestionIsAskedAsConfigured(t *testing.T) {
	t.Parallel()
	asked := make(chan dnsmessage.Message, 1)
	s := serve(t, func(q peers.Asked) peers.Said {
		var m dnsmessage.Message
		if m.Unpack(q.Query) == nil {
			asked <- m
		}
		return peers.SayingDNS(good(q.Query))
	})
	for name, test := range map[string]struct {
		ask               option.DNS
		name              string
		kind              dnsmessage.Type
		recursion, dnssec bool
	}{
		"an address":    {option.DNS{Name: "name.test", Type: "A"}, "name.test.", dnsmessage.TypeA, true, false},
		"a dot at end":  {option.DNS{Name: "name.test.", Type: "MX"}, "name.test.", dnsmessage.TypeMX, true, false},
		"the root":      {option.DNS{Name: ".", Type: "NS"}, ".", dnsmessage.TypeNS, true, false},
		"no recursion":  {option.DNS{Name: "a.b.c", Type: "HTTPS", NoRecursion: true}, "a.b.c.", dnsmessage.TypeHTTPS, false, false},
		"signatures":    {option.DNS{Name: "a", Type: "CAA", DNSSEC: true}, "a.", typeCAA, true, true},
		"a longer name": {option.DNS{Name: "_sip._tcp.Example.COM", Type: "SRV"}, "_sip._tcp.Example.COM.", dnsmessage.TypeSRV, true, false},
	} {
		cfg := s.config(overUDP)
		test.ask.Transport = overUDP
		cfg.Ask, cfg.Answer.Least = test.ask, 0
		e := newEngine(t, cfg)
		r := do(t.Context(), e, patience)
		assertSucceeds(t, e, r)
		m := <-asked
		require.Len(t, m.Questions, 1, name)
		assert.Equal(t, dnsmessage.Question{Name: dnsmessage.MustNewName(test.name), Type: test.kind, Class: dnsmessage.ClassINET}, m.Questions[0], name)
		assert.Equal(t, test.recursion, m.RecursionDesired, name)
		assert.Equal(t, test.dnssec, m.AuthenticData, name)
		require.Len(t, m.Additionals, 1, name)
		assert.EqualValues(t, datagramSize, m.Additionals[0].Header.Class, name)
		assert.Equal(t, test.dnssec, m.Additionals[0].Header.DNSSECAllowed(), name)
	}
	for _, bad := range []option.DNS{{Name: "name.test", Type: "ANY"}, {Name: "a..b", Type: "A"}, {Name: string(make([]byte, 64)), Type: "A"}} {
		cfg := s.config(overUDP)
		cfg.Ask = bad
		_, err := New(cfg)
		assert.Error(t, err)
	}
}

func TestEachQuestionHasAnIDOfItsOwn(t *testing.T) {
	t.Parallel()
	ids := make(chan [2]byte, 100)
	s := serve(t, func(q peers.Asked) peers.Said {
		ids <- [2]byte(q.Query)
		return peers.SayingDNS(good(q.Query))
	})
	for _, transport := range []option.DNSTransport{overUDP, overTCP} {
		e := newEngine(t, s.config(transport))
		seen := map[[2]byte]bool{}
		for range 50 {
			assertSucceeds(t, e, do(t.Context(), e, patience))
			id := <-ids
			assert.False(t, seen[id])
			seen[id] = true
		}
	}
}

// A late or repeated answer belongs to an earlier question.
func TestAnAnswerToAnEarlierQuestionIsNotTakenForThatToThisOne(t *testing.T) {
	t.Parallel()
	var earlier []byte
	s := serve(t, func(q peers.Asked) peers.Said {
		late := earlier
		earlier = code(q.Query, dnsmessage.RCodeServerFailure)
		if late == nil {
			return peers.SayingDNS(good(q.Query), good(q.Query))
		}
		return peers.SayingDNS(late, good(q.Query), earlier)
	})
	e := newEngine(t, s.config(overUDP))
	for range 20 {
		assertSucceeds(t, e, do(t.Context(), e, patience))
	}
	assert.Equal(t, 1, e.Open())
}

func TestASocketOnWhichAnAnswerIsMissingIsNotUsedAgain(t *testing.T) {
	t.Parallel()
	var asked int
	s := serve(t, func(q peers.Asked) peers.Said {
		if asked++; asked == 2 {
			return peers.Said{}
		}
		return peers.SayingDNS(good(q.Query))
	})
	e := newEngine(t, s.config(overUDP))
	assertSucceeds(t, e, do(t.Context(), e, patience))
	assertFails(t, e, do(t.Context(), e, briefly), errcode.DNSTimeout, errcode.PhaseProcessing)
	assert.Zero(t, e.Open())
	r := do(t.Context(), e, patience)
	assertSucceeds(t, e, r)
	assert.True(t, r.Opened)
}

func TestTheServerIsLookedUpByItsName(t *testing.T) {
	t.Parallel()
	s := serve(t, always(good))
	for _, transport := range []option.DNSTransport{overUDP, overTCP} {
		cfg := s.config(transport)
		cfg.Plan.URL = &url.URL{Scheme: "dns", Host: "resolver.test:" + port(t, s.Address)}
		cfg.Plan.DNSServer = netip.MustParseAddrPort(peers.NameServer(t, peers.Addresses("127.0.0.1")))
		e := newEngine(t, cfg)
		r := do(t.Context(), e, patience)
		assertSucceeds(t, e, r)
		_, was := r.Phase(errcode.PhaseResolve)
		assert.True(t, was)
		assert.Equal(t, s.Address, r.Remote.String())

		cfg.Plan.DNSServer = netip.MustParseAddrPort(peers.NameServer(t, peers.NoNames(dnsmessage.RCodeNameError)))
		e = newEngine(t, cfg)
		assertFails(t, e, do(t.Context(), e, patience), errcode.NoSuchHost, errcode.PhaseResolve)
	}
}

func TestThePortIsThatOfTheTransport(t *testing.T) {
	t.Parallel()
	s := serve(t, always(good))
	for transport, want := range map[option.DNSTransport]uint16{overUDP: 53, overTCP: 53, overTLS: 853} {
		cfg := s.config(transport)
		cfg.Plan.URL = &url.URL{Scheme: "dns", Host: "127.0.0.1"}
		cfg.Plan.Rules = policy.Rules{Deny: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}
		e := newEngine(t, cfg)
		r := do(t.Context(), e, patience)
		assert.Equal(t, want, r.Remote.Port(), transport)
		assertFails(t, e, r, errcode.BlockedIP, errcode.PhaseConnect)
	}
}

func TestAServerThatMayNotBeDialledIsNotAsked(t *testing.T) {
	t.Parallel()
	s := serve(t, always(good))
	for _, transport := range []option.DNSTransport{overUDP, overTCP, overTLS} {
		cfg := s.config(transport)
		cfg.Plan.Rules = policy.Rules{Allow: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}}
		e := newEngine(t, cfg)
		assertFails(t, e, do(t.Context(), e, patience), errcode.BlockedIP, errcode.PhaseConnect)
		cfg.Plan.URL = &url.URL{Scheme: "dns", Host: "resolver.test"}
		cfg.Plan.Rules = policy.Rules{DenyHosts: []string{"*.test"}}
		e = newEngine(t, cfg)
		assertFails(t, e, do(t.Context(), e, patience), errcode.BlockedHost, errcode.PhaseResolve)
	}
	assert.Zero(t, s.Datagrams.Load()+s.Connections.Load())
}

func TestAnAddressThatMayNotBeDialledLeavesTheOthers(t *testing.T) {
	t.Parallel()
	s := serve(t, always(good))
	for _, transport := range []option.DNSTransport{overUDP, overTCP} {
		cfg := s.config(transport)
		cfg.Plan.URL = &url.URL{Scheme: "dns", Host: "resolver.test:" + port(t, s.Address)}
		cfg.Plan.Resolve = []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("127.0.0.1")}
		cfg.Plan.Rules = policy.Rules{Deny: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}}
		e := newEngine(t, cfg)
		r := do(t.Context(), e, patience)
		assertSucceeds(t, e, r)
		assert.Equal(t, s.Address, r.Remote.String())
	}
}

func TestTheSourceAddressHoldsForDatagramsToo(t *testing.T) {
	t.Parallel()
	s := serve(t, always(good))
	for _, transport := range []option.DNSTransport{overUDP, overTCP} {
		cfg := s.config(transport)
		cfg.Plan.SourceAddress = netip.MustParseAddr("127.0.0.1")
		e := newEngine(t, cfg)
		assertSucceeds(t, e, do(t.Context(), e, patience))
		cfg.Plan.SourceAddress = netip.MustParseAddr("192.0.2.1") // this host does not have it
		e = newEngine(t, cfg)
		assertFails(t, e, do(t.Context(), e, patience), errcode.LocalPorts, errcode.PhaseConnect)
	}
}

func TestARequestThatNobodyWantsAnyMoreIsCancelled(t *testing.T) {
	t.Parallel()
	for _, transport := range []option.DNSTransport{overUDP, overTCP, overTLS} {
		t.Run(string(transport), func(t *testing.T) {
			t.Parallel()
			asked := make(chan struct{}, 1)
			s := serve(t, func(peers.Asked) peers.Said {
				asked <- struct{}{}
				return peers.Said{}
			})
			e := newEngine(t, s.config(transport))
			go func() {
				<-asked
				e.Abort()
			}()
			assertFails(t, e, do(t.Context(), e, patience), errcode.Cancelled, errcode.PhaseProcessing)
			assert.Equal(t, errcode.Cancelled, e.Code(do(t.Context(), e, patience)), "none is made any more")
			assert.Zero(t, e.Open())
			ended, cancel := context.WithCancel(t.Context())
			cancel()
			e = newEngine(t, s.config(transport))
			assert.Equal(t, errcode.Cancelled, e.Code(do(ended, e, patience)))
		})
	}
}

func TestSocketsAndConnectionsKeepToTheirCeiling(t *testing.T) {
	t.Parallel()
	s := serve(t, always(good))
	for _, transport := range []option.DNSTransport{overUDP, overTCP} {
		ceiling := probe.NewCeiling(1)
		cfg := s.config(transport)
		cfg.Plan.Connections = ceiling
		e := newEngine(t, cfg)
		var one, two probe.Result
		require.True(t, e.Reserve(&one))
		assert.False(t, e.Reserve(&two))
		again(t.Context(), e, &one, patience)
		assertSucceeds(t, e, &one)
		require.True(t, e.Reserve(&two), "the one that is warm")
		assert.False(t, e.Reserve(&one))
		e.Unreserve(&two)
		assert.Equal(t, 1, ceiling.Used())
		neighbour := newEngine(t, cfg)
		require.True(t, neighbour.Reserve(&two), "the idle one goes")
		neighbour.Unreserve(&two)
		assert.Zero(t, ceiling.Used())
		assert.Zero(t, e.Open())

		again(t.Context(), e, &one, patience)
		assertSucceeds(t, e, &one)
		e.CloseIdle()
		assert.Zero(t, ceiling.Used())
	}
}

// With room for one, the socket of the datagram must be closed before the connection is
// opened.
func TestAnAnswerThatIsCutNeedsNoSecondPlaceUnderTheCeiling(t *testing.T) {
	t.Parallel()
	s := serve(t, func(q peers.Asked) peers.Said {
		if q.Stream {
			return peers.SayingDNS(good(q.Query))
		}
		return peers.SayingDNS(cut(q.Query))
	})
	cfg := s.config(overUDP)
	ceiling := probe.NewCeiling(1)
	cfg.Plan.Connections = ceiling
	e := newEngine(t, cfg)
	for range 3 {
		assertSucceeds(t, e, do(t.Context(), e, patience))
		assert.Equal(t, 1, ceiling.Used())
	}
	e.CloseIdle()
	assert.Zero(t, ceiling.Used())
}

func TestAnAnswerThatComesTooLateIsTooSlow(t *testing.T) {
	t.Parallel()
	s := serve(t, always(good))
	for most, want := range map[time.Duration]errcode.Code{1: errcode.TooSlow, patience: errcode.OK, 0: errcode.OK} {
		cfg := s.config(overUDP)
		cfg.MaxLatency = most
		e := newEngine(t, cfg)
		assert.Equal(t, want, e.Code(do(t.Context(), e, patience)))
	}
}

// Datagrams have a time of arrival, like segments of TCP.
func TestTheKernelTellsWhenAnswersOfDNSArrive(t *testing.T) {
	t.Parallel()
	clock := wire.NewKernelClock()
	t.Cleanup(clock.Close)
	if !clock.IsAvailable() {
		t.Skip("the kernel does not say when bytes arrive")
	}
	for _, transport := range []option.DNSTransport{overUDP, overTCP, overTLS} {
		t.Run(string(transport), func(t *testing.T) {
			t.Parallel()
			const requests = 50
			e := newEngine(t, serve(t, always(good)).config(transport))
			timed := 0
			for range requests {
				r := do(t.Context(), e, patience)
				assertSucceeds(t, e, r)
				if r.Clock == probe.ByKernel {
					timed++
				}
			}
			// A first segment may have no time, and the system may suspend a thread between two
			// clocks.
			assert.Greater(t, timed, requests*8/10)
		})
	}
}
