package prober

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/config"
	"example.com/prober/internal/rig"
)

// running returns the names of the running targets, in order.
func running(m *Manager) (names []string) {
	for _, t := range m.Targets() {
		names = append(names, t.Name)
	}
	return names
}

// unusable returns a target without a possible engine.
func (s server) unusable(name string) config.Target {
	t := s.target(name)
	t.URL = &url.URL{Scheme: "https", Host: "x.example"}
	t.Connection.TLS.CA = []byte("no certificate")
	return t
}

func TestAFoundTargetThatCannotBeStartedHurtsNoOther(t *testing.T) {
	t.Parallel()
	s := newServer(t, ok)
	m := newTestManager(t)
	cfg := &config.Config{Targets: []config.Target{s.target("written")}, Metrics: m.metrics}
	found := []config.Target{s.target("a"), s.unusable("b"), s.target("c")}
	assert.Len(t, CheckFound(cfg, found, Limits{}, Shard{}), 1)
	refused, err := m.ApplyFound(cfg, found)
	require.NoError(t, err)
	assert.ErrorContains(t, refused["b"], "it cannot be started")
	assert.Len(t, refused, 1)
	assert.Equal(t, []string{"written", "a", "c"}, running(m))

	cfg.Targets = append(cfg.Targets, s.unusable("bad"))
	_, err = m.ApplyFound(cfg, nil)
	require.ErrorContains(t, err, `target "bad"`)
	assert.Equal(t, []string{"written", "a", "c"}, running(m), "a written one that cannot be started changes nothing")
}

func TestTheCeilingOfTargetsTakesWrittenOnesFirst(t *testing.T) {
	t.Parallel()
	s := newServer(t, ok)
	m := newTestManager(t)
	m.limiter.Limits.Targets = 2
	cfg := &config.Config{Targets: []config.Target{s.target("written")}, Metrics: m.metrics}
	refused, err := m.ApplyFound(cfg, []config.Target{s.target("a"), s.target("b"), s.target("c")})
	require.NoError(t, err)
	assert.Equal(t, map[string]error{"b": ErrTooManyTargets, "c": ErrTooManyTargets}, refused)
	assert.Equal(t, []string{"written", "a"}, running(m))
}

func TestAFoundTargetThatStaysKeepsItsCountersWhateverGoes(t *testing.T) {
	t.Parallel()
	s := newServer(t, ok)
	m := newTestManager(t)
	cfg := &config.Config{Metrics: m.metrics}
	with := func(found ...config.Target) {
		_, err := m.ApplyFound(cfg, found)
		require.NoError(t, err)
	}
	with(s.target("stays"), s.target("goes"))
	rig.Until(t, "requests of both", func() bool { return tallyOf(m, "stays").Requests > 0 && tallyOf(m, "goes").Requests > 0 })
	before := tallyOf(m, "stays").Requests
	with(s.target("stays"))
	rig.Until(t, "the end of one", func() bool { return len(running(m)) == 1 })
	changed := s.target("stays")
	changed.Labels = map[string]string{"team": "shop"}
	with(changed)
	assert.GreaterOrEqual(t, tallyOf(m, "stays").Requests, before)
}
