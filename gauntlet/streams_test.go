package main

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestALedgerTellsWhatIsOnOnePageAndNotOnAnother(t *testing.T) {
	t.Parallel()
	l := newLedger()
	const one, other = "00000000000000010000000000000001", "00000000000000020000000000000001"
	assert.True(t, l.isNew("a", one))
	assert.True(t, l.isNew("a", other))
	assert.False(t, l.isNew("a", one))
	assert.Equal(t, 2, l.missing("a", "b"))
	l.note("b", other)
	assert.Equal(t, 1, l.missing("a", "b"))
	assert.Zero(t, l.missing("b", "a"))
}

func TestTheFirstConnectionOfABurstIsGreetedAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := &greeter{}
		for range 3 {
			assert.True(t, g.isFirst())
			for range 2 {
				time.Sleep(greetingPace)
				assert.False(t, g.isFirst())
			}
			time.Sleep(greetingEvery - 2*greetingPace)
		}
	})
}

func TestEachTimeoutIsABoundBetweenBuckets(t *testing.T) {
	t.Parallel()
	a := &act{gauntlet: &gauntlet{short: true}, targets: []target{{timeout: timeoutSoon}, {timeout: greetingTime}, {}}}
	assert.Equal(t, "2, 4, 21", a.bounds())
	a.targets = nil
	assert.Equal(t, "4, 21", a.bounds())
}

func TestWhatBecameOfStreamsIsHeldAgainstTheirServers(t *testing.T) {
	t.Parallel()
	const one, other = "00000000000000010000000000000001", "00000000000000010000000000000002"
	for name, c := range map[string]struct {
		target string
		counts counts
		pages  map[string][]string
		red    gate
	}{
		"all refused":                  {"refusing-h2", counts{requests: codes{"1638": 1000}}, nil, ""},
		"a refusal that is a flood":    {"refusing-h2", counts{requests: codes{"1638": 1000, "1607": 1}}, nil, gateRefused},
		"a refusal that is sent again": {"refusing-h2", counts{requests: codes{"1638": 1000}, resent: 1}, nil, gateRefused},
		"some refused":                 {"picky-h2", counts{requests: codes{"0": 50, "1638": 950}}, nil, ""},
		"none of them answered":        {"picky-h2", counts{requests: codes{"1638": 1000}}, nil, gateRefused},
		"sent again": {
			"leaving-h2", counts{requests: codes{"0": 9}, resent: 1, opened: 1}, pages{"leaving-h2": {one, other}, "leaving-h2-excluded": {one}}, "",
		},
		"sent again and not counted": {
			"leaving-h2", counts{requests: codes{"0": 9}, opened: 1}, pages{"leaving-h2": {one, other}, "leaving-h2-excluded": {one}}, gateResent,
		},
		"not sent again": {
			"leaving-h2", counts{requests: codes{"0": 9}, resent: 1, opened: 1}, pages{"leaving-h2": {other}, "leaving-h2-excluded": {one}}, gateResent,
		},
		"a failure": {
			"leaving-h2", counts{requests: codes{"0": 9, "1611": 1}, resent: 1, opened: 1}, pages{"leaving-h2": {one}, "leaving-h2-excluded": {one}}, gateResent,
		},
		"nothing to send again": {"leaving-h2", counts{requests: codes{"0": 9}, opened: 1}, nil, gateResent},
		"excluded twice": {
			"stubborn-h2", counts{requests: codes{"1611": 1}, resent: 1}, pages{"stubborn-h2-excluded": {one}, "stubborn-h2-excluded-again": {one}}, "",
		},
		"excluded twice and served": {
			"stubborn-h2", counts{requests: codes{"0": 1}, resent: 2}, pages{"stubborn-h2-excluded": {one}, "stubborn-h2-excluded-again": {one}}, gateResent,
		},
		"excluded once and given up": {"stubborn-h2", counts{requests: codes{"1611": 1}}, pages{"stubborn-h2-excluded": {one}}, gateResent},
	} {
		f := &farm{ledger: newLedger()}
		for page, ids := range c.pages {
			for _, id := range ids {
				f.ledger.note(page, id)
			}
		}
		a := &act{gauntlet: &gauntlet{board: newBoard()}, farm: f}
		a.judgeStreams(&target{name: c.target}, &c.counts)
		var want []gate
		if c.red != "" {
			want = []gate{c.red}
		}
		assert.Equal(t, want, a.board.failed(a.board.known()), name)
	}
}

type (
	codes = map[string]float64
	pages = map[string][]string
)
