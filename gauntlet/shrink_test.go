package main

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
)

// playerOf returns a function that reports a failure if a scenario has all of the targets and at least so many steps. A
// scenario without targets has all of them. asked counts the calls.
func playerOf(asked *int, targets []string, steps int) func(scenario) bool {
	return func(s scenario) bool {
		*asked++
		for _, name := range targets {
			if len(s.targets) > 0 && !slices.Contains(s.targets, name) {
				return false
			}
		}
		return !s.bounded || s.steps >= steps
	}
}

func numbered(n int) (names []string) {
	for i := range n {
		names = append(names, fmt.Sprintf("target-%d", i))
	}
	return names
}

func TestTheShortestScriptHasOnlyWhatItTakes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		culprits, guess []string
		steps, needed   int
		want            scenario
		tries           int
	}{
		"one target of many":          {culprits: []string{"target-150"}, want: scenario{targets: []string{"target-150"}}, tries: 20},
		"two that are far apart":      {culprits: []string{"target-3", "target-190"}, want: scenario{targets: []string{"target-3", "target-190"}}, tries: 100},
		"one of those that are named": {culprits: []string{"target-7"}, guess: []string{"target-6", "target-7"}, want: scenario{targets: []string{"target-7"}}, tries: 3},
		"none of those that are named": {
			culprits: []string{"target-7"}, guess: []string{"target-6"}, want: scenario{targets: []string{"target-7"}}, tries: 25,
		},
		"some steps of the schedule": {
			culprits: []string{"target-7"}, guess: []string{"target-7"}, steps: 100, needed: 42,
			want: scenario{targets: []string{"target-7"}, steps: 42, bounded: true}, tries: 10,
		},
		"no step": {
			culprits: []string{"target-7"}, guess: []string{"target-7"}, steps: 100,
			want: scenario{targets: []string{"target-7"}, bounded: true}, tries: 3,
		},
	} {
		asked := 0
		s := shrinker{fails: playerOf(&asked, c.culprits, c.needed), tries: 1000, spent: func() bool { return false }}
		least, again := s.shortest(numbered(201), c.guess, c.steps)
		assert.True(t, again, name)
		assert.Equal(t, c.want, least, name)
		assert.LessOrEqual(t, asked, c.tries, name)
	}
}

func TestAPhaseWithoutPartsIsItsOwnShortestScript(t *testing.T) {
	t.Parallel()
	asked := 0
	s := shrinker{fails: playerOf(&asked, nil, 0), tries: 10, spent: func() bool { return false }}
	least, again := s.shortest(nil, nil, 0)
	assert.True(t, again)
	assert.True(t, least.isWhole())
	assert.Equal(t, 1, asked)
}

func TestAFailureThatDoesNotComeAgainIsSaidToBeSo(t *testing.T) {
	t.Parallel()
	s := shrinker{fails: func(scenario) bool { return false }, tries: 10, spent: func() bool { return false }}
	_, again := s.shortest(numbered(9), nil, 5)
	assert.False(t, again)
	assert.Equal(t, 9, s.tries, "one try")
}

func TestTheSearchEndsWhenItsTriesAreSpent(t *testing.T) {
	t.Parallel()
	asked := 0
	s := shrinker{fails: playerOf(&asked, numbered(150), 0), tries: 7, spent: func() bool { return false }}
	least, again := s.shortest(numbered(201), nil, 50)
	assert.True(t, again)
	assert.Equal(t, 7, asked)
	assert.True(t, least.isWhole(), "nothing smaller was found")
}

func TestAPartOfAPhaseIsToldInFlags(t *testing.T) {
	t.Parallel()
	assert.Empty(t, (&scenario{}).flags())
	assert.Equal(t, " -targets a,b -steps 0", (&scenario{targets: []string{"a", "b"}, bounded: true}).flags())
}

func TestNotesNameTheTargetsToTryFirst(t *testing.T) {
	t.Parallel()
	x := failure{targets: []string{"h1-reset", "body-reset", "h1", "reset"}, notes: []string{"h1-reset comes to 0", "x: body-reset: no"}}
	assert.Equal(t, []string{"h1-reset", "body-reset"}, x.named())
}

func TestAPhaseLearnsWhatToPlay(t *testing.T) {
	t.Parallel()
	r := replay{scenario: scenario{targets: []string{"a"}, steps: 2, bounded: true}}
	assert.True(t, r.plays("a"))
	assert.False(t, r.plays("b"))
	assert.True(t, r.step(0) && r.step(1))
	assert.False(t, r.step(2))
	assert.Equal(t, []string{"a"}, r.asked)
	assert.Equal(t, 2, r.taken)
}
