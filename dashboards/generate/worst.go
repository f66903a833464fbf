package main

// The graphs by target show the worst targets in the whole time shown, so two hundred targets stay readable. The query
// ranks the targets at the end of this time, so the choice is the same at each step.

// othersLegend is the name of the other targets.
const othersLegend = "all others"

// atEnd is the window of values for the whole time shown, the same at each step of a query.
const atEnd = "[" + shown + "] @ end()"

func increaseToEnd(series string) string { return "increase(" + series + atEnd + ")" }
func rateToEnd(series string) string     { return "rate(" + series + atEnd + ")" }

// worst keeps the targets of an expression with the highest rank.
func worst(expr, rank string) string {
	return "(" + expr + ")\n  and on (target) " + highest(rank)
}

// others keeps the other targets.
func others(expr, rank string) string {
	return "(" + expr + ") unless on (target) " + highest(rank)
}

func highest(rank string) string { return "topk($worst, " + rank + ")" }

// byFailures ranks targets by the share of their requests that failed.
func byFailures() string {
	grown := func(kind string) string { return sum("target", increaseToEnd(of("prober_requests_total", kind))) }
	return grown(failed) + " / (" + grown(ofTarget) + " > 0)"
}

// byLatency ranks targets by a quantile of the latency of their successes.
func byLatency(q string) string {
	some := sum("target", increaseToEnd(of("prober_requests_total", success)))
	return "(" + quantileOver(rateToEnd, q, "target", latency(success)) + ") and on (target) " + some + " > 0"
}

// byPeak ranks targets by the highest value of a gauge.
func byPeak(metric string) string {
	return sum("target", "max_over_time("+of(metric)+atEnd+")")
}

// ratioOfOthers is the share of failed requests of all targets except those of the highest rank.
func ratioOfOthers(rank string) string {
	rest := func(kind string) string { return sum("", others(requestRate("target", kind), rank)) }
	return rest(failed) + "\n  / (" + rest(ofTarget) + " > 0)"
}
