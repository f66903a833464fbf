package main

import (
	"crypto/tls"
	"strings"

	"golang.org/x/net/http2"

	"example.com/prober/internal/peers"
)

// crowd opens the targets of the mass that are to be played. It also returns the listeners that are to die, nil for one
// that is not played.
func (f *farm) crowd(g *gauntlet) (targets []target, mortal []*barn) {
	cert := f.issue()
	for _, m := range members() {
		t := target{}
		if g.replay.plays(m.name) {
			t = f.join(&m, g.seed, cert)
			targets = append(targets, t)
		}
		if m.dies {
			mortal = append(mortal, t.barn)
		}
	}
	return append(targets, f.named(g, cert)...), mortal
}

// join opens a member of the crowd.
func (f *farm) join(m *member, seed uint64, cert tls.Certificate) target {
	isOurs := m.dies || m.ours
	var b, over *barn
	switch {
	case m.wire == wireH3 && m.dies:
		b = f.openPackets(f.serveQUIC(cert, randomly(seed, codeResetH3), quicSilence))
	case m.wire == wireH3:
		b = f.openPackets(f.serveQUIC(cert, randomly(seed, codeResetH3), 0))
	case m.wire == wireH2 && !isOurs:
		b = f.openWeb(&cert, f.serveWeb(randomly(seed, codeReset)))
	case m.wire == wireClear && !isOurs:
		b = f.openWeb(nil, f.serveWeb(randomly(seed, codeReset)))
	case m.wire == wireUDP:
		s := f.serveDatagrams(randomDatagrams(seed, !m.dies), strings.Contains(m.connection, "never"))
		b, over = f.openBoth(s, f.serveQuestions(randomFollowing(seed), landed))
	default:
		b = f.open(f.server(m, seed, cert))
	}
	t := m.target(b)
	t.interval, t.burst, t.over = "500ms", m.burst, over
	if m.dies {
		t.leeway = m.leeway(b)
		if m.wire == wireUDP { // no peer reports a lost question, so the timeout must
			t.timeout, t.frozen = timeoutSoon, true
		}
	}
	return t
}

// server returns the gauntlet's own server for a member.
func (f *farm) server(m *member, seed uint64, cert tls.Certificate) peers.Script {
	s := f.random(seed)
	switch {
	case m.slow:
		s = slowly(s)
	case strings.Contains(m.request, "redirects"):
		s = landing(m.name, s)
	}
	switch m.wire {
	case wireTLS:
		return within(peers.Showing(cert, "http/1.1"), f.serveHTTP1(s))
	case wireH2:
		return within(peers.Showing(cert, http2.NextProtoTLS), f.serveStreams(f.randomStreams(seed)))
	case wireClear:
		return f.serveStreams(f.randomStreams(seed))
	case wireGRPC:
		return f.serveStreams(randomCalls(seed))
	case wireGRPCS:
		return within(peers.Showing(cert, http2.NextProtoTLS), f.serveStreams(randomCalls(seed)))
	case wireTCP:
		return f.serveQuestions(randomStream(seed), "")
	case wireDoT:
		return within(peers.Showing(cert), f.serveQuestions(randomStream(seed), ""))
	}
	return f.serveHTTP1(s)
}

// leeway returns the leeway of a member that dies and is served by b.
func (m *member) leeway(b *barn) *leeway {
	switch m.wire {
	case wireH2, wireClear, wireGRPC, wireGRPCS:
		return leewayHTTP2(mortalStreams)
	case wireH3:
		return leewayQUIC(b, mortalPackets)
	case wireUDP:
		return leewayDatagrams(mortalQuestions)
	}
	return leewayHTTP1()
}
