package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"time"
)

const (
	gateMass   gate = "as many requests as the run is to have, one in twenty with a fault"
	gateKilled gate = "the death of a server is counted as what it is"
)

// mass is the third act: many requests with random faults, while servers die and are
// born again.
func (g *gauntlet) mass(ctx context.Context) error {
	f, err := newFarm()
	if err != nil {
		return err
	}
	defer f.close()
	targets, mortal, err := f.crowd(g.seed)
	if err != nil {
		return err
	}
	a, err := g.begin(ctx, "mass", f, targets)
	if err != nil {
		return err
	}
	defer a.abandon()
	if err := a.load(); err != nil {
		return err
	}
	enough := g.enough()
	if err := a.slaughter(mortal, enough); err != nil {
		return err
	}
	v, err := a.finish()
	if err != nil {
		return err
	}
	total, failed := v.all((*counts).total), v.all((*counts).failed)
	g.board.hold(gateMass, total >= enough && failed > total/40 && failed < total/5, "%v requests, of which %v failed", total, failed)
	for _, t := range targets {
		if t.exact {
			continue
		}
		c := v.of(t.name)
		strange := slices.DeleteFunc(codesOf(c), func(code string) bool { return strings.Contains(mortalCodes, code) })
		g.board.hold(gateKilled, len(strange) == 0 && c.total() > 0, "%s has codes %v, of which %v are strange", t.name, c.codes(), strange)
	}
	return nil
}

// enough is how many requests the mass has at least.
func (g *gauntlet) enough() float64 {
	switch {
	case g.thorough:
		return 450_000
	case g.short:
		return 110_000
	default:
		return 1_000_000
	}
}

// mortalCodes are those that requests to a server can come to that is killed now and
// then, beside those of its script.
const mortalCodes = "0 1050 1201 1212 1218 1220 1221 1222 1223 1404 1429 1500 1503 1702 1801 1807"

// crowd opens the targets of the mass and returns the listeners that are to die.
func (f *farm) crowd(seed uint64) (targets []target, mortal []*barn, err error) {
	cert, err := f.ca.issue()
	if err != nil {
		return nil, nil, err
	}
	const trusting = "connection: {tls: {ca_file: ca.pem}%s}"
	add := func(name, scheme string, b *barn, address, burst, keys string) {
		t := target{
			name: name, url: fmt.Sprintf("%s://%s/%s/", scheme, address, name), interval: "500ms", burst: burst,
			exact: true, scripted: true, barn: b,
		}
		if keys != "" {
			t.keys = []string{keys}
		}
		targets = append(targets, t)
	}
	for i := range 8 {
		serve := f.serveHTTP1(f.random(seed, true))
		scheme, keys, burst := "http", "", "{duration: 400ms, concurrency: 4}"
		switch i {
		case 5:
			serve, scheme, keys = within(serverTLS(cert), f.serveHTTP1(f.random(seed, false))), "https", fmt.Sprintf(trusting, "")
		case 6:
			burst, keys = "{requests: 100, concurrency: 2}", "connection: {reuse: never}"
		case 7:
			burst = "{rate: 1000, duration: 450ms, concurrency: 50}"
		}
		b, err := f.open(serve)
		if err != nil {
			return nil, nil, err
		}
		add(fmt.Sprintf("mass-%d", i), scheme, b, b.address, burst, keys)
		if i >= 3 && i != 6 {
			continue
		}
		// Each of these has a twin that dies now and then: what is lost then cannot be known to the unit.
		twin, err := f.open(f.serveHTTP1(f.random(seed, true)))
		if err != nil {
			return nil, nil, err
		}
		mortal = append(mortal, twin)
		add(fmt.Sprintf("mortal-%d", i), "http", nil, twin.address, "{requests: 300, concurrency: 4}", keys)
		last := &targets[len(targets)-1]
		last.exact, last.scripted = false, false
	}
	for name, keys := range map[string]string{"mass-h2c": overH2C, "mass-h2": fmt.Sprintf(trusting, ", http_version: 2")} {
		scheme, with := "http", (*tls.Certificate)(nil)
		if name == "mass-h2" {
			scheme, with = "https", &cert
		}
		address, err := f.openWeb(with, f.randomly(seed))
		if err != nil {
			return nil, nil, err
		}
		add(name, scheme, nil, address, "{duration: 400ms, concurrency: 16}", keys)
	}
	return targets, mortal, nil
}

// random is a script in which one answer in twenty is a fault, which one a seed says.
// A peer that is not abrupt breaks no connection.
func (f *farm) random(seed uint64, abrupt bool) script {
	const ok = "HTTP/1.1 200 OK\r\n"
	broken := func(status int) move {
		return move{text: fmt.Sprintf("HTTP/1.1 %d Fault\r\nContent-Length: 0\r\n\r\n", status), code: fmt.Sprint(1000 + status)}
	}
	moves := []move{broken(503), broken(429), broken(404), broken(500)}
	if abrupt {
		moves = append(moves,
			move{then: fin, code: "1221", reused: "1223"},
			move{text: ok + "Content-Length: 9\r\n\r\nshort", then: fin, code: "1702"},
			move{text: ok + "Content-Length: 9\r\n\r\nshort", then: rst, code: "1220"},
			move{text: ok + "Ser", then: fin, code: "1222"},
			move{text: "garbage\r\n\r\n", then: fin, code: "1801"},
			move{text: ok + "Transfer-Encoding: chunked\r\n\r\nzz\r\n", then: fin, code: "1807"},
			move{text: okText, code: "0", after: 20 * time.Millisecond},
		)
	}
	return func(target string, n int) move {
		if i, is := lot(seed, target, n, len(moves)); is {
			return moves[i]
		}
		return okMove()
	}
}

// lot draws for the n-th request of a target: whether it is one of the twentieth that
// get a fault, and which.
func lot(seed uint64, target string, n, of int) (int, bool) {
	for _, b := range []byte(target) {
		seed = seed*1099511628211 ^ uint64(b)
	}
	r := rand.New(rand.NewPCG(seed, uint64(n)))
	return r.IntN(of), r.IntN(20) == 0
}

// randomly is a script for HTTP/2: statuses, and streams that are reset.
func (f *farm) randomly(seed uint64) http.HandlerFunc {
	statuses := []int{503, 429, 404, 500, 0}
	return func(w http.ResponseWriter, r *http.Request) {
		name := nameOf(r.URL.Path)
		n := f.ledger.note(name, r.Header.Get("X-Request-Id"))
		i, is := lot(seed, name, n, len(statuses))
		switch {
		case !is:
			f.ledger.expect(name, "0")
			_, _ = w.Write([]byte("ok"))
		case statuses[i] == 0:
			f.ledger.expect(name, "1633") // INTERNAL_ERROR
			panic(http.ErrAbortHandler)
		default:
			f.ledger.expect(name, fmt.Sprint(1000+statuses[i]))
			w.WriteHeader(statuses[i])
		}
	}
}

// slaughter kills servers by the seed's schedule until there were enough requests.
func (a *act) slaughter(mortal []*barn, enough float64) error {
	r := rand.New(rand.NewPCG(a.seed, 0))
	deadline := time.Now().Add(a.length(60*time.Second, 10*time.Minute))
	kills := 0
	for a.s.total() < enough && time.Now().Before(deadline) {
		b := mortal[r.IntN(len(mortal))]
		if err := pause(a.ctx, time.Duration(50+r.IntN(150))*time.Millisecond); err != nil {
			return err
		}
		b.raze()
		if err := pause(a.ctx, time.Duration(20+r.IntN(180))*time.Millisecond); err != nil {
			return err
		}
		if err := b.raise(); err != nil {
			return err
		}
		kills++
	}
	a.board.fact("mass: %d times a server was killed", kills)
	return nil
}

// total returns how many requests the last scrape has counted.
func (s *scraper) total() float64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.last == nil {
		return 0
	}
	return s.last.all((*counts).total)
}
