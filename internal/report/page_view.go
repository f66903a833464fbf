package report

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"html/template"
	"slices"
	"strconv"
	"time"

	"example.com/prober/errcode"
	"example.com/prober/prober/numbers"
	"example.com/prober/web/chart"
	"example.com/prober/web/static"
)

// pageView is the data of the page.
type pageView struct {
	*Result

	Style template.CSS
	// StyleHash lets browsers apply this style and no other (Content Security Policy Level 3, section 6.7.3.3).
	StyleHash string
	State     pageState
	Views     []targetView
	Total     Counts
}

// pageState is a verdict for the template "state".
type pageState bool

// String returns the state of the status page with the same look.
func (s pageState) String() string {
	if s {
		return "ok"
	}
	return "failing"
}

// Words returns the verdict.
func (s pageState) Words() string {
	if s {
		return "passed"
	}
	return "failed"
}

// targetView is a target as the page shows it.
type targetView struct {
	*Target

	// ID is the prefix of the anchors of the target, so no two targets share one. IsAlone means that the page has no other
	// target.
	ID      string
	IsAlone bool
	State   pageState
	Counts  Counts
	// Start is the start of the first of the Slices.
	Start  time.Time
	Slices []numbers.Burst
	Charts pageCharts
}

// pageCharts are the charts of a target. The last two are nil without a journey.
type pageCharts struct{ Histogram, Latency, Rates, Codes, Phases, Waterfall, Funnel *chart.Chart }

// PhaseTimes lists the phases in which requests spent time.
func (t *targetView) PhaseTimes() (all []errcode.Phase) {
	for _, p := range t.Phases {
		all = append(all, p.Phase)
	}
	return all
}

// Worst returns the commonest code among the failures of a row. The code is 0 without any.
func (t *targetView) Worst(row *numbers.RequestRow) (most numbers.CodeCount) {
	for _, c := range row.Codes {
		if c.Code.IsFailure() && c.Count > most.Count {
			most = c
		}
	}
	return most
}

func (p *page) view(r *Result) (*pageView, error) {
	style, err := static.Files.ReadFile("style.css")
	if err != nil {
		return nil, err
	}
	whole := slices.Concat(style, []byte(pageStyle))
	sum := sha256.Sum256(whole)
	v := &pageView{
		Result: r, State: pageState(r.OK), Total: r.Sum(),
		Style: template.CSS(whole), StyleHash: base64.StdEncoding.EncodeToString(sum[:]), //nolint:gosec // G203: it is the program's own
	}
	for i := range r.Targets {
		v.Views = append(v.Views, p.target(r, i))
	}
	return v, nil
}

func (p *page) target(r *Result, i int) targetView {
	t := &r.Targets[i]
	v := targetView{
		Target: t, ID: "t" + strconv.Itoa(i+1), IsAlone: len(r.Targets) == 1, State: pageState(t.OK), Counts: t.Counted(), Start: t.LastStart,
	}
	if i < len(p.timelines) {
		v.Start, v.Slices = p.timelines[i].Start(), p.timelines[i].Slices()
	}
	s := chart.OfSlices(v.Slices, v.Start)
	v.Charts = pageCharts{Histogram: chart.Histogram(&t.Latency), Latency: s.Latency(), Rates: s.Rates(), Codes: s.Codes(), Phases: s.Phases()}
	if t.Journey != nil {
		v.Charts.Waterfall, v.Charts.Funnel = chart.Waterfall(t.ByRequest, t.Think), chart.Funnel(t.ByRequest, t.Journey)
	}
	c := &v.Charts
	for _, one := range []*chart.Chart{c.Histogram, c.Latency, c.Rates, c.Codes, c.Phases, c.Waterfall, c.Funnel} {
		if one != nil {
			one.ID = v.ID + "-" + one.ID
		}
	}
	return v
}

// Since returns the time from the start to the start of a slice.
func (t *targetView) Since(b *numbers.Burst) time.Duration { return b.Start.Sub(t.Start) }

// PerSecond returns how many requests of a slice ended per second.
func (t *targetView) PerSecond(b *numbers.Burst) float64 {
	return float64(b.Requests) / b.Duration.Seconds()
}

// Ends lists when certificates end.
func (t *targetView) Ends() (all []certificate) {
	if t.TLS != nil {
		all = append(all, certificate{"Certificate", t.TLS.LeafNotAfter}, certificate{"Earliest of its chain", t.TLS.EarliestNotAfter})
	}
	return append(all, certificate{"Client certificate", t.ClientNotAfter})
}

// certificate is the end of a certificate. It is zero if it is unknown.
type certificate struct {
	What string
	End  time.Time
}

// Asked says how many requests per second the burst asks for. It returns "" if it asks for no rate.
func (t *targetView) Asked() string {
	if t.Plan.Rate == 0 {
		return ""
	}
	return fmt.Sprintf("of %s asked for", chart.Rate(t.Plan.Rate))
}

// Workers says how many workers the burst lacked, and "" if it had enough.
func (t *targetView) Workers() string {
	capacity, isShort := t.Shortage()
	if !isShort {
		return ""
	}
	return capacity.String()
}

// JourneyCounts says how many journeys went through, failed, and were interrupted.
func (t *targetView) JourneyCounts() []uint64 {
	j := t.Journey
	return []uint64{j.Count(numbers.JourneySuccess), j.Count(numbers.JourneyFailure), j.Count(numbers.JourneyInterrupted)}
}

// CountsOf counts the requests of one name in a mix.
func (t *targetView) CountsOf(row *numbers.RequestRow) Counts {
	return Counts{row.Scheduled, row.Succeeded, row.Failed, row.Dropped.Total()}
}
