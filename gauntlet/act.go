package main

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"example.com/prober/internal/peers/certs"
)

// The gates at the end of each act.
const (
	gateOnce      gate = "no id reaches a server twice"
	gateSeen      gate = "ids seen + those that never left = requests counted"
	gateAttempts  gate = "connections accepted = connections counted"
	gateAnswers   gate = "each answer is counted under the code that it was made for"
	gateQuiet     gate = "descriptors, goroutines and series are those of the start again"
	gateMemory    gate = "memory of its own stays within 50 MiB for each hundred targets"
	gateThreads   gate = "threads stay below 64"
	gateExit      gate = "SIGTERM ends with code 0, and the last scrape has it all"
	gateOwn       gate = "no trouble of the prober's own: codes 1001 to 1007"
	gateUnknown   gate = "code 1000 is below a thousandth of all failures"
	gateLoud      gate = "the log is free of panics and races"
	threadsAtMost      = 64
)

// target is one target of the daemon, with what the gauntlet knows about its server.
type target struct {
	name, url string
	interval  string
	burst     string
	keys      []string
	timeout   time.Duration
	// exact reports whether the server reads every request and enters it in the ledger.
	exact bool
	// scripted reports whether the ledger also knows the code of each answer.
	scripted bool
	// starved reports whether the daemon has too few descriptors for the target. Code 1002 is expected then.
	starved bool
	// frozen reports whether the daemon may stand still while requests time out, because it is stopped or its machine
	// is busy. Requests may then last longer than their timeout and have code 1001.
	frozen bool
	barn   *barn   // nil if its connections are not counted
	away   *barn   // the same at another address, nil if there is none
	over   *barn   // serves TCP at the port of barn, which serves UDP; nil if nothing does
	leeway *leeway // nil if all figures are exact
	// shop is nil if the target has no mix and no journey.
	shop *shopper
}

const (
	timeout     = 20 * time.Second // of most requests: none of them comes near it
	timeoutSoon = 3 * time.Second  // of requests that time out on purpose
)

// act is the life of one daemon. It starts without targets, gets some, rests, loses them, and ends.
type act struct {
	*gauntlet
	*stage
	name    string
	dir     string
	farm    *farm
	d       *daemon
	s       *scraper
	targets []target
	start   state
	// bombed reports whether another gate bounds the daemon's own memory. The pages of the program's file do not belong
	// to it, because the kernel takes them back.
	bombed bool
}

// state must be the same again when all targets are gone.
type state struct{ descriptors, goroutines, series int }

// begin starts a daemon for the targets, but does not load them yet. The daemon ends with the stage of the farm.
func (g *gauntlet) begin(name string, f *farm, targets []target, flags ...string) *act {
	a := &act{gauntlet: g, stage: f.stage, name: name, farm: f, targets: targets, dir: filepath.Join(g.dir, name)}
	a.must(os.MkdirAll(a.dir, 0o700))
	for file, content := range map[string][]byte{"ca.pem": certs.PEM(f.ca), "secret": []byte(canarySecret)} {
		a.must(os.WriteFile(filepath.Join(a.dir, file), content, 0o600))
	}
	var err error
	a.d, err = startDaemon(a.ctx, g.binary, a.dir, a.config(nil, ""), flags...)
	a.must(err)
	a.s = newScraper(g.board, a.d, a.dir, a.lateAfter)
	a.s.first = firstSteps(targets)
	a.supply()
	a.Cleanup(a.abandon)
	a.start, err = a.rest()
	a.must(err)
	return a
}

// rest returns the usual state of the daemon while nothing changes. The count of goroutines varies by the goroutines
// that answer the scrape itself.
func (a *act) rest() (usual state, err error) {
	const looks = 11
	var descriptors, goroutines []int
	for range looks {
		s, err := a.state()
		if err != nil {
			return s, err
		}
		a.pause(20 * time.Millisecond)
		descriptors, goroutines = append(descriptors, s.descriptors), append(goroutines, s.goroutines)
		usual.series = s.series
	}
	slices.Sort(descriptors)
	slices.Sort(goroutines)
	usual.descriptors, usual.goroutines = descriptors[looks/2], goroutines[looks/2]
	return usual, nil
}

// awaitStart waits until the daemon has the state of its start again, and returns its state.
func (a *act) awaitStart() (isQuiet bool, now state, err error) {
	quiet := until(a.ctx, "quiet", func() bool {
		now, err = a.rest()
		return err == nil && now.descriptors <= a.start.descriptors && now.goroutines <= a.start.goroutines && now.series == a.start.series
	})
	return quiet == nil, now, errors.Join(quiet, err)
}

// abandon kills the daemon if it still runs.
func (a *act) abandon() {
	if a.s.stop != nil {
		a.s.halt()
	}
	a.d.kill() // it has ended already if the act was finished
}

// lateAfter returns the longest time that a request of a target may take.
func (a *act) lateAfter(name string) time.Duration {
	for i := range a.targets {
		if t := &a.targets[i]; t.name == name && t.timeout > 0 && !t.frozen {
			return t.timeout + a.allowance()
		}
	}
	return timeout + a.allowance()
}

// config returns a configuration with the given targets. interval replaces their own unless it is empty.
func (a *act) config(targets []target, interval string) string {
	var b strings.Builder
	grid := "0.1, "
	if a.grid != "" {
		grid = a.grid
	}
	fmt.Fprintf(&b, "metrics: {buckets: [%s%s]}\n", grid, a.bounds())
	fmt.Fprintf(&b, "defaults: {timeout: %v, request: {id_header: X-Request-Id}}\ntargets:", timeout)
	if len(targets) == 0 {
		b.WriteString(" []")
	}
	b.WriteString("\n")
	for i := range targets {
		t := &targets[i]
		every := t.interval
		if interval != "" {
			every = interval
		}
		fmt.Fprintf(&b, "  - {name: %s, url: %q, interval: %s, burst: %s", t.name, t.url, every, t.burst)
		if t.timeout > 0 {
			fmt.Fprintf(&b, ", timeout: %v", t.timeout)
		}
		for _, key := range t.keys {
			b.WriteString(", " + key)
		}
		b.WriteString("}\n")
	}
	return b.String()
}

// bounds returns bounds of buckets, in seconds, that reveal requests that take too long: one for each timeout of a
// target.
func (a *act) bounds() string {
	timeouts := []time.Duration{timeoutSoon, timeout}
	for i := range a.targets {
		if t := a.targets[i].timeout; t > 0 {
			timeouts = append(timeouts, t)
		}
	}
	slices.Sort(timeouts)
	var list []string
	for _, t := range slices.Compact(timeouts) {
		list = append(list, fmt.Sprint((t + a.allowance()).Seconds()))
	}
	return strings.Join(list, ", ")
}

// configure gives the daemon some targets. interval replaces their own unless it is empty.
func (a *act) configure(targets []target, interval string) {
	a.must(a.d.configure(a.ctx, a.config(targets, interval)))
}

// load gives the daemon its targets and scrapes from now on.
func (a *act) load() {
	a.s.start(a.ctx)
	a.configure(a.targets, "")
}

// perform has the daemon work at its targets for a while.
func (a *act) perform(lasting time.Duration) {
	a.load()
	a.pause(lasting)
}

// scrape reads the metrics. An error ends the phase.
func (a *act) scrape() *view {
	v, err := a.s.scrape(a.ctx)
	a.must(err)
	return v
}

// settle lets the bursts end and prevents new ones. It stops the scraper. It returns a scrape with no request waiting
// or in flight.
func (a *act) settle() *view {
	a.configure(a.targets, "8760h")
	a.s.halt()
	var v *view
	still := 0
	a.await("nothing in flight", func() bool {
		before := v
		var err error
		if v, err = a.s.scrape(a.ctx); err != nil {
			return false
		}
		still++
		if before == nil || scheduled(before) != scheduled(v) || v.all(func(c *counts) float64 { return c.waiting + c.inFlight }) > 0 {
			still = 0
		}
		return still > 5
	})
	return v
}

func scheduled(v *view) float64 { return v.all(func(c *counts) float64 { return c.scheduled }) }

// finish settles, compares the scrape with the ledger, takes all targets away, and ends the daemon. It returns the
// scrape.
func (a *act) finish() *view {
	v := a.settle()
	a.reconcile(v)
	a.watch(len(a.targets))
	a.configure(nil, "")
	isQuiet, now, err := a.awaitStart()
	if !isQuiet {
		a.keepGoroutines()
	}
	a.board.hold(gateQuiet, isQuiet, "%s: {descriptors goroutines series} were %v and are %v, %v", a.name, a.start, now, err)
	a.terminate(func(*view) {})
	a.reread(true)
	return v
}

// keepGoroutines writes the stacks of the daemon's goroutines to a file for debugging.
func (a *act) keepGoroutines() {
	_, body, err := fetch(a.ctx, http.MethodGet, a.d.url+"/debug/pprof/goroutine?debug=2", "")
	if err == nil {
		err = os.WriteFile(filepath.Join(a.dir, "goroutines.txt"), body, 0o600)
	}
	if err != nil {
		a.board.fact("%s: what the goroutines do is not known: %v", a.name, err)
	}
}

// terminate ends the daemon and passes its last scrape to look.
func (a *act) terminate(look func(last *view)) {
	defer a.judgeLog()
	a.scrape() // without a scraper the daemon does not wait for a last scrape
	a.must(a.d.terminate(a.ctx))
	last := a.scrape()
	a.board.hold(gateExit, last.all(func(c *counts) float64 { return c.waiting + c.inFlight }) == 0, "%s: requests wait or are in flight in the last scrape", a.name)
	look(last)
	code, err := a.d.wait(a.ctx)
	a.board.hold(gateExit, err == nil && code == 0, "%s: exit code %d, %v", a.name, code, err)
}

// state looks at the daemon as it is now.
func (a *act) state() (s state, err error) {
	v, err := a.s.scrape(a.ctx)
	if err != nil {
		return s, err
	}
	s.goroutines, s.series = int(v.global["go_goroutines"]), v.series
	s.descriptors, err = a.d.Descriptors()
	return s, err
}

// watch checks memory and threads against their bounds.
func (a *act) watch(targets int) {
	own, err := a.ownMemory()
	bound := int(math.Ceil(float64(targets)/100)) * ownAtMost
	a.board.hold(gateMemory, err == nil && (a.bombed || own <= bound), "%s: %d KiB of its own with %d targets, %v", a.name, own, targets, err)
	threads, err := a.d.Status("Threads")
	a.board.hold(gateThreads, err == nil && threads < threadsAtMost, "%s: %d threads, %v", a.name, threads, err)
	a.board.fact("%s: %d targets, %d MiB of its own in memory at most, %d threads, %d scrapes", a.name, targets, own>>10, threads, a.s.scrapes)
}

// ownAtMost bounds the memory of the daemon itself for each hundred targets, in KiB.
const ownAtMost = 50 << 10

// ownMemory returns the peak of the daemon's memory, in KiB, without the pages of the program's file. The kernel can
// drop these pages and read them again, and their number depends on what is linked in, not on what the daemon does.
func (a *act) ownMemory() (peak int, err error) {
	most, err := a.d.Status("VmHWM")
	file, fileErr := a.d.Status("RssFile")
	return most - file, errors.Join(err, fileErr)
}

func (a *act) judgeLog() {
	log := a.d.output.String()
	loud := strings.Contains(log, "panic") || strings.Contains(log, "DATA RACE") || strings.Contains(log, "goroutine ")
	a.board.hold(gateLoud, !loud, "%s: %.2000s", a.name, log)
	a.board.hold(gateCanary, !strings.Contains(log, canarySecret), "%s: a secret is in the log", a.name)
}
