package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"example.com/prober/internal/peers"
)

const (
	gateMute     gate = "a log on a full disk stops nothing: requests, reloads and the end go on"
	gateConfined gate = "under a limit of memory, beside bombs and endless bodies, no request fails for it"
	gateCrushed  gate = "a configuration that the limit of memory has no room for ends the daemon at once, with code 2"
)

// mute writes the log to a full disk. /dev/full takes nothing.
func (g *gauntlet) mute(s *stage) {
	f := newFarm(s)
	targets := f.kept()
	refusing := peers.ClosedPort(f)
	targets = append(targets, target{ // so that there is something to log
		name: "refused", url: "http://" + refusing + "/refused/", interval: "500ms", burst: "{requests: 3}",
	})
	address := f.freeAddress()
	a := g.beginBehind("mute", "exec >/dev/full 2>&1", f, targets, listenFlag+address)
	a.load()
	a.awaitAll()
	ways := a.badWays()[:2] // the file is cut or empty, as on a full disk
	for i, way := range append(ways, a.goodWays()...) {
		want := http.StatusOK
		if i < len(ways) {
			want = http.StatusInternalServerError
		}
		a.reload(i, way, want)
	}
	before := a.s.total()
	err := until(s.ctx, "more requests", func() bool { return a.s.total() > before+500 })
	g.board.hold(gateMute, err == nil, "while the log cannot be written: %v", err)
	v := a.finish()
	for _, t := range targets {
		want := []string{"0"}
		if t.name == "refused" {
			want = []string{"1212"}
		}
		g.board.hold(gateMute, slices.Equal(codesOf(v.of(t.name)), want), "%s has codes %v", t.name, v.of(t.name).codes())
	}
	code := a.d.ExitCode()
	g.board.hold(gateMute, code == 0 && a.d.output.String() == "", "exit code %d, and on the log: %s", code, a.d.output.String())
}

// freeAddress returns an address without a listener.
func (s *stage) freeAddress() string {
	ln, err := (&net.ListenConfig{}).Listen(s.ctx, "tcp", "127.0.0.1:0")
	s.must(err)
	defer ln.Close()
	return ln.Addr().String()
}

// The confined daemon collects garbage as if it had less memory than it needs for its targets, and gets no data beyond
// 128 MiB from the kernel. It has 80 MiB of that before the first target, mostly reserved addresses, and the heap would
// grow by 64 MiB next.
const confining = "export GOMEMLIMIT=24MiB\nulimit -d 131072"

// confine has little memory for many targets, and peers that send a lot.
func (g *gauntlet) confine(s *stage) {
	f := newFarm(s)
	healthy := f.healthy()
	b := f.open(f.serveHTTP1(func(string, int) move { return okMove() }))
	for i := range 100 {
		name := fmt.Sprintf("many-%d", i)
		healthy = append(healthy, target{
			name: name, url: b.url("http", name), interval: "1s", burst: "{requests: 4, concurrency: 2}",
			exact: true, scripted: true,
		})
	}
	hostile := f.hostile()
	for i := range hostile {
		hostile[i].interval, hostile[i].burst = "1s", "{requests: 4, concurrency: 4}"
		if hostile[i].name == "body-endless" { // the prober keeps as much of it as it can
			hostile[i].keys = []string{"expect: {body: {contains: the end}}"}
		}
	}
	a := g.beginBehind("confined", confining, f, slices.Concat(healthy, hostile))
	a.perform(g.length(4*time.Second, 15*time.Second))
	own, err := a.ownMemory()
	g.board.hold(gateConfined, err == nil && own < ownAtMost, "%d KiB of its own in memory, %v", own, err)
	v := a.finish()
	g.holdWell(gateConfined, v, healthy)
	for _, t := range hostile {
		c := v.of(t.name)
		g.board.hold(gateConfined, c.total() > 0 && !slices.ContainsFunc(codesOf(c), isLocal), "%s has codes %v", t.name, c.codes())
	}
}

// isLocal reports whether a code is for trouble of the prober's own.
func isLocal(code string) bool { return code >= "1001" && code <= "1005" }

// fatal matches the runtime's messages when the kernel refuses memory. The collector does not check the kernel's answer
// and ends with SIGSEGV.
var fatal = regexp.MustCompile(`out of memory|cannot allocate memory|SIGSEGV`)

// crush loads far more targets than the memory allows. The daemon cannot refuse anything then: the runtime ends the
// process, and the earlier scrapes stay valid.
func (g *gauntlet) crush(s *stage) {
	f := newFarm(s)
	targets := f.healthy()
	a := g.beginBehind("crushed", confining, f, targets)
	a.configure(targets, "")
	for range 5 {
		a.scrape()
		s.pause(scrapeEvery)
	}
	var many strings.Builder
	many.WriteString(a.config(targets, ""))
	for i := range 20_000 {
		fmt.Fprintf(&many, "  - {name: heavy-%d, url: 'http://127.0.0.1:1/%d', interval: 1h, burst: {requests: 1}}\n", i, i)
	}
	s.must(os.WriteFile(a.d.file, []byte(many.String()), 0o600))
	status, _, err := fetch(s.ctx, http.MethodPost, a.d.url+"/-/reload", "")
	code, waited := a.d.wait(s.ctx)
	isTold := fatal.MatchString(a.d.output.String())
	g.board.hold(gateCrushed, err != nil && waited == nil && code == 2 && isTold, "status %d, exit code %d, %v, and the log: %.500s", status, code, waited, a.d.output.String())
	a.reread(false)
}
