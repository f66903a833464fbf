package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/prober/internal/peers"
)

const gateDemand gate = "peers that answer at random make no more series than `prober check` says"

// attack is an act of peers that try to make series without end: each answer has something new, at each place that a
// peer can fill.
func (g *gauntlet) attack(s *stage) {
	f := newFarm(s)
	targets := f.attackers(g.seed)
	a := g.begin("attack", f, targets)
	a.perform(g.length(3*time.Second, 20*time.Second))
	v := a.settle()
	a.judgeDemand(v)
	for _, t := range targets {
		c := v.of(t.name)
		g.board.hold(gateDemand, c.total() >= 10, "%s answered %v times", t.name, c.total())
		g.board.fact("attack: %s has %d series after %.0f requests", t.name, c.series, c.total())
	}
	a.finish()
}

// judgeDemand compares the series of all targets, and of each, with the program's own maximum for such a configuration.
func (a *act) judgeDemand(v *view) {
	none := a.most(nil)
	all := a.most(a.targets)
	const buildInfo = 1 // a series of the process
	a.board.hold(gateDemand, v.series-buildInfo <= all, "%d series, and %d are the most", v.series-buildInfo, all)
	for i := range a.targets {
		one := a.most(a.targets[i : i+1])
		series := v.of(a.targets[i].name).series
		a.board.hold(gateDemand, series <= one-none, "%s has %d series, and %d are the most", a.targets[i].name, series, one-none)
	}
}

var mostSeries = regexp.MustCompile(`(?m)time series at most +(\d+)$`)

// most returns the program's own maximum of series for the targets.
func (a *act) most(targets []target) int {
	file := filepath.Join(a.dir, "check.yml")
	a.must(os.WriteFile(file, []byte(a.config(targets, "")), 0o600))
	out, err := exec.CommandContext(a.ctx, a.binary, "check", "--config.file="+file).Output() //nolint:gosec // the program under test
	a.must(err)
	found := mostSeries.FindSubmatch(out)
	require.NotNil(a, found, "no most in %q", out)
	n, err := strconv.Atoi(string(found[1]))
	a.must(err)
	return n
}

// attackers opens a peer for each place with room for a peer's own bytes.
func (f *farm) attackers(seed uint64) []target {
	names := peers.NameServer(f, chaoticNames(seed))
	resolving := fmt.Sprintf("connection: {dns_server: %q}", names)
	handshakes := f.chaoticTLS(seed)
	alert := func(r *rand.Rand, n int) string {
		return "\x15\x03\x03\x00\x02" + string([]byte{byte(r.UintN(4)), byte(n)})
	}
	connect := func(r *rand.Rand, _ int) string {
		return fmt.Sprintf("HTTP/1.1 %03d %s\r\n\r\n", r.IntN(1000), word(r))
	}
	table := []struct {
		name, scheme, keys string
		serve              peers.Script
		exact              bool
	}{
		{"answers", "http", "", f.serveHTTP1(func(_ string, n int) move { return move{text: chaoticAnswer(chance(seed, n)), then: fin} }), true},
		{"redirects", "http", resolving + ", request: {follow_redirects: 2}", once(seed, chaoticRedirect), false},
		{"handshakes", "https", "connection: {reuse: never, tls: {insecure_skip_verify: true}}", handshakes, true},
		{"alerts", "https", anyone, once(seed, alert), false},
		{"frames", "http", overH2C, f.serveFrames(chaoticFrames(seed)), false},
		{"proxies", "https", "connection: {proxy_url: 'http://%s'}", once(seed, connect), false},
		{"names", "http", resolving, peers.Silence, false},
	}
	var targets []target
	for _, row := range table {
		b := f.open(row.serve)
		t := target{
			name: "attack-" + row.name, exact: row.exact, interval: "500ms", burst: "{duration: 400ms, concurrency: 2}", timeout: timeoutSoon,
		}
		host := b.address
		switch row.name {
		case "proxies":
			host, row.keys = "host.test", fmt.Sprintf(row.keys, b.address)
		case "names":
			host = "host.test.:9"
		}
		t.url = fmt.Sprintf("%s://%s/%s/", row.scheme, host, t.name)
		if row.keys != "" {
			t.keys = []string{row.keys}
		}
		targets = append(targets, t)
	}
	return targets
}
