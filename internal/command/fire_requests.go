package command

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"time"

	"example.com/prober/errcode"
	"example.com/prober/prober/numbers"
)

// The results for the requests of a mix, and for journeys. docs/fire.md describes them.

// writeFireRate prints how many requests were sent per second, or how many journeys begun. A single request has no
// rate. That is printed only if the configuration asks for a rate.
func writeFireRate(out io.Writer, r *numbers.Report) {
	what := ""
	if r.Journey != nil {
		what = ", in journeys"
	}
	if r.Plan.Rate == 0 {
		if r.Rate > 0 {
			fmt.Fprintf(out, "rate\t%s%s\n", perSecond(r.Rate), what)
		}
		return
	}
	fmt.Fprintf(out, "rate\t%s of %s asked for%s\n", perSecond(r.Rate), perSecond(r.Plan.Rate), what)
	fmt.Fprintf(out, "lateness\tp99 %s, of the prober itself\n", shortDuration(r.LagP99))
}

// writeFireCut prints how much of the burst was never due.
func writeFireCut(out io.Writer, r *numbers.Report) {
	what := ""
	if r.Journey != nil {
		what = " journeys"
	}
	if cut := r.Cuts.Requests(); cut > 0 {
		fmt.Fprintf(out, "\t%d more%s were cut before they were due\n", cut, what)
	}
}

// writeFireJourneys prints a summary of the journeys, if there are any.
func writeFireJourneys(out io.Writer, r *numbers.Report) {
	j := r.Journey
	if j == nil {
		return
	}
	first := &r.Rows[0]
	fmt.Fprintf(out, "journeys\t%d due: %d succeeded, %d failed, %d interrupted, %d dropped%s\n", first.Scheduled, j.Count(numbers.JourneySuccess),
		j.Count(numbers.JourneyFailure), j.Count(numbers.JourneyInterrupted), first.Dropped.Total(), dropWords(first.Dropped.ByReason()))
	if l := &r.JourneyLatency; l.Count > 0 {
		fmt.Fprintf(out, "journey time\tp50 %s, p99 %s, max %s, of those that succeeded, without pauses\n",
			shortDuration(l.P50), shortDuration(l.P99), shortDuration(l.Max))
	}
	if j.Thought > 0 && j.Total() > 0 {
		fmt.Fprintf(out, "think time\t%s in all, %s a journey\n", shortDuration(j.Thought), shortDuration(j.ThoughtMean))
	}
}

// writeFireRequests prints the results of each request of a mix, or step of a journey.
func writeFireRequests(out io.Writer, rows []numbers.RequestRow) {
	if len(rows) == 0 {
		return
	}
	in := unitOf(rows, func(q *numbers.RequestRow) []time.Duration { return shownLatency(&q.Latency) })
	fmt.Fprintln(out, "\nREQUEST\tDUE\tOK\tFAILED\tDROPPED\tP50\tP90\tP99\tMAX\tCOMMONEST FAILURE")
	for i := range rows {
		q := &rows[i]
		l := &q.Latency
		fmt.Fprintf(out, "%s\t%d\t%d\t%d\t%d\t%s\t%s\t%s\t%s\t%s\n", q.Name, q.Scheduled, q.Succeeded, q.Failed, q.Dropped.Total(),
			in.format(l.P50), in.format(l.P90), in.format(l.P99), in.format(l.Max), failureOf(q.Codes))
	}
}

// shownLatency returns the durations of a latency for tables.
func shownLatency(l *numbers.Latency) []time.Duration {
	return []time.Duration{l.P50, l.P90, l.P99, l.Max}
}

// failureOf returns the commonest code of failures, and the number of other failures.
func failureOf(codes []numbers.CodeCount) string {
	failures := slices.DeleteFunc(slices.Clone(codes), func(c numbers.CodeCount) bool { return c.Code == errcode.OK })
	if len(failures) == 0 {
		return "-"
	}
	most := slices.MaxFunc(failures, func(a, b numbers.CodeCount) int { return cmp.Compare(a.Count, b.Count) })
	return fmt.Sprintf("%s %s (%d): %s", most.Code, most.Code.Name(), most.Count, most.Code.Meaning())
}

// writeFireFunnel prints how many journeys reached each step.
func writeFireFunnel(out io.Writer, r *numbers.Report) {
	if len(r.Funnel) == 0 {
		return
	}
	fmt.Fprintln(out, "\nSTEP\tREACHED BY\tSHARE\tFAILED HERE\tINTERRUPTED HERE")
	for _, step := range r.Funnel {
		share := "-"
		if all := r.Funnel[0].Reached; all > 0 {
			share = fmt.Sprintf("%.3g %%", 100*float64(step.Reached)/float64(all))
		}
		fmt.Fprintf(out, "%s\t%d\t%s\t%d\t%d\n", step.Name, step.Reached, share, step.Failed, step.Interrupted)
	}
	fmt.Fprintf(out, "all steps\t%d\n", r.Journey.Count(numbers.JourneySuccess))
}
