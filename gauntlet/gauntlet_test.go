package main

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/internal/rig"
)

// The patches of the mutants are pieces of source text. Whoever changes those lines must change the patch too.
func TestTheLiesOfTheMutantsFitTheSource(t *testing.T) {
	t.Chdir("..")
	for _, m := range mutants() {
		_, err := m.overlay(t.TempDir())
		assert.NoError(t, err, m.name)
		assert.NotEmpty(t, m.gates, m.name)
	}
}

func TestAGateIsRedUntilItWasSeenGreen(t *testing.T) {
	t.Parallel()
	b := newBoard()
	b.hold("green", true, "")
	b.hold("red", true, "")
	b.hold("red", false, "it was %d", 7)
	all := []gate{"green", "red", "forgotten"}
	assert.Equal(t, []gate{"red", "forgotten"}, b.failed(all))
	var text strings.Builder
	b.write(&text, all)
	assert.Contains(t, text.String(), "RED, never looked at")
	assert.Contains(t, text.String(), "it was 7")
}

// While a server is dead for long, its target fails as often as it can ask.
func TestTheShareOfFaultsIsThatOfServersThatLive(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		alive, dies float64 // how many of a hundred requests fail
		isRed       bool
	}{
		"one in twenty":           {5, 5, false},
		"dead for most of it":     {5, 99, false},
		"hardly a fault":          {1, 5, true},
		"more faults than wanted": {10, 5, true},
	} {
		v := &view{targets: map[string]*counts{}}
		for of, failed := range map[string]float64{"alive": c.alive, "dies": c.dies, "flaps": 30} {
			v.of(of).requests["0"], v.of(of).requests["1503"] = 100-failed, failed
		}
		a := &act{gauntlet: &gauntlet{board: newBoard()}, targets: []target{
			{name: "alive"}, {name: "dies", leeway: leewayHTTP1()}, {name: "flaps", away: &barn{}},
		}}
		a.judgeFaults(v)
		assert.Equal(t, c.isRed, a.board.failed([]gate{gateMass}) != nil, name)
	}
}

// Otherwise a gate would be red for a seed that never deals the awaited answer.
func TestEverySeedDealsAllThatAnUnwellNameSays(t *testing.T) {
	t.Parallel()
	for seed := range uint64(100) {
		dealt := map[string]int{}
		for n := range 30 {
			dealt[turn(seed, "a", n, []saying{{code: "1101"}, {code: "1106"}}, saying{}, 6).code]++
		}
		assert.Equal(t, map[string]int{"1101": 5, "1106": 5, "": 20}, dealt, "seed %d", seed)
	}
}

func TestTheLedgerTellsIdsThatComeTwice(t *testing.T) {
	t.Parallel()
	l := newLedger()
	const one, other = "00000000000000010000000000000001", "00000000000000020000000000000001"
	assert.Equal(t, 0, l.note("a", one))
	assert.Equal(t, 1, l.note("a", other))
	assert.Zero(t, l.note("b", one), "of another target")
	l.note("a", one)
	l.note("a", "garbage")
	p := l.read("a")
	assert.Equal(t, 2, p.seen)
	assert.Equal(t, []string{one}, p.twice)
	assert.Equal(t, []string{"garbage"}, p.strange)
}

// scrapeOf returns the scrape of a correct daemon with one target.
func scrapeOf(t *testing.T, changes ...string) *view {
	t.Helper()
	text := strings.NewReplacer(changes...).Replace(`# TYPE prober_requests counter
prober_requests_total{error_code="0",target="a"} 3
prober_requests_total{error_code="1050",target="a"} 2
# TYPE prober_request_duration_seconds histogram
prober_request_duration_seconds_bucket{error_code="0",target="a",le="1.0"} 3
prober_request_duration_seconds_bucket{error_code="0",target="a",le="+Inf"} 3
prober_request_duration_seconds_count{error_code="0",target="a"} 3
prober_request_duration_seconds_bucket{error_code="1050",target="a",le="1.0"} 2
prober_request_duration_seconds_bucket{error_code="1050",target="a",le="+Inf"} 2
prober_request_duration_seconds_count{error_code="1050",target="a"} 2
# TYPE prober_request_failures counter
prober_request_failures_total{error_code="1050",phase="processing",target="a"} 2
# TYPE prober_requests_scheduled counter
prober_requests_scheduled_total{target="a"} 9
# TYPE prober_requests_dropped counter
prober_requests_dropped_total{reason="timeout",target="a"} 1
# TYPE prober_requests_in_flight gauge
prober_requests_in_flight{target="a"} 1
# TYPE prober_requests_waiting gauge
prober_requests_waiting{target="a"} 2
# EOF
`)
	v, err := newView(text)
	require.NoError(t, err)
	return v
}

func TestAScrapeThatDoesNotAddUpIsRed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		changes []string
		red     []gate
	}{
		"all adds up":           {nil, nil},
		"a request is lost":     {[]string{`error_code="0",target="a"} 3`, `error_code="0",target="a"} 2`}, []gate{gateConserved, gateHistogram}},
		"one is scheduled more": {[]string{"} 9", "} 10"}, []gate{gateConserved}},
		"a failure has no phase": {
			[]string{`phase="processing",target="a"} 2`, `phase="processing",target="a"} 1`}, []gate{gateHistogram},
		},
		"one took too long":       {[]string{`target="a",le="1.0"} 2`, `target="a",le="1.0"} 1`}, []gate{gateTimely}},
		"a phase is a sentence":   {[]string{`"processing"`, `"dial tcp: refused"`}, []gate{gateLabels}},
		"a peer's byte is a code": {[]string{`"1050"`, `"` + canaryPeer + `"`}, []gate{gateCanary, gateLabels}},
	} {
		b := newBoard()
		s := newScraper(b, nil, "", func(string) time.Duration { return time.Second })
		s.judge(scrapeOf(t, c.changes...))
		assert.ElementsMatch(t, c.red, b.failed(b.known()), name)
	}
}

func TestACounterThatFallsIsRed(t *testing.T) {
	t.Parallel()
	b := newBoard()
	s := newScraper(b, nil, "", func(string) time.Duration { return time.Second })
	s.judge(scrapeOf(t))
	s.judge(scrapeOf(t))
	assert.Empty(t, b.failed(b.known()))
	s.judge(scrapeOf(t, `timeout",target="a"} 1`, `timeout",target="a"} 0`, "} 9", "} 8"))
	assert.Equal(t, []gate{gateMonotonic}, b.failed(b.known()))
}

func TestTheMeaningOfACodeIsThatOfTheTable(t *testing.T) {
	t.Parallel()
	info := func(code, meaning string) *rig.Sample {
		return &rig.Sample{Name: "prober_error_code_info", Labels: []rig.Label{{Name: "error_code", Value: code}, {Name: "meaning", Value: meaning}}}
	}
	assert.Empty(t, oddLabel(info("1212", errcode.Refused.Meaning())))
	assert.NotEmpty(t, oddLabel(info("1212", errcode.Reset.Meaning())))
	assert.NotEmpty(t, oddLabel(info("1212", "dial tcp: refused")))
	assert.NotEmpty(t, oddLabel(info("refused", errcode.Refused.Meaning())))
}
