package e2e

import (
	"bytes"
	"crypto/tls"
	"io"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/stretchr/testify/assert"

	"example.com/prober/errcode"
	schedule "example.com/prober/prober/load"
	"example.com/prober/prober/numbers"
	"example.com/prober/prober/probe"
)

const (
	// compressed is how many times faster time passes in the incidents than for people.
	compressed = 60
	// everyBurst is the time between the bursts of a target of the incidents.
	everyBurst = 30 * time.Second
	// requestsPlayed is the number of requests in a burst.
	requestsPlayed = 10
)

// fault returns the outcomes of the requests in a target's burst, a time after the start. Nil stands for success of
// all.
type fault func(at time.Duration, burst int) (codes []errcode.Code)

// played is a target without real requests. Its recorder receives their would-be results.
type played struct {
	about    numbers.About
	recorder *numbers.Recorder
	fault    fault
	bursts   int
	// overruns reports whether a failing burst takes longer than the interval.
	overruns bool
}

// world is a prober with played targets. It serves the metrics of a prober.
type world struct {
	t        *testing.T
	started  time.Time
	job      string
	location string // "" if the incident has only one
	targets  []*played

	page   *numbers.Page
	bounds *numbers.Bounds
	text   atomic.Pointer[[]byte] // of the page
}

func newWorld(t *testing.T, job, location string) *world {
	t.Helper()
	return &world{t: t, started: time.Now(), job: job, location: location, page: numbers.NewPage(), bounds: numbers.NewBounds([]float64{1})}
}

func (w *world) add(name, host string, f fault) *played {
	p := &played{
		about:    numbers.About{Name: name, URL: "https://" + host + "/", Interval: everyBurst / compressed},
		recorder: numbers.NewRecorder(w.bounds), fault: f,
	}
	w.targets = append(w.targets, p)
	return p
}

// burst fires a burst at each target of this turn. The slots are spread over the interval.
func (w *world) burst(at time.Duration, turn, turns int) {
	for i, p := range w.targets {
		if i%turns == turn {
			p.burst(at)
		}
	}
}

func (p *played) burst(at time.Duration) {
	codes := p.fault(at, p.bursts)
	p.bursts++
	if p.overruns && codes != nil && p.bursts%2 == 0 {
		p.recorder.Skip(schedule.SkipOverrun, 1)
		return
	}
	p.recorder.StartBurst(nil)
	for i := range requestsPlayed {
		code := errcode.OK
		if i < len(codes) {
			code = codes[i]
		}
		p.recorder.Begin(0)
		p.recorder.End(p.result(code, at), code)
	}
	p.recorder.EndBurst(time.Millisecond, 0)
}

// result is the result of a request to a server with a certificate. If the certificate is refused, it has expired.
func (p *played) result(code errcode.Code, at time.Duration) *probe.Result {
	res := &probe.Result{Due: probe.Now()}
	res.Start, res.End = res.Due, res.Due.Add(time.Millisecond)
	end := time.Now().Add(60 * 24 * time.Hour)
	if code == errcode.CertExpired {
		end = time.Now().Add(-time.Minute)
	}
	phases := map[errcode.Range]errcode.Phase{
		errcode.RangeDNS: errcode.PhaseResolve, errcode.RangeTCP: errcode.PhaseConnect, errcode.RangeTLS: errcode.PhaseTLS,
	}
	phase, before := phases[code.Range()]
	if !before {
		phase = errcode.PhaseProcessing
	}
	if code != errcode.OK {
		res.Err = &errcode.PhaseError{Phase: phase, Err: io.ErrUnexpectedEOF}
	}
	if phase >= errcode.PhaseTLS {
		res.TLS = &probe.TLSInfo{Version: tls.VersionTLS13, LeafNotAfter: end, EarliestNotAfter: end}
	}
	return res
}

// expose writes the page to serve until the next call: the metrics that the rules read. A scrape only copies it,
// however busy the machine is.
func (w *world) expose(isRead func(metric string) bool) {
	s := numbers.Scrape{Self: numbers.Self{Created: w.started, Loaded: w.started, Shards: 1}, Bounds: w.bounds}
	for _, p := range w.targets {
		snapshot := p.recorder.Snapshot(numbers.WithLabels | numbers.WithDistributions)
		snapshot.About = p.about
		s.Targets = append(s.Targets, snapshot)
	}
	var b bytes.Buffer
	b.WriteString("prober_build_info 1\n")
	for family := range w.page.Families(&s, func() {}) {
		if isRead(family.GetName()) && family.GetType() != dto.MetricType_HISTOGRAM {
			_, err := expfmt.MetricFamilyToText(&b, family)
			assert.NoError(w.t, err)
		}
	}
	text := b.Bytes()
	w.text.Store(&text)
}

// ServeHTTP serves the page.
func (w *world) ServeHTTP(rw http.ResponseWriter, _ *http.Request) {
	if text := w.text.Load(); text != nil {
		_, _ = rw.Write(*text)
	}
}

// during has the fault between two times, and no fault before and after.
func during(from, to time.Duration, f fault) fault {
	return func(at time.Duration, burst int) []errcode.Code {
		if at < from || at >= to {
			return nil
		}
		return f(at, burst)
	}
}

// always fails every request with the code.
func always(code errcode.Code) fault {
	codes := make([]errcode.Code, requestsPlayed)
	for i := range codes {
		codes[i] = code
	}
	return func(time.Duration, int) []errcode.Code { return codes }
}

// well never fails.
func well(time.Duration, int) []errcode.Code { return nil }
