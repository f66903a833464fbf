package main

// The graphs by target show those that are worst in the whole time shown, so that two hundred targets can be
// read. Which ones does not change from one step of a query to the next: it is worked out at the end.

// othersLegend is what the rest of the targets is called.
const othersLegend = "all others"

// atEnd are the windows of what is worked out for the whole time shown at each step of a query.
const atEnd = "[" + shown + "] @ end()"

func increaseToEnd(series string) string { return "increase(" + series + atEnd + ")" }
func rateToEnd(series string) string     { return "rate(" + series + atEnd + ")" }

// worst keeps the targets of an expression that have the highest rank.
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

// byPeak ranks targets by the value that a gauge had at most.
func byPeak(metric string) string {
	return sum("target", "max_over_time("+of(metric)+atEnd+")")
}

// ratioOfOthers is the share of requests that failed, of all targets but those of the highest rank.
func ratioOfOthers(rank string) string {
	rest := func(kind string) string { return sum("", others(requestRate("target", kind), rank)) }
	return rest(failed) + "\n  / (" + rest(ofTarget) + " > 0)"
}
