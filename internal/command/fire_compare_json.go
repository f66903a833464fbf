package command

import (
	"math"

	"example.com/prober/compare"
)

// fireSliceJSON has the results of one time slice, for a later comparison.
type fireSliceJSON struct {
	Failed    uint64 `json:"failed"`
	Latencies string `json:"latencies"`
}

func slicesJSON(s *compare.Sample) []fireSliceJSON {
	if s == nil {
		return []fireSliceJSON{}
	}
	return list(s.Slices, func(one compare.Slice) fireSliceJSON { return fireSliceJSON{one.Failed, one.Latencies()} })
}

// fireComparisonJSON is the result of a comparison. docs/fire.md describes it.
type fireComparisonJSON struct {
	With    string              `json:"with"`
	Margin  float64             `json:"margin"`
	Least   float64             `json:"min_change_seconds"`
	Old     fireSideJSON        `json:"old"`
	New     fireSideJSON        `json:"new"`
	Verdict compare.Verdict     `json:"verdict"`
	Needed  *uint64             `json:"requests_needed"`
	Rows    []fireDifferentJSON `json:"quantiles"`
}

type fireSideJSON struct {
	Requests uint64 `json:"requests"`
	Failed   uint64 `json:"failed"`
}

// fireDifferentJSON is a row. Infinities and NaN become null.
type fireDifferentJSON struct {
	Quantile   string          `json:"quantile"`
	Old        *float64        `json:"old"`
	New        *float64        `json:"new"`
	Change     *float64        `json:"change"`
	Low        *float64        `json:"low"`
	High       *float64        `json:"high"`
	Confidence float64         `json:"confidence"`
	Verdict    compare.Verdict `json:"verdict"`
	Needed     *uint64         `json:"requests_needed"`
}

// comparisonJSON returns nil without a comparison.
func comparisonJSON(c *comparison) *fireComparisonJSON {
	if c == nil || c.Result == nil {
		return nil
	}
	return &fireComparisonJSON{
		With: c.with, Margin: c.Margin, Least: c.MinChange.Seconds(), Verdict: c.Verdict, Needed: known(c.Needed),
		Old: fireSideJSON{c.Old, c.OldFailed}, New: fireSideJSON{c.New, c.NewFailed},
		Rows: list(c.Rows, func(r compare.Row) fireDifferentJSON {
			return fireDifferentJSON{
				r.Name(), finite(r.Old), finite(r.New), finite(r.Change), finite(r.Low), finite(r.High),
				r.Level, r.Verdict, known(r.Needed),
			}
		}),
	}
}

// finite returns nil for a value without a number in JSON.
func finite(v float64) *float64 {
	if math.IsInf(v, 0) || math.IsNaN(v) {
		return nil
	}
	return &v
}
