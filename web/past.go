package web

import (
	"fmt"
	"math"
	"net/url"
	"slices"
	"time"

	"example.com/prober/prober/numbers"
	"example.com/prober/web/chart"
	"example.com/prober/web/history"
)

// pastChoice says which part of the history of a target a page shows.
type pastChoice struct {
	Span     history.Span
	Location string
}

// readPastChoice takes the choice from the query of the page of a target. window is how long its error budget lasts. It
// ignores unknown values, so there are no more pages than choices.
func (s *Shell) readPastChoice(q url.Values, target string, window time.Duration) pastChoice {
	c := pastChoice{Span: history.Day}
	for _, span := range history.Spans(window) {
		if span.String() == q.Get("span") {
			c.Span = span
		}
	}
	places := s.opts.History.Counts(target, c.Span).Places
	if location := q.Get("location"); slices.ContainsFunc(places, func(p history.Place) bool { return p.Location == location }) {
		c.Location = location
	} else if len(places) > 0 {
		c.Location = places[0].Location
	}
	return c
}

func (c pastChoice) query() string {
	q := url.Values{"span": {c.Span.String()}}
	if c.Location != "" {
		q.Set("location", c.Location)
	}
	return "?" + q.Encode()
}

// past is the history of a target over days, from Prometheus.
type past struct {
	Rows []pastRow
	// HasLocations means that some series have the label location.
	HasLocations bool
	Chosen       pastChoice
	Charts       pastCharts
	// At is when the chosen span was read, or zero if it was not read yet. Mistake says why the last read failed.
	At      time.Time
	Mistake string
}

type pastCharts struct{ Latency, Outcome, Codes *chart.Chart }

// pastRow counts the requests of one span from one location.
type pastRow struct {
	pastChoice
	// Chosen means that the charts show this row. Objective means that its span is the window of the objective.
	Chosen, Objective bool
	// Requests leave out requests with trouble of the prober's own.
	Requests, Failed uint64
	Availability     string
	Budget           string
	IsSpent          bool
}

// Link returns the query of the page with the charts of the row.
func (r *pastRow) Link() string { return r.query() + "#days" }

// pastOf returns the known history of a target. It returns nil without a Prometheus.
func (s *Shell) pastOf(t *numbers.Snapshot, chosen pastChoice) *past {
	if s.opts.History == nil {
		return nil
	}
	p := &past{Chosen: chosen}
	for _, span := range history.Spans(t.ObjectiveWindow) {
		counts := s.opts.History.Counts(t.Name, span)
		for i := range counts.Places {
			p.Rows = append(p.Rows, pastRowOf(t, span, &counts.Places[i]))
			p.HasLocations = p.HasLocations || counts.Places[i].Location != ""
		}
		if span == chosen.Span {
			p.At = counts.At
		}
		if counts.Err != nil {
			p.Mistake = shortened(counts.Err.Error(), longestMistake)
		}
	}
	for i := range p.Rows {
		p.Rows[i].Chosen = p.Rows[i].pastChoice == chosen
	}
	p.draw(s.opts.History, t.Name)
	return p
}

func pastRowOf(t *numbers.Snapshot, span history.Span, place *history.Place) pastRow {
	requests, failed, own := place.Total()
	r := pastRow{
		pastChoice: pastChoice{span, place.Location},
		Objective:  time.Duration(span) == t.ObjectiveWindow,
		Requests:   requests - own, Failed: failed,
		Availability: chart.Availability(failed, requests-own),
	}
	if t.ObjectiveRatio > 0 && r.Requests > 0 {
		r.Budget, r.IsSpent = budgetWords(budgetUsed(failed, r.Requests, t.ObjectiveRatio))
	}
	return r
}

// budgetUsed returns the used share of the failures that an objective allows among requests. It is above 1 if more
// failed.
func budgetUsed(failed, requests uint64, objective float64) float64 {
	const digits = 1e9 // 1 - 0.9 is not 0.1 in binary
	return math.Round(digits*float64(failed)/((1-objective)*float64(requests))) / digits
}

// budgetWords says how much of an error budget is left after a share is used. The result is below 0 if more failed than
// the objective allows.
func budgetWords(used float64) (words string, isSpent bool) {
	if used > 1 {
		return fmt.Sprintf("−%.0f %%", math.Ceil(100*(used-1))), true
	}
	return fmt.Sprintf("%.0f %%", math.Floor(100*(1-used))), false
}

// draw draws the charts of the chosen row. A location unknown to Prometheus has none.
func (p *past) draw(store *history.Store, target string) {
	sliced := func(t history.Target) *chart.Series {
		for i := range t.Places {
			if t.Places[i].Location == p.Chosen.Location {
				return chart.OfDays(t.Places[i].Slices, p.Chosen.Span.Words())
			}
		}
		return nil
	}
	if counts := sliced(store.Counts(target, p.Chosen.Span)); counts != nil {
		p.Charts.Outcome, p.Charts.Codes = counts.Requests(), counts.Codes()
	}
	if latencies := sliced(store.Latencies(target, p.Chosen.Span)); latencies != nil {
		p.Charts.Latency = latencies.Bands()
	}
}
