package web

import (
	"fmt"
	"math"
	"strings"

	"example.com/prober/prober/numbers"
)

// The comparison of a target with another one, as the API gives it. A number that is not finite is null.
type (
	apiComparison struct {
		With          string        `json:"with"`
		Margin        float64       `json:"margin"`
		MinChange     float64       `json:"min_change_seconds"`
		WindowSeconds float64       `json:"window_seconds"`
		Verdict       string        `json:"verdict"`
		Needed        uint64        `json:"requests_needed"`
		Old           uint64        `json:"requests_old"`
		New           uint64        `json:"requests_new"`
		Quantiles     []apiCompared `json:"quantiles"`
		Errors        *apiCompared  `json:"error_rate"`
	}
	apiCompared struct {
		Quantile float64  `json:"quantile"`
		Old      *float64 `json:"old"`
		New      *float64 `json:"new"`
		Value    *float64 `json:"value"`
		Low      *float64 `json:"low"`
		High     *float64 `json:"high"`
		Verdict  string   `json:"verdict"`
	}
)

func apiComparisonOf(c *numbers.Comparison) *apiComparison {
	if c == nil {
		return nil
	}
	out := &apiComparison{
		With: c.With, Margin: c.Margin, MinChange: c.MinChange.Seconds(), WindowSeconds: c.Window.Seconds(), Verdict: c.Verdict, Needed: c.Needed,
		Old: c.Old, New: c.New, Quantiles: mapped(c.Quantiles, apiComparedOf),
	}
	if c.Errors != nil {
		errors := apiComparedOf(*c.Errors)
		out.Errors = &errors
	}
	return out
}

func apiComparedOf(r numbers.ComparedRow) apiCompared {
	return apiCompared{r.Quantile, finite(r.Old), finite(r.New), finite(r.Value), finite(r.Low), finite(r.High), r.Verdict}
}

// finite returns nil for a number that JSON cannot express.
func finite(v float64) *float64 {
	if math.IsInf(v, 0) || math.IsNaN(v) {
		return nil
	}
	return &v
}

// comparisonWords returns the result of a comparison in one line.
func comparisonWords(c *numbers.Comparison) string {
	text := strings.ReplaceAll(c.Verdict, "_", " ")
	if c.Needed > 0 {
		text += fmt.Sprintf(", about %d requests of each would", c.Needed)
	}
	for _, r := range c.Quantiles {
		if finite(r.Value) != nil && finite(r.Low) != nil && finite(r.High) != nil {
			text += fmt.Sprintf("; p%g %.3g times as slow (%.3g to %.3g)", 100*r.Quantile, r.Value, r.Low, r.High)
		}
	}
	if r := c.Errors; r != nil {
		text += fmt.Sprintf("; failures %+.3g points (%+.3g to %+.3g)", 100*r.Value, 100*r.Low, 100*r.High)
	}
	return text + "."
}
