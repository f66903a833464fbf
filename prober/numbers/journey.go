package numbers

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// JourneyResult says how a journey ended.
type JourneyResult uint8

// A journey goes through all of its steps, fails at a step by the target's doing, or is
// interrupted at a step: its burst has ended, a ceiling held the step back, or the prober had
// trouble of its own.
const (
	JourneySuccess JourneyResult = iota
	JourneyFailure
	JourneyInterrupted

	// NumJourneyResults is how many results there are.
	NumJourneyResults = iota
)

// String returns the result as in the label result.
func (j JourneyResult) String() string {
	return [NumJourneyResults]string{"success", "failure", "interrupted"}[j]
}

// Journey describes one journey that ended.
type Journey struct {
	Result JourneyResult
	// Step is the last step of the journey. It has no meaning after a success.
	Step int
	// Took is the time from when the journey was due to its end, without Thought, the time between
	// its steps. Busy is the time from the start of its first step to its end, with Thought. It
	// kept a worker busy for as long.
	Took, Thought, Busy time.Duration
}

// journeys has the counts of a target's journeys.
type journeys struct {
	created time.Time
	// inFlight counts journeys that have started their first step and not ended.
	inFlight uint64
	// ended counts by result and by the name of the last step; a success has no step. A removed
	// step stays, because the sums include it.
	ended     map[journeyKey]uint64
	durations [NumJourneyResults]Histogram
	thought   totalTime
}

type journeyKey struct {
	result JourneyResult
	step   string
}

// setJourney makes the target a target with journeys, or one without.
func (r *Recorder) setJourney(journey, goesOn bool, now time.Time) {
	switch {
	case !journey:
		r.journey = nil
	case r.journey == nil || !goesOn:
		r.journey = &journeys{created: now, ended: make(map[journeyKey]uint64)}
		r.journey.durations[JourneySuccess].created = now
	}
}

// Due schedules a later step of a journey under way: the step waits until Start or HoldBack.
func (r *Recorder) Due(step int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.schedule(step)
}

// EndJourney counts a journey that ended. Its first step was started and not dropped unsent. Its
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
	// An interrupted journey was cut short by the prober, and says nothing about how long
	// one takes.
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

// JourneyNumbers are the numbers of a target's journeys. They agree with the numbers of the first
// step: Scheduled = the sum of Ended + InFlight + Dropped + Waiting.
type JourneyNumbers struct {
	Created time.Time
	// Ended has success, and failure at each step, even with a count of 0. It has other pairs only
	// if they have occurred. It is in the order of results, then of steps.
	Ended []JourneyCount
	// InFlight journeys have started and have not ended.
	InFlight uint64
	// Thought is how long all journeys together paused between their steps, as far as a Duration
	// can hold it. ThoughtSeconds has it however long it is. ThoughtMean is the mean over the
	// journeys that ended.
	Thought, ThoughtMean time.Duration
	ThoughtSeconds       float64
	// P50 and P99 are quantiles of the duration of successful journeys, within 10%. WithSummary.
	P50, P99 time.Duration
	// Durations are by result, without the time between steps. WithDistributions, else nil.
	Durations *[NumJourneyResults]Histogram
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

// FunnelStep is how many journeys reached a step, and how many of them failed or were interrupted
// there. A journey that was interrupted before the step was due has reached it.
type FunnelStep struct {
	Name                         string
	Reached, Failed, Interrupted uint64
}

// Funnel returns how the ended journeys got on, step by step. The steps must have been the
// same all the time: journeys that ended at another step are left out. It is added up from
// the last step to the first: whoever reached a step had reached all before it.
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

// numbers returns the counts, for the present steps.
func (j *journeys) numbers(steps []*requestTally, parts Parts) *JourneyNumbers {
	n := &JourneyNumbers{Created: j.created, InFlight: j.inFlight, Thought: j.thought.duration(), ThoughtSeconds: j.thought.seconds()}
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
	n.ThoughtMean = j.thought.mean(n.Total())
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

// beginJourney notes the start of a step. With the first step, a journey begins.
func (r *Recorder) beginJourney(step int) {
	if r.journey != nil && step == 0 {
		r.journey.inFlight++
	}
}

// unbeginJourney notes that a started step was dropped. If it was the first step, the journey does
// not count.
func (r *Recorder) unbeginJourney(step int) {
	if r.journey != nil && step == 0 {
		r.journey.inFlight--
	}
}
