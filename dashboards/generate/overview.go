package main

import (
	"fmt"

	"example.com/prober/dashboards/rules"
)

// The stable names of the dashboards. The alerts link to them.
const (
	overviewUID = "prober-overview"
	targetUID   = "prober-target"
	proberUID   = "prober-self"
)

func overview(s rules.Settings) dashboard {
	d := newDashboard(s, overviewUID, "Prober: overview",
		"All targets at a glance: which targets fail, with which codes, how slow they are, and whether load is missing.", true)
	d.Panels = layout([]section{
		{bands: []band{{height: 4, panels: overviewStats(s), widths: []int{4, 3, 3, 4, 3, 3, 4}}}},
		{title: "Health", bands: []band{{height: 14, panels: []panel{health()}}}},
		{title: "Failures", bands: []band{
			{height: 10, panels: []panel{failuresByRange(), ratioByTarget()}},
			{height: 11, panels: []panel{failureTable(), topCodes()}, widths: []int{15, 9}},
		}},
		{title: "Latency", bands: []band{
			{height: 9, panels: []panel{quantilesOfSuccesses(), latencyByTarget()}},
			{height: 9, panels: []panel{latencyHeat(), timeByPhase()}},
		}},
		{title: "Load", bands: []band{{height: 8, panels: []panel{bursts(), peaks(), drops()}, widths: []int{7, 10, 7}}}},
		{title: "Budgets, certificates and the prober itself", bands: []band{
			{height: 9, panels: []panel{budgets(), certificates(), ownTrouble()}},
		}},
	})
	return d
}

func overviewStats(s rules.Settings) []panel {
	return []panel{
		availability(s), rateStat(), p95(), failing(), dropped(), oldestBurst(), budget(),
	}
}

func availability(s rules.Settings) panel {
	return stat("Availability", "Share of requests that succeeded in the whole time shown. Failures of the prober itself are left out.", "percentunit",
		now(sum("", increase(of("prober_requests_total", success)))+" / "+sum("", increase(of("prober_requests_total", ofTarget))), ""),
		below(bad), from(objective(s), good)).decimals(2)
}

func rateStat() panel {
	return stat("Request rate", "Requests that ended per second, averaged over at least five intervals between bursts.", "reqps",
		series(sum("", rate(of("prober_requests_total"))), "requests", absoluteWindow), below(plain))
}

func p95() panel {
	return stat("p95 of successes", "Latency that 95 % of the successful requests stayed below, from when they were due to their last byte."+howFarOff, "s",
		series(quantile("0.95", "", latency(success)), "p95", ratioWindow), below(plain))
}

func failing() panel {
	return stat("Targets failing", "Targets that fail more requests now than the objective allows.", "none",
		series("sum("+errorRatio("target")+" > bool (1 - $objective))", "targets", ratioWindow), below(good), from(1, bad))
}

func dropped() panel {
	return stat("Dropped", "Share of the scheduled requests that were never sent in the time shown. The cause is a target that is too slow for its rate, a limit, or a prober that did not run.", "percentunit",
		now(sum("", increase(of("prober_requests_dropped_total")))+" / "+sum("", increase(of("prober_requests_scheduled_total"))), ""),
		below(good), from(0.001, warn), from(0.01, bad)).decimals(2)
}

func oldestBurst() panel {
	return stat("Oldest burst", "For the target that has waited longest: the age of its last burst at the last scrape, in intervals of that target. Up to one interval is normal.", "suffix:intervals",
		now("max("+burstAge()+")", ""), below(good), from(3, warn), from(5, bad)).decimals(1)
}

// burstAge is the age of the last burst in intervals, at the last scrape. So it does not grow between two scrapes.
// Before the first burst there is no age.
func burstAge() string {
	last := of("prober_burst_last_start_timestamp_seconds")
	return "(timestamp(" + last + ") - (" + last + " > 0)) / " + of("prober_burst_interval_seconds")
}

func budget() panel {
	return stat("Error budget left", "The remaining share of the failures that the objective allows in the time shown. Below 0 % the objective is missed.", "percentunit",
		now(fmt.Sprintf("1 - %s / %s / (1 - $objective)",
			sum("", increase(of("prober_requests_total", failed))), sum("", increase(of("prober_requests_total", ofTarget)))), ""),
		below(bad), from(0, warn), from(0.25, good)).decimals(0)
}

func health() panel {
	r := errorRatio("target")
	expr := fmt.Sprintf("(%[1]s > bool 0)\n  + (%[1]s > bool (1 - $objective))\n  + (%[1]s > bool 0.999)\n  or 0 * %[2]s - 1",
		r, requestRate("target", ofTarget))
	return timeline("Target health", "The $worst targets with the greatest share of failed requests in the time shown. Green: no failure. Yellow: some, within the objective. Orange: more than that. Red: every request fails. "+
		"Grey: no requests. Empty: the prober was not scraped. A click leads to the target.",
		series(worst(expr, byFailures()), "{{target}}", ratioWindow),
		state("-1", "no requests", absent, 0), state("0", "ok", good, 1), state("1", "some fail", "yellow", 2),
		state("2", "failing", warn, 3), state("3", "all fail", bad, 4),
	).linked(toTarget("${__field.labels.target}"))
}

func failuresByRange() panel {
	expr := sum("range", named(requestRate("error_code", failed), "range"))
	return graph("Failures by range", "Failures per second by the layer that failed, averaged over at least five intervals between bursts.", "reqps",
		series(expr, "{{range}}", absoluteWindow)).stacked().overridden(rangeColors()...)
}

func ratioByTarget() panel {
	return graph("Share of failures by target", "Share of the requests that fail, for the $worst targets with the greatest share in the time shown, and for all others together.", "percentunit",
		series(worst(errorRatio("target"), byFailures()), "{{target}}", ratioWindow),
		series(ratioOfOthers(byFailures()), othersLegend, ratioWindow)).ranked().atMostOne().linked(toTarget("${__field.labels.target}"))
}

func failureTable() panel {
	expr := "round(" + named(sum("target, request, error_code", increase(of("prober_requests_total", failed))), "name, range") + ") > 0"
	return table("Failures", "How often each target failed with each code in the time shown, and at which request if it has a mix or a journey. The link of the code says what it means and where to look first.",
		[]column{
			{"target", "Target", []property{links(toTarget("${__value.raw}"))}},
			{"request", "Request", nil},
			{"error_code", "Code", []property{links(toCode("${__value.raw}")), width(80)}},
			{"name", "Name", nil},
			{"range", "Range", []property{width(100)}},
			{"Value", "Requests", []property{unit("none"), width(100)}},
		}, columns(expr)).sortedBy("Requests", true).otherwise("no failures")
}

func topCodes() panel {
	expr := "topk(10, " + named(sum("error_code", increase(of("prober_requests_total", failed))), "name") + " > 0)"
	return bars("Commonest codes", "The ten commonest codes of failures in the time shown.", "none",
		now(expr, "{{error_code}} {{name}}")).decimals(0).otherwise("no failures")
}

func quantilesOfSuccesses() panel {
	var targets []target
	for _, q := range []struct{ value, name string }{{"0.5", "p50"}, {"0.95", "p95"}, {"0.99", "p99"}} {
		targets = append(targets, series(quantile(q.value, "", latency(success)), q.name, ratioWindow))
	}
	return graph("Latency of successes", "How long successful requests took, from when they were due to their last byte."+howFarOff, "s",
		targets...).logarithmic().withExemplars()
}

func latencyByTarget() panel {
	some := requestRate("target", success) // a target without successes would have a line of NaN
	expr := "(" + quantile("$quantile", "target", latency(success)) + ")\n  and " + some + " > 0"
	return graph("Latency at quantile $quantile by target", "Latency that this share of the successful requests stayed below, for the $worst slowest targets in the time shown, and for all targets together. The axis is logarithmic."+howFarOff, "s",
		series(worst(expr, byLatency("$quantile")), "{{target}}", ratioWindow),
		series(quantile("$quantile", "", latency(success)), "all targets", ratioWindow)).
		logarithmic().ranked().withExemplars().linked(toTarget("${__field.labels.target}"))
}

func latencyHeat() panel {
	return heatmap("Latency of successes over time", "How many successful requests per second took how long.",
		series(heat(latency(success)), "{{le}}", absoluteWindow))
}

func timeByPhase() panel {
	var targets []target
	for _, phase := range phases() { // one query for each phase, as the order of the queries is the order in the stack
		targets = append(targets, series(timeIn(phase), phase, ratioWindow))
	}
	return graph("Time of a request by phase", "Mean time that a request spent in each phase, including failed requests. The phases add up to the mean latency.", "s",
		targets...).stacked().overridden(phaseColors()...)
}

func bursts() panel {
	return graph("Bursts", "Bursts that ended per minute, and slots without a burst because the burst before was still running.", "suffix:/min",
		series("60 * "+sum("", rate(of("prober_bursts_total"))), "ended", absoluteWindow),
		series("60 * "+sum("reason", rate(of("prober_bursts_skipped_total"))), "skipped: {{reason}}", absoluteWindow))
}

func peaks() panel {
	const peak = "prober_burst_peak_in_flight_requests"
	each := sum("target", of(peak))
	return graph("Peak in flight", "The most requests in flight at once during the last burst, for the $worst targets with the highest number in the time shown, and the highest number of all others. The axis is logarithmic.", "none",
		series(worst(each, byPeak(peak)), "{{target}}", ratioWindow),
		series("max("+others(each, byPeak(peak))+")", othersLegend, ratioWindow)).logarithmic().ranked()
}

func drops() panel {
	return graph("Dropped requests", "Scheduled requests that were never sent, per second and by reason.", "reqps",
		series(sum("reason", rate(of("prober_requests_dropped_total")))+" > 0", "{{reason}}", absoluteWindow)).
		stacked().otherwise("none")
}

func certificates() panel {
	return table("Certificates", "How long the certificates of targets are still valid. Below 21 days it is time to look, below 7 days to act.",
		[]column{
			{"target", "Target", []property{links(toTarget("${__value.raw}"))}},
			{"role", "Role", []property{width(100)}},
			{"Value", "Ends in", []property{unit("s"), width(140), coloredCell(), validity()}},
		}, columns(certificateAge())).sortedBy("Ends in", false).otherwise("no certificates")
}

// budgets compares each target with its own objective, or else with the objective of all.
func budgets() panel {
	ended := sum("target", increase(of("prober_requests_total", ofTarget)))
	share := sum("target", increase(of("prober_requests_total", failed))) + " / (" + ended + " > 0)"
	own := "max by (target) (" + of("prober_target_objective_ratio") + ") or 0 * " + ended + " + $objective"
	return table("Error budget left by target", "The remaining share of the failures that the objective of each target allows in the time shown, for the $worst targets with the least left.",
		[]column{
			{"target", "Target", []property{links(toTarget("${__value.raw}"))}},
			{"Value", "Left", []property{unit("percentunit"), width(100), coloredCell(), steps(below(bad), from(0, warn), from(0.25, good))}},
		}, columns("bottomk($worst, 1 - ("+share+") / (1 - ("+own+")))")).sortedBy("Left", false).otherwise("no requests")
}

const day = 86400

func validity() property { return steps(below(bad), from(7*day, warn), from(21*day, good)) }

func certificateAge() string {
	return "min by (target, role) (" + of("prober_tls_certificate_not_after_timestamp_seconds") + ") - time()"
}

func ownTrouble() panel {
	expr := named(requestRate("instance, error_code", own), "name")
	return graph("Own trouble", "Requests per second that failed because of the prober itself (codes 1001 to 1007). They say nothing about a target and count in no ratio.", "reqps",
		series(expr, "{{instance}} {{error_code}} {{name}}", absoluteWindow)).stacked().otherwise("none")
}
