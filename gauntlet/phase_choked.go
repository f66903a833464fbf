package main

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
)

const gateBlocked gate = "a log that nobody reads holds nothing up, and lost lines are counted"

const brokenText = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"

// turning opens targets over HTTP/1.1 and h2c without faults until broken is true.
func (f *farm) turning(broken *atomic.Bool) []target {
	plain := f.open(f.serveHTTP1(func(string, int) move {
		if broken.Load() {
			return move{text: brokenText, code: "1503"}
		}
		return okMove()
	}))
	web := f.openWeb(nil, f.serveWeb(func(target string, n int) (string, func(http.ResponseWriter)) {
		if !broken.Load() {
			return well(target, n)
		}
		return "1503", func(w http.ResponseWriter) { w.WriteHeader(http.StatusServiceUnavailable) }
	}))
	of := func(name string, b *barn, keys ...string) target {
		return target{
			name: name, url: b.url("http", name), barn: b, exact: true, scripted: true,
			interval: "200ms", burst: "{requests: 5}", keys: keys,
		}
	}
	return []target{of("turning-h1", plain), of("turning-h2c", web, overH2C)}
}

// choke stops reading the log until the daemon has ended.
func (g *gauntlet) choke(s *stage) {
	f := newFarm(s)
	targets := f.healthy()
	var broken atomic.Bool
	turning := f.turning(&broken)
	a := g.begin("choked", f, append(targets, turning...))
	a.load()
	a.awaitAll()
	a.d.output.shut() // until the daemon has ended
	a.d.mute = true
	if err := a.bearSilence(turning, &broken); err != nil {
		g.board.hold(gateBlocked, false, "while nobody reads the log: %v", err)
		a.d.output.open() // so that the next steps have a chance
	}
	v := a.finish()
	g.board.hold(gateBlocked, a.d.ExitCode() == 0 && v.global[droppedLines] > 0,
		"exit code %d, %v lines were dropped", a.d.ExitCode(), v.global[droppedLines])
}

const droppedLines = "prober_log_lines_dropped_total"

// bearSilence has the daemon write more than its log takes, and makes healthy targets fail. It returns an error when
// something stops.
func (a *act) bearSilence(turning []target, broken *atomic.Bool) error {
	mistakes := a.config(a.targets, "") + strings.Repeat("  - {name: odd, nonsense: 1, url: 'ftp://127.0.0.1/', interval: -5s}\n", 300)
	if err := os.WriteFile(a.d.file, []byte(mistakes), 0o600); err != nil {
		return err
	}
	var said error
	err := until(a.ctx, "a line that is dropped", func() bool {
		var status int
		status, _, said = fetch(a.ctx, http.MethodPost, a.d.url+"/-/reload", "")
		if said == nil && status != http.StatusInternalServerError {
			said = fmt.Errorf("a reload of mistakes has status %d", status)
		}
		return said != nil || a.s.now().global[droppedLines] > 0
	})
	if err := errors.Join(err, said); err != nil {
		return err
	}
	broken.Store(true)
	for _, t := range turning {
		err := until(a.ctx, "bursts that go on when they begin to fail", func() bool {
			return a.s.seen(t.name, func(c *counts) bool { return c.requests["1503"] > 50 })
		})
		if err != nil {
			return fmt.Errorf("%s: %w", t.name, err)
		}
	}
	before := a.s.total()
	if err := until(a.ctx, "more requests", func() bool { return a.s.total() > before+1000 }); err != nil {
		return err
	}
	return a.d.configure(a.ctx, a.config(a.targets, ""))
}
