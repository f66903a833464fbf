package main

import (
	"fmt"
	"strings"
)

// The selectors for the choices in the variables: series of targets, and series of a prober as a whole.
const (
	process = `job=~"$job", instance=~"$instance"`
	scope   = process + `, target=~"$target"`
)

// Requests by their outcome. Failures of the prober itself count in no ratio.
const (
	ofTarget = `error_code!~"100[1-7]"`
	failed   = `error_code!~"0|100[1-7]"`
	success  = `error_code="0"`
	own      = `error_code=~"100[1-7]"`
)

// Windows of rate and increase.
const (
	recent = "$__rate_interval"
	shown  = "$__range"
)

// of selects the series of a metric for the chosen targets.
func of(metric string, matchers ...string) string {
	return metric + "{" + strings.Join(append([]string{scope}, matchers...), ", ") + "}"
}

// ofProber selects the series of a metric for the chosen probers.
func ofProber(metric string, matchers ...string) string {
	return metric + "{" + strings.Join(append([]string{process}, matchers...), ", ") + "}"
}

// sum adds up over all labels except those in by.
func sum(by, expr string) string {
	if by == "" {
		return "sum(" + expr + ")"
	}
	return fmt.Sprintf("sum by (%s) (%s)", by, expr)
}

func rate(series string) string { return fmt.Sprintf("rate(%s[%s])", series, recent) }

// rateShown is the rate over the whole time shown.
func rateShown(series string) string { return fmt.Sprintf("rate(%s[%s])", series, shown) }

func increase(series string) string { return fmt.Sprintf("increase(%s[%s])", series, shown) }

// requestRate counts the requests of one kind per second.
func requestRate(by, kind string) string {
	return sum(by, rate(of("prober_requests_total", kind)))
}

// errorRatio is the share of failed requests. Without requests it has no value: a NaN would compare as if all were
// well.
func errorRatio(by string) string {
	return requestRate(by, failed) + " / (" + requestRate(by, ofTarget) + " > 0)"
}

// quantile estimates a quantile of a histogram from native buckets, or else from classic ones. selected selects its
// series and has %s at the place of the suffix.
func quantile(q, by, selected string) string { return quantileOver(rate, q, by, selected) }

func quantileOver(rate func(series string) string, q, by, selected string) string {
	native := sum(by, rate(fmt.Sprintf(selected, "")))
	classic := sum(withLE(by), rate(fmt.Sprintf(selected, "_bucket")))
	return fmt.Sprintf("histogram_quantile(%s, %s)\n  or histogram_quantile(%[1]s, %[3]s)", q, native, classic)
}

// heat is a histogram over time. It uses one kind of buckets only: classic ones stay out if there are native ones at
// either end of the time shown.
func heat(selected string) string {
	native, classic := fmt.Sprintf(selected, ""), fmt.Sprintf(selected, "_bucket")
	return fmt.Sprintf("%s\n  or (%s unless on () (count(%s @ start()) or count(%[3]s @ end())))",
		sum("", rate(native)), sum("le", rate(classic)), native)
}

// total is the sum of the observed values of a histogram, per second.
func total(by, selected string) string {
	native := sum(by, rate(fmt.Sprintf(selected, "")))
	classic := sum(by, rate(fmt.Sprintf(selected, "_sum")))
	return fmt.Sprintf("(histogram_sum(%s) or %s)", native, classic)
}

// observations is the number of observations of a histogram, per second.
func observations(by, selected string) string {
	native := sum(by, rate(fmt.Sprintf(selected, "")))
	classic := sum(by, rate(fmt.Sprintf(selected, "_count")))
	return fmt.Sprintf("(histogram_count(%s) or %s)", native, classic)
}

// latency selects the durations of requests of one kind, for quantile and heat. howFarOff says how far off the
// quantiles of a panel are.
const howFarOff = " From classic buckets it can be 30 % off at the median and 60 % at p99, from native ones 5 %."

func latency(kind string) string { return of("prober_request_duration_seconds%s", kind) }

// named adds labels of prober_error_code_info to an expression by error_code.
func named(expr, labels string) string {
	return fmt.Sprintf("%s\n  * on (error_code) group_left (%s) max by (error_code, %[2]s) (%s)",
		expr, labels, ofProber("prober_error_code_info"))
}

// timeIn is the mean time of a request in a phase. A request may skip a phase, so means over the requests of each phase
// would not add up.
func timeIn(phase string) string {
	spent := total("", of("prober_request_phase_duration_seconds%s", `phase="`+phase+`"`))
	return spent + "\n  / (" + requestRate("", ofTarget) + " > 0)"
}

func withLE(by string) string {
	if by == "" {
		return "le"
	}
	return "le, " + by
}
