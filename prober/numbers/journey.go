package numbers

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// JourneyResult says how a journey ended.
type JourneyResult uint8

// A journey goes through all of its steps, fails at one by the target's doing, or is interrupted
// at one: its burst has ended, a ceiling held the step back, or the prober had trouble of its own.
const (
	JourneySuccess JourneyResult = iota
	JourneyFailure
	JourneyInterrupted

	// NumJourneyResults is how many results there are.
	NumJourneyResults = iota
)

// String returns the result as it stands in the label result.
func (j JourneyResult) String() string {
	return [NumJourneyResults]string{"success", "failure", "interrupted"}[j]
}

// Journey is what one journey came to.
type Journey struct {
	Result JourneyResult
	// Step is the one at which it ended. It says nothing of one that succeeded.
	Step int
	// Took is the time from when it was due to its end, without Thought, the time between its
	// steps. Busy is the time for which a worker had it: from when its first step started to
	// its end, with Thought.
	Took, Thought, Busy time.Duration
}

// journeys is what is counted of the journeys of a target.
type journeys struct {
	created time.Time
	// inFlight have started their first step and have not ended.
	inFlight uint64
	// ended counts by result and, but for success, the name of the step at which they ended. A
	// step that has gone stays: the sums hold it.
	ended     map[journeyKey]uint64
	durations [NumJourneyResults]Histogram
	thought   totalTime
}

type journeyKey struct {
	result JourneyResult
	step   string
}

// setJourney makes the target one of journeys, or one that has none.
func (r *Recorder) setJourney(journey, goesOn bool, now time.Time) {
	switch {
	case !journey:
		r.journey = nil
	case r.journey == nil || !goesOn:
		r.journey = &journeys{created: now, ended: make(map[journeyKey]uint64)}
		r.journey.durations[JourneySuccess].created = now
	}
}

// Due schedules a step of a journey under way behind the first: it waits until it is started or
// held back.
func (r *Recorder) Due(step int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.schedule(step)
}

// EndJourney counts a journey whose first step was started, and was not dropped unsent. Its
// last step has been counted before.
func (r *Recorder) EndJourney(j Journey) {
	r.mu.Lock()
	defer r.mu.Unlock()
	of := r.journey
	of.inFlight--
	key := journeyKey{result: j.Result}
	if j.Result != JourneySuccess {
		key.step = r.requests[j.Step].name
	}
	of.ended[key]++
	if j.Result != JourneyInterrupted {
		r.counts.continueRun(j.Result == JourneyFailure)
	}
	of.durations[j.Result].observe(r.bounds, j.Took)
	of.thought.add(max(j.Thought, 0))
	if r.arrivals != nil && j.Result != JourneyInterrupted {
		r.answers.note(j.Busy)
	}
}

// JourneyCount is how many journeys ended with a result, and at which step: "" for success.
type JourneyCount struct {
	Result JourneyResult
	Step   string
	Count  uint64
}

// JourneyNumbers are what came of the journeys of a target. They agree with the numbers of its
// first step: Scheduled = the sum of Ended + InFlight + what was Dropped and is Waiting.
type JourneyNumbers struct {
	Created time.Time
	// Ended has success, and failure at each step, whether or not there were any; the rest as
	// far as it has occurred. It is in the order of results, then of the steps.
	Ended []JourneyCount
	// InFlight journeys have started and have not ended.
	InFlight uint64
	// Thought is how long all journeys together paused between their steps.
	Thought time.Duration
	// P50 and P99 are of the duration of those that succeeded, within 10%. WithSummary.
	P50, P99 time.Duration
	// Durations are by result, without the time between steps. WithDistributions, else nil.
	Durations *[NumJourneyResults]Histogram

	thought float64 // in seconds
}

// Count returns how many journeys ended with a result.
func (n *JourneyNumbers) Count(result JourneyResult) (sum uint64) {
	for _, c := range n.Ended {
		if c.Result == result {
			sum += c.Count
		}
	}
	return sum
}

// Total returns how many journeys ended.
func (n *JourneyNumbers) Total() (sum uint64) {
	for _, c := range n.Ended {
		sum += c.Count
	}
	return sum
}

// FunnelStep is how many journeys reached a step, and how many of them ended at it without
// success. A journey that was interrupted before the step was due has reached it.
type FunnelStep struct {
	Name                         string
	Reached, Failed, Interrupted uint64
}

// Funnel returns what became of the journeys that have ended, step by step. It is for steps
// that have been the same all the time; journeys that ended at any other are left out.
func (n *JourneyNumbers) Funnel(steps []RequestNumbers) []FunnelStep {
	all := make([]FunnelStep, len(steps))
	place := make(map[string]*FunnelStep, len(steps))
	for i := range steps {
		all[i].Name = steps[i].Name
		place[steps[i].Name] = &all[i]
	}
	for _, c := range n.Ended {
		switch step := place[c.Step]; {
		case step == nil:
		case c.Result == JourneyFailure:
			step.Failed += c.Count
		case c.Result == JourneyInterrupted:
			step.Interrupted += c.Count
		}
	}
	reached := n.Count(JourneySuccess)
	for i := len(all) - 1; i >= 0; i-- {
		reached += all[i].Failed + all[i].Interrupted
		all[i].Reached = reached
	}
	return all
}

// numbers returns what was counted, for steps as they are now.
func (j *journeys) numbers(steps []*requestTally, parts Parts) *JourneyNumbers {
	n := &JourneyNumbers{Created: j.created, InFlight: j.inFlight, Thought: j.thought.mean(1), thought: j.thought.seconds()}
	n.Ended = append(n.Ended, JourneyCount{Result: JourneySuccess, Count: j.ended[journeyKey{}]})
	place := make(map[string]int, len(steps))
	for i, step := range steps {
		place[step.name] = i
		n.Ended = append(n.Ended, JourneyCount{JourneyFailure, step.name, j.ended[journeyKey{JourneyFailure, step.name}]})
	}
	for key, count := range j.ended {
		_, isStep := place[key.step]
		if key.result == JourneyInterrupted || key.result == JourneyFailure && !isStep {
			n.Ended = append(n.Ended, JourneyCount{key.result, key.step, count})
		}
	}
	slices.SortFunc(n.Ended, func(a, b JourneyCount) int {
		return cmp.Or(cmp.Compare(a.Result, b.Result), cmp.Compare(place[a.Step], place[b.Step]), strings.Compare(a.Step, b.Step))
	})
	if parts&WithSummary != 0 {
		success := &j.durations[JourneySuccess]
		n.P50, n.P99 = success.Quantile(0.5), success.Quantile(0.99)
	}
	if parts&WithDistributions != 0 {
		n.Durations = new([NumJourneyResults]Histogram)
		for result := range j.durations {
			n.Durations[result] = j.durations[result].Clone()
		}
	}
	return n
}

// beginJourney notes that a step has started: with the first of them, a journey begins.
func (r *Recorder) beginJourney(step int) {
	if r.journey != nil && step == 0 {
		r.journey.inFlight++
	}
}

// unbeginJourney notes that a step was dropped after it had started: with the first of them, the
// journey never was.
func (r *Recorder) unbeginJourney(step int) {
	if r.journey != nil && step == 0 {
		r.journey.inFlight--
	}
}
