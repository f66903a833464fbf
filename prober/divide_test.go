package prober

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/config"
	"example.com/prober/errcode"
)

// scrapeOnce reads all metrics as a scraper does.
func scrapeOnce(m *Manager) {
	for range m.Families(func() {}) { // each family is rendered when it is asked for
	}
}

// divided is a configuration with a target of each sharding. As shard 0 of 2, a manager no
// longer runs "moves"; alone, it does.
func divided(t *testing.T, s server) *config.Config {
	t.Helper()
	shared := s.target("shared")
	shared.Sharding, shared.Burst.Requests = config.ShardLoad, 4
	for _, name := range []string{"a", "b", "c", "d", "e", "f"} {
		moves := s.target(name)
		l := loadOf(&moves)
		if (Shard{Ordinal: 0, Total: 2}).Runs(&l) {
			continue
		}
		return &config.Config{Targets: []config.Target{shared, moves}}
	}
	require.Fail(t, "shard 0 runs all of them")
	return nil
}

func TestDividedTargetsMoveAndShareAnew(t *testing.T) {
	t.Parallel()
	s := newServer(t, ok)
	m := newTestManager(t)
	cfg := divided(t, s)
	moves := cfg.Targets[1].Name
	require.NoError(t, m.Apply(cfg))
	awaitRequests(t, m, moves, 2)
	awaitRequests(t, m, "shared", 4)
	run := m.entries["shared"].run

	_, err := m.Divide(Shard{Ordinal: 0, Total: 2}, cfg, nil)
	require.NoError(t, err)
	assert.Equal(t, 2, m.Self().Shards)
	assert.NotSame(t, run, m.entries["shared"].run, "its part is another one")
	assert.False(t, m.Has(moves))
	require.Eventually(t, func() bool { return isGone(m, moves) }, patience, time.Millisecond, "nobody scrapes")
	before := tallyOf(m, "shared").ByCode[errcode.OK].Count()
	awaitRequests(t, m, "shared", before+4)
	assertConserved(t, tallyOf(m, "shared"))

	run = m.entries["shared"].run
	require.NoError(t, m.Apply(cfg))
	assert.Same(t, run, m.entries["shared"].run, "a reload with the same number changes nothing")
}

func TestATargetThatMovesIsKeptForOneScrape(t *testing.T) {
	t.Parallel()
	s := newServer(t, ok)
	m := newTestManager(t)
	cfg := divided(t, s)
	moves := cfg.Targets[1].Name
	require.NoError(t, m.Apply(cfg))
	awaitRequests(t, m, moves, 2)
	scrapeOnce(m)
	last := m.entries[moves].run

	_, err := m.Divide(Shard{Ordinal: 0, Total: 2}, cfg, nil)
	require.NoError(t, err)
	<-last.done
	assert.False(t, isGone(m, moves))
	assert.False(t, m.Has(moves), "pages show it no more")
	require.Eventually(t, func() bool {
		scrapeOnce(m) // the first one may come before its end was noticed
		return isGone(m, moves)
	}, patience, time.Millisecond)
}

func TestATargetThatMovesIsThereForTheLastScrape(t *testing.T) {
	t.Parallel()
	s := newServer(t, ok)
	m := newTestManager(t)
	cfg := divided(t, s)
	require.NoError(t, m.Apply(cfg))
	awaitRequests(t, m, cfg.Targets[1].Name, 1)
	scrapeOnce(m)
	_, err := m.Divide(Shard{Ordinal: 0, Total: 2}, cfg, nil)
	require.NoError(t, err)
	m.Shutdown(t.Context())
	assert.False(t, isGone(m, cfg.Targets[1].Name))
}

func TestATargetThatMovesIsNotKeptForEverWhereNobodyScrapesAnyMore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := NewManager(Options{})
		scrapeOnce(m)
		began := time.Now()
		assert.True(t, m.awaitScrape())
		assert.Equal(t, keptAfterMove, time.Since(began))
	})
}

func TestADivisionThatCannotBeMadeChangesNothing(t *testing.T) {
	t.Parallel()
	s := newServer(t, ok)
	m := newTestManager(t)
	m.shard, m.limiter.Limits.Targets = Shard{Ordinal: 0, Total: 2}, 1
	cfg := divided(t, s)
	require.NoError(t, m.Apply(cfg))
	_, err := m.Divide(Shard{Ordinal: 0, Total: 1}, cfg, nil)
	require.EqualError(t, err, "2 targets, but --limit.targets=1")
	assert.Equal(t, 2, m.Self().Shards)
	assert.False(t, m.Has(cfg.Targets[1].Name))
	assert.True(t, m.Has("shared"))
}
