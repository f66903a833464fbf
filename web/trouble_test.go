package web

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"example.com/prober/errcode"
	"example.com/prober/prober/load"
	"example.com/prober/prober/numbers"
)

func namesOf(rows []row) []string {
	var names []string
	for _, r := range rows {
		names = append(names, r.State.String()+": "+r.Name)
	}
	return names
}

func TestTargetsWithTheOldestTroubleComeFirst(t *testing.T) {
	t.Parallel()
	now := time.Now()
	well := numbers.Snapshot{About: numbers.About{Interval: time.Hour}, Last: &numbers.Burst{Requests: 1}}
	well.Bursts, well.LastStart = 3, now
	with := func(name string, change func(*numbers.Snapshot)) numbers.Snapshot {
		s := well
		s.Name = name
		change(&s)
		return s
	}
	rows := rowsByTrouble([]numbers.Snapshot{
		with("well", func(*numbers.Snapshot) {}),
		with("just started", func(s *numbers.Snapshot) { s.Bursts, s.Last = 0, nil }),
		with("since a minute", func(s *numbers.Snapshot) { s.FailingSince = now.Add(-time.Minute) }),
		with("since an hour", func(s *numbers.Snapshot) { s.FailingSince = now.Add(-time.Hour) }),
		with("in its first burst", func(s *numbers.Snapshot) { s.Bursts, s.Last, s.FailingSince = 0, nil, now }),
		with("late", func(s *numbers.Snapshot) {
			s.TroubledSince, s.Last = now, &numbers.Burst{Requests: 1, Late: true}
		}),
		with("neglected", func(s *numbers.Snapshot) { s.LastStart = now.Add(-6 * time.Hour) }),
		with("in a long burst", func(s *numbers.Snapshot) { s.LastStart, s.InFlight = now.Add(-6*time.Hour), 1 }),
		with("well too", func(*numbers.Snapshot) {}),
	}, now)
	assert.Equal(t, []string{
		"failing: since an hour", "failing: since a minute", "failing: in its first burst",
		"troubled: late", "troubled: neglected",
		"waiting: just started",
		"ok: well", "ok: in a long burst", "ok: well too",
	}, namesOf(rows))
	c := count(rows)
	assert.Equal(t, [numStates]int{3, 2, 1, 3}, c.States)
	assert.Equal(t, "3 of 9 targets are failing", c.Verdict())
}

func TestOwnTroubleIsToldInWords(t *testing.T) {
	t.Parallel()
	now := time.Now()
	s := &numbers.Snapshot{
		About: numbers.About{Interval: time.Minute}, TroubledSince: now,
		Last: &numbers.Burst{
			Requests: 10, Own: 2, Failed: 1, Held: 5, Frozen: 2, Late: true, Lag: 20 * time.Millisecond,
			Kinds: []numbers.FailureKind{{Code: errcode.LocalPorts, Count: 2}, {Code: errcode.Refused, Count: 1}},
		},
	}
	s.Bursts, s.LastStart = 1, now.Add(-time.Hour)
	assert.Equal(t, []string{
		"no burst has started for the last 60 min",
		"2 requests ended with 1004 local_ports: " + errcode.LocalPorts.Meaning(),
		"3 requests not sent, because there were too few workers or a limit was reached",
		"2 requests not sent, because the prober did not run when they were due",
		"requests were sent 20 ms late on average",
	}, ownTrouble(s, now))
}

func TestVerdicts(t *testing.T) {
	t.Parallel()
	for want, c := range map[string]tally{
		"No targets":                                         {},
		"1 of 1 target is failing":                           {Targets: 1, States: [numStates]int{failing: 1}},
		"1 of 3 targets is failing":                          {Targets: 3, States: [numStates]int{failing: 1, ok: 2}},
		"Waiting for the first bursts":                       {Targets: 3, States: [numStates]int{waiting: 3}},
		"No target is failing, but the prober has a problem": {Targets: 3, States: [numStates]int{troubled: 1, ok: 2}},
		"The target is OK":                                   {Targets: 1, States: [numStates]int{ok: 1}},
		"All 2 targets are OK":                               {Targets: 3, States: [numStates]int{waiting: 1, ok: 2}},
	} {
		assert.Equal(t, want, c.Verdict())
	}
}

func TestTooFewWorkersAreToldWithHowManyItTakes(t *testing.T) {
	t.Parallel()
	now := time.Now()
	s := &numbers.Snapshot{TroubledSince: now, Last: &numbers.Burst{Requests: 60, Dropped: 90, Held: 90}}
	s.Bursts, s.LastStart, s.Interval = 1, now, time.Minute
	s.Capacity, s.Starved = load.Capacity{Rate: 50, Answer: 400 * time.Millisecond, Has: 5}, 90
	assert.Equal(t, []string{
		"too few workers: 50/s × 0.40 s needs 20 workers, has 5",
		"90 requests not sent, because there were too few workers or a limit was reached",
	}, ownTrouble(s, now))
	assert.Equal(t, troubled, stateOf(s, now))
}

func TestATargetThatSkipsSlotsForEverSaysSo(t *testing.T) {
	t.Parallel()
	now := time.Now()
	s := &numbers.Snapshot{Last: &numbers.Burst{Requests: 60, Duration: 40 * time.Second}}
	s.Bursts, s.LastStart, s.Interval = 1, now, 30*time.Second
	assert.Empty(t, ownTrouble(s, now), "no slot has been skipped yet")
	s.Skipped[load.SkipOverrun] = 1
	assert.Equal(t, []string{"the last burst took 40.00 s, but one is due every 30.00 s, so bursts are skipped"}, ownTrouble(s, now))
	assert.Equal(t, troubled, stateOf(s, now))
	s.Last.Duration = 20 * time.Second
	assert.Empty(t, ownTrouble(s, now), "it was once")
}
