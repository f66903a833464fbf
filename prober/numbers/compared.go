package numbers

import (
	"math"
	"strconv"
	"time"
)

// Comparison is a comparison of a target with another one, its old version.
type Comparison struct {
	With      string
	Margin    float64
	MinChange time.Duration
	Window    time.Duration
	// Verdict is one of [ComparisonVerdicts].
	Verdict string
	// Needed is about how many requests of each target within the window would be enough for a verdict. It is 0
	// if there is a verdict, or if the number is not known.
	Needed uint64
	// Old and New are how many requests of the two targets are compared.
	Old, New uint64
	// Quantiles is empty until both targets have requests. After that, Errors is the difference between their
	// shares of failures.
	Quantiles []ComparedRow
	Errors    *ComparedRow
}

// ComparedRow is the comparison of one measure.
type ComparedRow struct {
	// Quantile is from 0 to 1; 0 for the share of failures.
	Quantile float64
	// Old and New are in seconds, or shares. A latency is infinite if too many requests failed.
	Old, New float64
	// Value is the ratio of the latencies, new to old, or the difference of the shares. Low and High are the
	// bounds of its interval. Value is NaN if neither side has a value. All three may be infinite.
	Value, Low, High float64
	Verdict          string
}

// ComparisonVerdicts are all verdicts of a comparison, as in the label verdict.
func ComparisonVerdicts() [4]string { return [4]string{"better", "cannot_tell", "same", "worse"} }

// comparedRatio writes a value of each quantile.
func comparedRatio(value func(*ComparedRow) float64) func(*Page, *scrape) {
	return func(p *Page, s *scrape) {
		s.comparisons(func(v *view, c *Comparison, with *label) {
			for i := range c.Quantiles {
				if r := &c.Quantiles[i]; !math.IsNaN(r.Value) {
					p.gauge(value(r), pair("quantile", strconv.FormatFloat(r.Quantile, 'g', -1, 64)), v.name, with)
				}
			}
		})
	}
}

func comparedErrors(value func(*ComparedRow) float64) func(*Page, *scrape) {
	return func(p *Page, s *scrape) {
		s.comparisons(func(v *view, c *Comparison, with *label) {
			if c.Errors != nil {
				p.gauge(value(c.Errors), v.name, with)
			}
		})
	}
}

// comparedRequests writes how many requests of each side are compared.
func (p *Page) comparedRequests(s *scrape) {
	s.comparisons(func(v *view, c *Comparison, with *label) {
		p.gauge(float64(c.New), v.name, pair("version", "new"), with)
		p.gauge(float64(c.Old), v.name, pair("version", "old"), with)
	})
}

// comparedVerdicts writes 1 for the verdict, and 0 for the others.
func (p *Page) comparedVerdicts(s *scrape) {
	s.comparisons(func(v *view, c *Comparison, with *label) {
		for _, verdict := range ComparisonVerdicts() {
			p.gauge(boolean(verdict == c.Verdict), v.name, pair("verdict", verdict), with)
		}
	})
}

// comparisons calls write for each target with a comparison.
func (s *scrape) comparisons(write func(v *view, c *Comparison, with *label)) {
	for i := range s.targets {
		if c := s.targets[i].Comparison; c != nil {
			write(&s.targets[i], c, pair("with", c.With))
		}
	}
}

// fullComparison has all rows.
func fullComparison() *Comparison {
	return &Comparison{With: "other", Quantiles: []ComparedRow{{Quantile: 0.5}, {Quantile: 0.9}, {Quantile: 0.99}}, Errors: new(ComparedRow)}
}
