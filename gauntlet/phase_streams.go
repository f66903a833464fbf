package main

import (
	"net"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/http2"

	"example.com/prober/internal/peers"
)

const (
	gateRefused gate = "streams that are refused fail alone, and are no flood"
	gateResent  gate = "a request that was not processed is sent once more, and counted"
)

// streams has servers of HTTP/2 that refuse streams, and servers that leave in the middle of the load.
func (g *gauntlet) streams(s *stage) {
	f := newFarm(s)
	targets := f.unwilling()
	a := g.begin("streams", f, targets)
	a.load()
	a.awaitAll()
	s.pause(g.length(4*time.Second, 30*time.Second))
	v := a.finish()
	for i := range targets {
		a.judgeStreams(&targets[i], v.of(targets[i].name))
	}
}

// The name of a target of the streams begins with the behaviour of its server. The ledger has a page for the ids of
// requests that the server calls not processed, and another page for ids that it calls so again.
const (
	refusing = "refusing"
	picky    = "picky"
	leaving  = "leaving"
	stubborn = "stubborn"

	excluded      = "-excluded"
	excludedAgain = "-excluded-again"
)

// A picky server answers one of pickyOf streams. A leaving server leaves after leavingAfter streams: so many that a
// resent request is not among the last.
const (
	pickyOf      = 20
	leavingAfter = 400
)

// unwilling opens each kind of server in clear text and over TLS.
func (f *farm) unwilling() []target {
	cert := f.issue()
	cfg := peers.Showing(cert, http2.NextProtoTLS)
	var all []target
	for _, row := range []struct {
		name, burst string
		serve       peers.Script
	}{
		{refusing, "{requests: 1000, concurrency: 30}", f.serveStreams(func(string, int) (string, reaction) { return "1638", refuse })},
		{picky, "{requests: 2000, concurrency: 30}", f.servePicky},
		{leaving, "{requests: 2000, concurrency: 20}", f.serveLeaving},
		{stubborn, "{requests: 20, concurrency: 1}", f.serveStubborn},
	} {
		for wire, serve := range map[string]peers.Script{wireClear: row.serve, wireH2: within(cfg, row.serve)} {
			b := f.open(serve)
			m := member{name: row.name + "-" + wire, wire: wire}
			all = append(all, target{
				name: m.name, url: b.url(m.scheme(), m.name), interval: "1s", burst: row.burst, keys: m.keys(),
				barn: b, exact: row.name != stubborn, scripted: true,
			})
		}
	}
	return all
}

func refuse(p *peers.H2, stream uint32) { _ = p.WriteRSTStream(stream, http2.ErrCodeRefusedStream) }

// servePicky answers one of pickyOf streams, after a while, and refuses the others.
func (f *farm) servePicky(c net.Conn) {
	for p := greet(c); p != nil; {
		stream, target, n := f.nextRequest(p)
		switch {
		case stream == 0:
			return
		case n%pickyOf > 0:
			f.ledger.expect(target, "1638")
			refuse(p, stream)
		default:
			f.ledger.expect(target, "0")
			f.running.Go(func() {
				<-time.After(50 * time.Millisecond)
				respondOK(peers.NewH2(c), stream) // a frame is one write
			})
		}
	}
}

// serveLeaving answers leavingAfter streams. Then it says, without an error, that it has not processed the next ones.
func (f *farm) serveLeaving(c net.Conn) {
	p, last := greet(c), uint32(0)
	for n := 0; p != nil; n++ {
		stream, target, id := nextHeading(p)
		switch {
		case stream == 0:
			return
		case n < leavingAfter:
			f.ledger.note(target, id)
			f.ledger.expect(target, "0")
			respondOK(p, stream)
			last = stream
			continue
		case n == leavingAfter:
			<-time.After(5 * time.Millisecond) // so that there are more
			_ = p.WriteGoAway(last, http2.ErrCodeNo, nil)
		}
		f.ledger.note(target+excluded, id)
	}
}

// serveStubborn says of each request that it has not processed it, and says so again when the client repeats the
// request. It answers the third try.
func (f *farm) serveStubborn(c net.Conn) {
	p := greet(c)
	if p == nil {
		return
	}
	stream, target, id := nextHeading(p)
	switch {
	case stream == 0:
		return
	case f.ledger.isNew(target+excluded, id):
	case f.ledger.isNew(target+excludedAgain, id):
		f.ledger.expect(target, "1611")
	default:
		f.ledger.note(target, id)
		respondOK(p, stream)
	}
	_ = p.WriteGoAway(0, http2.ErrCodeNo, nil)
	p.Ignore()
}

// judgeStreams compares the outcome of the requests of one target with the actions of its server.
func (a *act) judgeStreams(t *target, c *counts) {
	kind, _, _ := strings.Cut(t.name, "-")
	first, again := float64(a.farm.ledger.read(t.name+excluded).seen), float64(a.farm.ledger.read(t.name+excludedAgain).seen)
	codes := map[string][]string{refusing: {"1638"}, picky: {"0", "1638"}, leaving: {"0"}, stubborn: {"1611"}}[kind]
	is := slices.Equal(codesOf(c), codes)
	switch kind {
	case leaving:
		// A stream that was opened as the server left, and not yet written, is excluded, although the server has not
		// seen it.
		most := first + 20*c.opened
		lost := a.farm.ledger.missing(t.name+excluded, t.name)
		a.board.hold(gateResent, is && first > 0 && c.resent >= first && c.resent <= most && lost == 0,
			"%s: codes %v, %v requests were excluded, %v resent (at most %v), %v of them not processed later", t.name, c.codes(), first, c.resent, most, lost)
		a.board.fact("%s: %v requests, %v excluded, %v resent, %v connections", t.name, c.total(), first, c.resent, c.opened)
	case stubborn:
		a.board.hold(gateResent, is && first == c.total() && again == c.total() && c.resent == c.total(),
			"%s: codes %v, %v requests were excluded, %v again, %v resent", t.name, c.codes(), first, again, c.resent)
	default:
		a.board.hold(gateRefused, is && c.total() >= 1000 && c.resent == 0, "%s: codes %v, %v resent", t.name, c.codes(), c.resent)
	}
}
