package main

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

const gateDue gate = "latency counts from when a request was due"

// calm is the first act: servers that behave, of all kinds.
func (g *gauntlet) calm(ctx context.Context) error {
	f, err := newFarm()
	if err != nil {
		return err
	}
	defer f.close()
	targets, err := f.special()
	if err != nil {
		return err
	}
	a, err := g.begin(ctx, "calm", f, targets)
	if err != nil {
		return err
	}
	defer a.abandon()
	if err := a.load(); err != nil {
		return err
	}
	if err := pause(ctx, g.length(5*time.Second, time.Minute)); err != nil {
		return err
	}
	a.judgePages()
	v, err := a.finish()
	if err != nil {
		return err
	}
	for _, t := range targets {
		c := v.of(t.name)
		g.board.hold(gateAnswers, c.failed() == 0 && c.total() > 0, "calm: %s has codes %v", t.name, c.codes())
	}
	c := v.of("stalling")
	stalls := float64(int(c.total()) / stallEvery)
	g.board.hold(gateDue, stalls > 0 && c.beyond(100*time.Millisecond) >= 30*stalls,
		"%v requests in %v stalls took longer than 100 ms", c.beyond(100*time.Millisecond), stalls)
	return nil
}

// stallEvery requests share a stall of half a second, during which 50 more are due.
const stallEvery = 100

// special opens the healthy targets and two more: one that stalls, and one with
// secrets in all places.
func (f *farm) special() ([]target, error) {
	all, err := f.healthy()
	if err != nil {
		return nil, err
	}
	stalling, err := f.open(f.serveHTTP1(func(_ string, n int) move {
		m := okMove()
		if n%stallEvery == 0 {
			m.after = 500 * time.Millisecond
		}
		return m
	}))
	if err != nil {
		return nil, err
	}
	secretive, err := f.open(f.serveHTTP1(func(string, int) move { return okMove() }))
	if err != nil {
		return nil, err
	}
	return append(all, target{
		name: "stalling", url: "http://" + stalling.address + "/stalling/", barn: stalling, exact: true, scripted: true,
		interval: "1500ms", burst: fmt.Sprintf("{rate: 100, requests: %d, concurrency: 1}", stallEvery),
	}, target{
		name: "secretive", interval: "1s", burst: "{requests: 2}",
		url: "http://" + secretive.address + "/secretive/?token=" + canarySecret, exact: true, barn: secretive,
		keys: []string{fmt.Sprintf("request: {basic_auth: {username: u, password_file: secret}, headers: {X-Key: %q}}", canarySecret)},
	}), nil
}

// healthy opens a target for each kind of server and connection. They have no
// faults.
func (f *farm) healthy() ([]target, error) {
	cert, err := f.ca.issue()
	if err != nil {
		return nil, err
	}
	const trusting = "connection: {tls: {ca_file: ca.pem}%s}"
	fine := f.serveHTTP1(func(string, int) move { return okMove() })
	table := []struct {
		name, scheme, burst, keys string
		open                      func() (*barn, string, error)
	}{
		{"fine-h1", "http", "{requests: 200, concurrency: 4}", "", f.barnOf(fine)},
		{"fine-open", "http", "{rate: 300, requests: 250}", "", f.barnOf(fine)},
		{"fine-never", "http", "{requests: 40, concurrency: 2}", "connection: {reuse: never}", f.barnOf(fine)},
		{"fine-burst", "http", "{requests: 40, concurrency: 2}", "connection: {reuse: burst}", f.barnOf(fine)},
		{"fine-tls", "https", "{requests: 100, concurrency: 2}", fmt.Sprintf(trusting, ""), f.barnOf(within(serverTLS(cert), fine))},
		{"fine-h2", "https", "{requests: 100, concurrency: 10}", fmt.Sprintf(trusting, ", http_version: 2"), f.webOf(&cert)},
		{"fine-h2c", "http", "{requests: 100, concurrency: 10}", overH2C, f.webOf(nil)},
	}
	var all []target
	for _, row := range table {
		b, address, err := row.open()
		if err != nil {
			return nil, err
		}
		t := target{
			name: row.name, url: fmt.Sprintf("%s://%s/%s/", row.scheme, address, row.name), interval: "1s", burst: row.burst,
			exact: true, scripted: true, barn: b,
		}
		if row.keys != "" {
			t.keys = []string{row.keys}
		}
		all = append(all, t)
	}
	return all, nil
}

// handle answers over HTTP/2 that all is well.
func (f *farm) handle(w http.ResponseWriter, r *http.Request) {
	name := nameOf(r.URL.Path)
	f.ledger.note(name, r.Header.Get("X-Request-Id"))
	f.ledger.expect(name, "0")
	_, _ = w.Write([]byte("ok"))
}
