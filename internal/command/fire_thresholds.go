package command

import (
	"fmt"
	"io"
	"strconv"
	"time"

	"example.com/prober/compare"
	"example.com/prober/prober/numbers"
	"example.com/prober/threshold"
)

// judgedReport is the report of a burst with the judgements of its thresholds.
type judgedReport struct {
	*numbers.Report

	thresholds []judgement // empty without any
	sample     *compare.Sample
	comparison *comparison // nil without one
}

// judgement is the measured value for a threshold.
type judgement struct {
	threshold.Threshold

	measured float64      // in the unit of the limit
	isKnown  bool         // whether anything was measured at all
	compared *compare.Row // nil without a comparison
	isLess   bool         // whether the compared value changed by less than counts
}

// judge checks a report against thresholds.
func judge(r *numbers.Report, all []threshold.Threshold) *judgedReport {
	return judgeCompared(r, all, nil, nil)
}

// judgeCompared is judge for a burst with a sample. Unless c is nil, it first compares this sample with another.
func judgeCompared(r *numbers.Report, all []threshold.Threshold, sample *compare.Sample, c *comparison) *judgedReport {
	j := &judgedReport{Report: r, sample: sample, comparison: c}
	if c != nil {
		c.end(sample)
	}
	for _, t := range all {
		if t.Op == threshold.WorseBy {
			j.thresholds = append(j.thresholds, c.judgementOf(t))
			continue
		}
		measured, isKnown := measure(r, t)
		j.thresholds = append(j.thresholds, judgement{Threshold: t, measured: measured, isKnown: isKnown})
	}
	return j
}

// isOK reports whether the burst counts as a success: it is complete and kept its thresholds or, without thresholds, no
// request failed.
func (r *judgedReport) isOK() bool {
	if len(r.thresholds) == 0 {
		return r.OK() && !r.comparison.isWorse()
	}
	return r.Outcome == numbers.Complete && len(r.broken()) == 0
}

// broken returns, for each broken threshold, the measured value in words.
func (r *judgedReport) broken() []string {
	var all []string
	for _, j := range r.thresholds {
		switch {
		case j.compared != nil && j.isBroken():
			all = append(all, fmt.Sprintf("%s: %s", j.Threshold, j.evidence()))
		case j.compared != nil:
		case !j.isKnown:
			all = append(all, fmt.Sprintf("%s: cannot tell, because there is nothing to measure", j.Threshold))
		case j.isBroken():
			all = append(all, fmt.Sprintf("%s: measured %s", j.Threshold, j.value()))
		}
	}
	return all
}

// isBroken reports whether the threshold fails the burst. A threshold without a measured value does.
func (j judgement) isBroken() bool {
	if j.compared != nil {
		return j.compared.Low > 0 && !j.isLess && j.Breaks(j.measured)
	}
	return !j.isKnown || j.Breaks(j.measured)
}

// value returns the measured value, with more digits than elsewhere: it may be close to the limit.
func (j judgement) value() string {
	digits := func(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }
	switch j.Limit.Unit {
	case threshold.Seconds:
		return time.Duration(j.measured * float64(time.Second)).Round(time.Microsecond).String()
	case threshold.PerSecond:
		return digits(j.measured) + "/s"
	case threshold.Share:
		return digits(100*j.measured) + " %"
	default:
		return strconv.FormatFloat(j.measured, 'f', 0, 64)
	}
}

// measure returns the measured value in the unit of the limit, and whether there was anything to measure.
func measure(r *numbers.Report, t threshold.Threshold) (measured float64, isKnown bool) {
	sent := r.Succeeded + r.Failed
	switch t.Measure {
	case threshold.Rate:
		return r.Rate, r.Rate > 0
	case threshold.ErrorRate:
		failed, local := failures(r)
		return counted(t, failed, sent-local)
	case threshold.Code:
		return counted(t, codesLike(r, t), sent)
	case threshold.Dropped:
		return counted(t, r.Dropped.Total(), r.Scheduled)
	case threshold.JourneysFailed, threshold.JourneysInterrupted:
		return journeys(r, t)
	default:
		return latency(&r.Latency, t.Measure).Seconds(), r.Latency.Count > 0
	}
}

// counted returns n or, for a limit in shares, n as a share of all.
func counted(t threshold.Threshold, n, all uint64) (measured float64, isKnown bool) {
	switch {
	case all == 0:
		return 0, false
	case t.Limit.Unit == threshold.Share:
		return float64(n) / float64(all), true
	}
	return float64(n), true
}

// failures returns how many requests failed because of the target, and how many because of the prober itself.
// An error rate is about the target: the prober's own trouble counts neither as a failure nor as a request.
func failures(r *numbers.Report) (failed, local uint64) {
	for _, c := range r.Codes {
		if c.Code.IsLocal() {
			local += c.Count
		}
	}
	return r.Failed - local, local
}

func codesLike(r *numbers.Report, t threshold.Threshold) (n uint64) {
	for _, c := range r.Codes {
		if t.Counts(int(c.Code)) {
			n += c.Count
		}
	}
	return n
}

func journeys(r *numbers.Report, t threshold.Threshold) (measured float64, isKnown bool) {
	if r.Journey == nil {
		return 0, false
	}
	result := numbers.JourneyFailure
	if t.Measure == threshold.JourneysInterrupted {
		result = numbers.JourneyInterrupted
	}
	return counted(t, r.Journey.Count(result), r.Rows[0].Scheduled)
}

func latency(l *numbers.Latency, m threshold.Measure) time.Duration {
	switch m {
	case threshold.P50:
		return l.P50
	case threshold.P90:
		return l.P90
	case threshold.P95:
		return l.P95
	case threshold.P99:
		return l.P99
	case threshold.P999:
		return l.P999
	case threshold.Max:
		return l.Max
	default:
		return l.Mean
	}
}

// writeFireThresholds prints the judgement of each threshold.
func writeFireThresholds(out io.Writer, all []judgement) {
	if len(all) == 0 {
		return
	}
	fmt.Fprintln(out, "\nTHRESHOLD\tMEASURED\tVERDICT")
	for _, j := range all {
		measured, word := j.value(), "kept"
		switch {
		case j.compared != nil:
			measured, word = j.comparedWords()
		case !j.isKnown:
			measured, word = "-", "broken: cannot tell"
		case j.isBroken():
			word = "broken"
		}
		fmt.Fprintf(out, "%s\t%s\t%s\n", j.Threshold, measured, word)
	}
}

// fireThresholdJSON is the judgement of a threshold. docs/fire.md describes it.
type fireThresholdJSON struct {
	Text     string   `json:"text"`
	Measured *float64 `json:"measured"`
	OK       bool     `json:"ok"`
}

func thresholdJSON(j judgement) fireThresholdJSON {
	t := fireThresholdJSON{Text: j.Threshold.String(), OK: !j.isBroken()}
	if j.isKnown {
		t.Measured = &j.measured
	}
	return t
}
