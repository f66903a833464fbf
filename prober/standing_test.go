package prober

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/config"
	"example.com/prober/errcode"
	"example.com/prober/internal/rig"
	"example.com/prober/prober/numbers"
	"example.com/prober/prober/probe"
)

// comparing returns a target that is compared with another.
func comparing(t config.Target, with string) config.Target {
	t.Compare = &config.Compare{With: with, Margin: 0.1, Window: 10 * time.Minute}
	return t
}

// comparisonIn returns the result of the comparison of a target.
func comparisonIn(t *testing.T, m *Manager, name string) *numbers.Comparison {
	t.Helper()
	s, ok := m.Target(name)
	require.True(t, ok)
	return s.Comparison
}

// quiet returns a target that never fires by itself.
func quiet(name string) config.Target {
	cfg := testConfig(config.Burst{Requests: 1})
	cfg.Name, cfg.Interval = name, 1000*time.Hour
	return cfg
}

// feedBurst gives a target a burst of so many requests with the latency took; failed of them
// failed.
func feedBurst(m *Manager, name string, at time.Time, requests, failed int, took time.Duration) {
	f := m.entries[name].feeds
	for i := range requests {
		r, code := &probe.Result{Due: 1}, errcode.OK
		r.End = r.Due.Add(took + time.Duration(i)*took/time.Duration(5*requests))
		if i < failed {
			code = errcode.FromStatus(503)
		}
		f.observe(r, code)
	}
	f.observe(&probe.Result{Due: 1, End: 2}, errcode.Cancelled) // of the prober's own
	f.endBurst(at, f.lost.Load())
}

func TestATargetIsComparedWithAnother(t *testing.T) {
	t.Parallel()
	m := newTestManager(t)
	apply(t, m, quiet("stable"), comparing(quiet("canary"), "stable"), quiet("alone"))
	assert.Nil(t, comparisonIn(t, m, "stable"))
	assert.Nil(t, comparisonIn(t, m, "alone"))
	assert.Equal(t, "cannot_tell", comparisonIn(t, m, "canary").Verdict, "before the first burst")

	start := time.Unix(1_700_000_000, 0)
	for burst := range 20 {
		at := start.Add(time.Duration(burst) * 30 * time.Second)
		feedBurst(m, "stable", at, 200, 0, 100*time.Millisecond)
		feedBurst(m, "canary", at.Add(10*time.Second), 200, 10, 200*time.Millisecond)
	}
	c := comparisonIn(t, m, "canary")
	assert.Equal(t, "worse", c.Verdict)
	assert.EqualValues(t, 4000, c.Old, "what is the prober's own trouble is left out")
	assert.EqualValues(t, 4000, c.New)
	require.Len(t, c.Quantiles, 3)
	assert.InDelta(t, 2, c.Quantiles[0].Value, 0.1)
	assert.Less(t, c.Quantiles[0].Low, c.Quantiles[0].Value)
	assert.Equal(t, "worse", c.Quantiles[0].Verdict)
	assert.InDelta(t, 0.05, c.Errors.Value, 1e-9)

	text := exposition(t, m)
	assertSample(t, text, `prober_compare_verdict{target="canary",verdict="worse",with="stable"}`, 1)
	assertSample(t, text, `prober_compare_verdict{target="canary",verdict="same",with="stable"}`, 0)
	assertSample(t, text, `prober_compare_requests{target="canary",version="new",with="stable"}`, 4000)
	assert.Len(t, rig.LinesWith(text, `prober_compare_ratio{quantile="0.5",target="canary",with="stable"} `), 1)
	assert.Contains(t, text, `prober_compare_ratio_high{quantile="0.99",target="canary",with="stable"} +Inf`, "more than one in a hundred failed")

	feedBurst(m, "canary", start.Add(time.Hour), 10, 0, time.Second)
	c = comparisonIn(t, m, "canary")
	assert.EqualValues(t, 0, c.Old, "it is older than the window")
	assert.EqualValues(t, 10, c.New)
	assert.Equal(t, "cannot_tell", c.Verdict)
	assert.Empty(t, c.Quantiles)
}

func TestRequestsThatWereLostCountAsFailed(t *testing.T) {
	t.Parallel()
	m := newTestManager(t)
	apply(t, m, quiet("stable"), comparing(quiet("canary"), "stable"))
	now := time.Unix(1_700_000_000, 0)
	feedBurst(m, "stable", now, 100, 0, time.Second)
	m.entries["canary"].feeds.endBurst(now.Add(2*time.Second), 50)
	c := comparisonIn(t, m, "canary")
	assert.EqualValues(t, 50, c.New)
	assert.InDelta(t, 1, c.Errors.Value, 1e-9)
}

func TestAComparisonHoldsForAMoment(t *testing.T) {
	t.Parallel()
	m := newTestManager(t)
	apply(t, m, quiet("stable"), comparing(quiet("canary"), "stable"))
	now := time.Unix(1_700_000_000, 0)
	feedBurst(m, "stable", now, 100, 0, time.Second)
	before := comparisonIn(t, m, "canary")
	feedBurst(m, "canary", now.Add(comparePause/2), 100, 0, time.Second)
	assert.Same(t, before, comparisonIn(t, m, "canary"), "targets may have many bursts a second")
	feedBurst(m, "canary", now.Add(comparePause), 100, 0, time.Second)
	assert.EqualValues(t, 200, comparisonIn(t, m, "canary").New)
	feedBurst(m, "canary", now.Add(-time.Hour), 100, 0, time.Second)
	assert.EqualValues(t, 100, comparisonIn(t, m, "canary").New, "the clock was set back")
}

func TestWhatAComparisonKeepsIsBounded(t *testing.T) {
	t.Parallel()
	m := newTestManager(t)
	apply(t, m, quiet("stable"), comparing(quiet("canary"), "stable"))
	s := m.entries["canary"].standing
	for burst := range 1000 {
		feedBurst(m, "canary", time.Unix(1_700_000_000+int64(burst), 0), 1, 0, time.Second)
		assert.LessOrEqual(t, len(s.sides[1].slots), standingSlots)
	}
}

func TestAReloadKeepsAComparisonWhoseTargetsStay(t *testing.T) {
	t.Parallel()
	m := newTestManager(t)
	stable, canary := quiet("stable"), comparing(quiet("canary"), "stable")
	apply(t, m, stable, canary)
	first := m.entries["canary"].standing
	apply(t, m, stable, canary, quiet("more"))
	assert.Same(t, first, m.entries["canary"].standing)

	changed := stable
	changed.Timeout = 17 * time.Second
	apply(t, m, changed, canary)
	second := m.entries["canary"].standing
	assert.NotSame(t, first, second, "what was counted is of another target")

	apply(t, m, canary)
	assert.Nil(t, comparisonIn(t, m, "canary"), "there is nothing to compare with")
	assert.Nil(t, m.entries["canary"].feeds.all.Load())
	apply(t, m, stable, quiet("canary"))
	assert.Nil(t, comparisonIn(t, m, "canary"))
	assert.Nil(t, m.entries["stable"].feeds.all.Load())
}

func TestRunningTargetsAreCompared(t *testing.T) {
	t.Parallel()
	s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/bad") {
			w.WriteHeader(http.StatusTeapot)
		}
		_, _ = io.WriteString(w, "ok")
	})
	m := newTestManager(t)
	stable, canary := s.target("stable"), comparing(s.target("canary"), "stable")
	canary.URL = s.Root().JoinPath("bad")
	apply(t, m, stable, canary)
	rig.Until(t, "it is found worse", func() bool {
		c := comparisonIn(t, m, "canary")
		return c.Errors != nil && c.Errors.Verdict == "worse"
	})
}
