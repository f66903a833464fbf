package main

import (
	"slices"
	"time"
)

const (
	gateFrozen  gate = "a freeze of the prober is told as its own trouble, and no target is blamed"
	gateArrival gate = "an answer that lies in the kernel has ended when it arrived, and the lag says how long it lay"
)

// frozenFor is how long the daemon is stopped: longer than timeoutSoon, so requests time out meanwhile.
const frozenFor = timeoutSoon + 2*time.Second

// freeze stops the daemon in the middle of bursts to healthy servers, and lets it go on.
func (g *gauntlet) freeze(s *stage) {
	f := newFarm(s)
	answers := &answered{}
	targets := append(f.prompt(), f.punctual(answers)...)
	a := g.begin("frozen", f, targets)
	a.load()
	a.awaitAll()
	lay := time.Duration(0)
	for range int(g.length(1, 5)) {
		begun, ended := a.stop(frozenFor)
		lay += answers.lay(begun, ended)
	}
	v := a.finish()
	g.judgeFreeze(v)
	a.judgeArrivals(v, lay)
}

// prompt opens targets with prompt answers: one with many slots, one with many arrivals, and one with closed bursts.
func (f *farm) prompt() []target {
	b := f.open(f.serveHTTP1(func(string, int) move { return okMove() }))
	slow := f.open(f.serveHTTP1(func(string, int) move { return move{text: okText, code: "0", after: timeoutSoon / 2} }))
	all := []target{
		{name: "slots", url: b.url("http", "slots"), interval: "200ms", burst: "{requests: 2}", exact: true, frozen: true},
		{name: "arrivals", url: b.url("http", "arrivals"), interval: "100ms", burst: "{rate: 50, duration: 1m}", exact: true, timeout: timeoutSoon, frozen: true},
		{name: "closed", url: slow.url("http", "closed"), barn: slow, interval: "100ms", burst: "{requests: 4, concurrency: 4}", exact: true, timeout: timeoutSoon, frozen: true},
	}
	for i := range all {
		all[i].leeway = leewayFreeze()
	}
	return all
}

// stop stops the daemon for d, and waits until it has gone on for a while. Nothing is scraped meanwhile. It returns the
// begin and the end of the standstill.
func (a *act) stop(d time.Duration) (begun, ended time.Time) {
	a.must(a.d.Signal(stopSignal))
	a.pause(standstill)
	begun = time.Now()
	a.pause(d - standstill) // if it does not get so far, the daemon is killed
	ended = time.Now()
	a.must(a.d.Signal(continueSignal))
	a.pause(2 * timeoutSoon)
	return begun, ended
}

// standstill bounds the time from the signal to the standstill of a process.
const standstill = 100 * time.Millisecond

// judgeFreeze looks for the trace of the freeze, and for targets that the prober blames.
func (g *gauntlet) judgeFreeze(v *view) {
	skipped := v.sum("prober_bursts_skipped_total", "slots", "late")
	g.board.hold(gateFrozen, skipped >= 10, "%v slots of 200 ms were skipped as late in %v", skipped, frozenFor)
	late, timeout := v.sum("prober_requests_dropped_total", "arrivals", "late"), v.sum("prober_requests_dropped_total", "arrivals", "timeout")
	g.board.hold(gateFrozen, late >= 50 && timeout == 0, "%v arrivals were dropped as late and %v as timeout", late, timeout)
	lag := v.global["prober_schedule_lag_seconds_sum"]
	g.board.hold(gateFrozen, lag > 1, "the lag of all requests is %v s", lag)
	for _, name := range []string{"slots", "arrivals", "closed"} {
		wrong := slices.DeleteFunc(codesOf(v.of(name)), func(code string) bool { return code == "0" || code == "1001" })
		g.board.hold(gateFrozen, len(wrong) == 0, "%s has codes %v", name, v.of(name).codes())
	}
	g.board.fact("frozen for %s: %.0f slots skipped, %.0f arrivals dropped, lag %.0f s", frozenFor.String(), skipped, late, lag)
}

// sum adds up the samples of a metric with a target and a reason.
func (v *view) sum(metric, target, reason string) (sum float64) {
	for i := range v.samples {
		if s := &v.samples[i]; s.Name == metric && s.Label("target") == target && s.Label("reason") == reason {
			sum += s.Value
		}
	}
	return sum
}
