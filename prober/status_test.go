package prober

import (
	"errors"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/config"
	"example.com/prober/errcode"
	"example.com/prober/prober/load"
	"example.com/prober/prober/numbers"
	"example.com/prober/prober/probe"
)

// managerOf returns a manager with idle targets of the given names, and their
// recorders.
func managerOf(t *testing.T, names ...string) (*Manager, map[string]*numbers.Recorder) {
	t.Helper()
	m := newTestManager(t)
	targets := make([]config.Target, len(names))
	for i, name := range names {
		targets[i] = testConfig(config.Burst{Requests: 1})
		targets[i].Name, targets[i].Interval = name, 1000*time.Hour
		targets[i].URL = &url.URL{Scheme: "https", Host: "shop.example", Path: "/" + name, RawQuery: "token=secret"}
	}
	apply(t, m, targets...)
	recorders := map[string]*numbers.Recorder{}
	for _, name := range names {
		recorders[name] = m.entries[name].recorder
	}
	return m, recorders
}

func TestStatusTellsWhatATargetCameTo(t *testing.T) {
	m, recorders := managerOf(t, "well", "fails", "new")
	play(recorders["well"], errcode.OK, outcome(10*time.Millisecond, nil))
	r := recorders["fails"]
	play(r, errcode.OK, outcome(10*time.Millisecond, nil))
	play(r, errcode.Refused, refusal(), refusal())
	play(r, errcode.LocalPorts, outcome(time.Millisecond, nil))

	all := m.Targets()
	require.Len(t, all, 3)
	assert.Equal(t, []string{"well", "fails", "new"}, []string{all[0].Name, all[1].Name, all[2].Name})
	s := all[1]
	assert.Equal(t, "https://shop.example/fails", s.URL)
	assert.EqualValues(t, 4, s.Requests)
	assert.EqualValues(t, 2, s.Failed())
	assert.EqualValues(t, 1, s.Own())
	assert.Equal(t, []numbers.CodeCount{{Code: errcode.OK, Count: 1}, {Code: errcode.LocalPorts, Count: 1}, {Code: errcode.Refused, Count: 2}}, s.Codes)
	assert.InEpsilon(t, time.Millisecond, s.P50, 0.1)
	assert.InEpsilon(t, 10*time.Millisecond, s.P99, 0.1)
	assert.EqualValues(t, 3, s.Bursts)
	assert.NotZero(t, s.FailingSince)
	assert.NotZero(t, s.TroubledSince)
	assert.Equal(t, []numbers.FailureKind{{Code: errcode.LocalPorts, Phase: errcode.PhaseNone, Count: 1}}, s.Trouble)
	assert.EqualValues(t, 1, s.Last.Own)
	assert.Nil(t, all[2].Last)
	assert.Zero(t, all[2].P50)
}

func TestTroubleIsThatOfTheBurstUnderWay(t *testing.T) {
	m, recorders := managerOf(t, "fails")
	r := recorders["fails"]
	play(r, errcode.OK, outcome(time.Millisecond, nil))
	r.StartBurst(nil)
	r.Begin(0)
	r.End(refusal(), errcode.Refused)
	s := m.Targets()[0]
	assert.Equal(t, []numbers.FailureKind{{Code: errcode.Refused, Phase: errcode.PhaseConnect, Count: 1}}, s.Trouble)
	assert.False(t, s.FailingSince.IsZero(), "a long burst need not end first")
	r.EndBurst(time.Second, load.DropShutdown)
	r.StartBurst(nil)
	assert.Len(t, m.Targets()[0].Trouble, 1, "of the last burst, while there is none in this one")
}

func TestTargetHasTheDetails(t *testing.T) {
	m, recorders := managerOf(t, "a/b")
	r := recorders["a/b"]
	res := refusal()
	res.HTTP = &probe.HTTP{Status: 503, Version: probe.HTTP11}
	res.Sent, res.Received, res.Opened = 10, 20, true
	res.TLS = &probe.TLSInfo{Version: 0x0304, Cipher: 0x1301, ALPN: "h2", LeafNotAfter: time.Unix(1, 0)}
	play(r, errcode.Refused, res)
	r.StartBurst(nil)
	r.Begin(0)
	r.DropUnsent(0, load.DropLimitRate)
	r.EndBurst(time.Second, load.DropShutdown)
	r.Skip(load.SkipLate, 1)
	r.Skip(load.SkipOverrun, 2)

	d, ok := m.Target("a/b")
	require.True(t, ok)
	assert.Len(t, d.History, 2)
	assert.Equal(t, d.History, m.Bursts("a/b"))
	assert.Equal(t, d.Failures, m.Failures("a/b"))
	assert.Equal(t, []numbers.FailureKind{{Code: errcode.Refused, Phase: errcode.PhaseConnect, Count: 1}}, d.Kinds)
	assert.Equal(t, []numbers.ResponseCount{{Status: 503, Version: "1.1", Count: 1}}, d.Responses)
	assert.Equal(t, []numbers.DropCount{{Reason: "limit_rate", Trouble: true, Count: 1}}, d.Dropped.ByReason())
	assert.Equal(t, []uint64{3, 1, 1, 10, 20, 1, 0}, []uint64{d.Skipped.Total(), d.Skipped.Late(), d.PeakInFlight, d.Sent, d.Received, d.Opened, d.Reused})
	assert.Equal(t, "TLS 1.3", d.TLS.Version)
	assert.Equal(t, "TLS_AES_128_GCM_SHA256", d.TLS.Cipher)
	assert.Equal(t, time.Unix(1, 0), d.TLS.LeafNotAfter)
	assert.Equal(t, "a/b", m.Config("a/b").Name)

	for _, name := range []string{"", "nobody"} {
		_, ok := m.Target(name)
		assert.False(t, ok)
		assert.False(t, m.Has(name))
		assert.Nil(t, m.Bursts(name))
		assert.Nil(t, m.Failures(name))
	}
}

func TestSelfTellsHowTheProberDoes(t *testing.T) {
	m, recorders := managerOf(t, "a", "b")
	startLate(recorders["a"], time.Millisecond)
	startLate(recorders["b"], 100*time.Millisecond)
	m.limiter = load.NewLimiter(Limits{Rate: 100, Targets: 5})
	m.NoteReload(nil)
	m.NoteReload(errors.New("prober.yml:2: wrong"))
	s := m.Self()
	assert.InEpsilon(t, time.Millisecond, s.LagP50(), 0.1)
	assert.InEpsilon(t, 100*time.Millisecond, s.LagP99(), 0.1)
	assert.Equal(t, []numbers.Limit{{Name: "rate", Most: 100, Now: 0}, {Name: "targets", Most: 5, Now: 2}}, s.SetLimits())
	assert.True(t, s.ReloadFailed)
	assert.Equal(t, "prober.yml:2: wrong", s.Mistake)
	assert.Empty(t, s.MoreMistakes)
	assert.WithinDuration(t, time.Now(), s.Loaded, time.Minute)
	assert.Equal(t, 1, s.Shards)
}

// BenchmarkTargets reads the status of 10,000 targets, the intended maximum of one
// prober.
func BenchmarkTargets(b *testing.B) {
	m := NewManager(Options{Metrics: config.Metrics{Buckets: []float64{1}}})
	u := &url.URL{Scheme: "https", Host: "shop.example"}
	for i := range 10_000 {
		name := string(rune('a'+i%26)) + time.Duration(i).String()
		r := numbers.NewRecorder(m.bounds)
		play(r, errcode.OK, outcome(time.Millisecond, nil))
		play(r, errcode.Refused, refusal())
		m.entries[name] = &entry{cfg: &config.Target{Name: name, URL: u}, recorder: r}
		m.order = append(m.order, name)
	}
	b.ReportAllocs()
	for b.Loop() {
		_ = m.Targets()
	}
}
