package main

import (
	"math"

	"example.com/prober/dashboards/rules"
)

// The panels on the requests of a mix and the steps of a journey. Other targets have none.

// withName selects the series of requests with a name.
const withName = `request!=""`

const noRequests = "neither a mix nor a journey"

func requestTable(s rules.Settings) panel {
	latency := func(q string) string {
		some := sum("request", rateShown(of("prober_requests_total", success, withName)))
		return "(" + quantileOver(rateShown, q, "request", of("prober_request_duration_seconds%s", success, withName)) + ")\n  and " + some + " > 0"
	}
	all := sum("request", rateShown(of("prober_requests_total", ofTarget, withName)))
	failures := sum("request", rateShown(of("prober_requests_total", failed, withName)))
	return table("Requests", "Each request of a mix, or step of a journey, in the time shown: how often it ended, how often it failed, and how long it took when it succeeded.",
		[]column{
			{"request", "Request", nil},
			{"Value #A", "Rate", []property{unit("reqps"), width(100)}},
			{"Value #B", "Failed", []property{unit("percentunit"), width(100), coloredCell(),
				steps(below(good), from(1e-9, "yellow"), from(math.Round(1e9*(1-objective(s)))/1e9, bad))}},
			{"Value #C", "p50", []property{unit("s"), width(100)}},
			{"Value #D", "p99", []property{unit("s"), width(100)}},
		},
		columns(all), columns(failures+" / ("+all+" > 0)"), columns(latency("0.5")), columns(latency("0.99"))).
		sortedBy("Failed", true).otherwise(noRequests)
}

func latencyByRequest() panel {
	some := sum("request", rate(of("prober_requests_total", success, withName))) // one without successes would have a line of NaN
	expr := "(" + quantile("$quantile", "request", of("prober_request_duration_seconds%s", success, withName)) + ")\n  and " + some + " > 0"
	return graph("Latency at quantile $quantile by request", "Latency that this share of the successful requests of each name stayed below. The axis is logarithmic."+howFarOff, "s",
		series(expr, "{{request}}", ratioWindow)).logarithmic().withExemplars().otherwise(noRequests)
}

func ratioByRequest() panel {
	share := func(kind string) string { return sum("request", rate(of("prober_requests_total", kind, withName))) }
	return graph("Share of failures by request", "Share of the requests of each name that fail.", "percentunit",
		series(share(failed)+" / ("+share(ofTarget)+" > 0)", "{{request}}", ratioWindow)).atMostOne().otherwise(noRequests)
}

const noJourney = "no journey"

// reachedSteps orders the steps by the number of journeys that reached them. This is their order in the journey.
func reachedSteps() panel {
	reached := sum("target, request", increase(of("prober_requests_total", withName))) + " and on (target) " + of("prober_journeys_in_flight")
	p := bars("Journeys that reached each step", "How many journeys reached each step in the time shown, and how many reached the end. The difference between two bars is the journeys that ended there.", "none",
		now("sort_desc("+reached+")", "{{request}}"))
	end := now(sum("target", increase(of("prober_journeys_total", `result="success"`))), "to the end")
	end.RefID = "B"
	p.Targets = append(p.Targets, end)
	p.FieldConfig.Defaults.Color = object{"fixedColor": good, "mode": "fixed"}
	return p.decimals(0).otherwise(noJourney)
}

func journeyEnds() panel {
	return graph("Ends of journeys", "Journeys per second by how they ended, and at which step. Interrupted journeys say nothing about the target.", "suffix:/s",
		series(sum("result, step", rate(of("prober_journeys_total")))+" > 0", "{{result}} {{step}}", absoluteWindow)).
		stacked().overridden(byName("success ", fixedColor(good))).otherwise(noJourney)
}

func journeyDuration() panel {
	const duration = "prober_journey_duration_seconds%s"
	whole := of(duration, `result="success"`)
	pauses := sum("", rate(of("prober_journey_think_seconds_total"))) + "\n  / (" + sum("", rate(of("prober_journeys_total"))) + " > 0)"
	return graph("Duration of journeys", "How long successful journeys took, from when they were due to their end, without the pauses between their steps. And how long all journeys paused on average.", "s",
		series(quantile("0.5", "", whole), "p50", ratioWindow),
		series(quantile("0.95", "", whole), "p95", ratioWindow),
		series(quantile("0.99", "", whole), "p99", ratioWindow),
		series(pauses, "pauses, mean", ratioWindow)).otherwise(noJourney)
}
