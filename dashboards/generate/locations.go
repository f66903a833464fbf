package main

import "example.com/prober/dashboards/rules"

// locationsUID is the stable name of the dashboard.
const locationsUID = "prober-locations"

// locations compares the results of several probers for the same targets. Prometheus gives each its label location.
func locations(s rules.Settings) dashboard {
	d := newDashboard(s, locationsUID, "Prober: locations",
		"The same targets, seen from several locations. A target that fails everywhere has a problem itself. If it fails from one location only, the problem is on the way to it.", true)
	d.Panels = layout([]section{
		{bands: []band{{height: 4, panels: []panel{locationCount(), failEverywhere(), failFromSome()}}}},
		{title: "Failures", bands: []band{
			{height: 12, panels: []panel{failureMatrix(s), failureByLocation()}, widths: []int{14, 10}},
			{height: 9, panels: []panel{codesByLocation(), failuresByPlace()}},
		}},
		{title: "Latency", bands: []band{
			{height: 12, panels: []panel{latencyMatrix(), latencyByLocation()}, widths: []int{14, 10}},
		}},
		{title: "Probers", bands: []band{{height: 7, panels: []panel{lagByLocation(), loadByLocation()}}}},
	})
	return d
}

const byPlace = "location, target"

// failsFrom has each target with more failures from a location than the objective allows.
func failsFrom() string { return errorRatio(byPlace) + " > (1 - $objective)" }

func locationCount() panel {
	return stat("Locations", "Locations from which requests end now. Prometheus gives each prober its label location.", "none",
		series("count("+sum("location", rate(of("prober_requests_total")))+" > 0)", "locations", ratioWindow), below(plain))
}

func failEverywhere() panel {
	seen := "count by (target) (" + requestRate(byPlace, ofTarget) + " > 0)"
	return stat("Fail everywhere", "Targets that fail more requests than the objective allows, from every location that sends requests.", "none",
		series("count("+"count by (target) ("+failsFrom()+")\n  == "+seen+") or vector(0)", "targets", ratioWindow), below(good), from(1, bad))
}

func failFromSome() panel {
	seen := "count by (target) (" + requestRate(byPlace, ofTarget) + " > 0)"
	return stat("Fail from some", "Targets that fail from one location and are OK from another: look at the way from that location to the target.", "none",
		series("count("+"count by (target) ("+failsFrom()+")\n  < "+seen+") or vector(0)", "targets", ratioWindow), below(good), from(1, warn))
}

// matrix shows a value for each target and location: a row for each target, a column for each location.
func matrix(title, description, unit string, t target, colors ...threshold) panel {
	p := table(title, description, nil, t)
	p.Transformations = []transformation{{"groupingToMatrix", object{"columnField": "location", "rowField": "target", "valueField": "Value", "emptyValue": "null"}}}
	p.FieldConfig.Defaults.Unit = unit
	p.FieldConfig.Defaults.Thresholds = absolute(colors...)
	p.FieldConfig.Defaults.Custom["cellOptions"] = object{"type": "color-background", "mode": "basic"}
	return p
}

func failureMatrix(s rules.Settings) panel {
	ended := sum(byPlace, increase(of("prober_requests_total", ofTarget)))
	share := sum(byPlace, increase(of("prober_requests_total", failed))) + " / (" + ended + " > 0)"
	rank := sum("target", increase(of("prober_requests_total", failed)))
	return matrix("Share of failures by target and location", "Share of the requests that failed in the time shown, for the $worst targets with the most failures. A red row is a problem of the target, a red column a problem of the location.", "percentunit",
		columns(worst(share, rank)), below(good), from(1e-9, "yellow"), from(1-objective(s), warn), from(0.999, bad)).decimals(1)
}

func failureByLocation() panel {
	return graph("Share of failures by location", "Share of the requests of all chosen targets that fail, from each location.", "percentunit",
		series(errorRatio("location"), "{{location}}", ratioWindow)).atMostOne()
}

func codesByLocation() panel {
	expr := named(requestRate("location, error_code", failed), "name") + " > 0"
	return graph("Codes of failures by location", "Failures per second by code and location.", "reqps",
		series(expr, "{{location}}: {{error_code}} {{name}}", absoluteWindow)).stacked().otherwise("no failures")
}

func failuresByPlace() panel {
	return graph("Share of failures by target and location", "Share of the requests that fail, for the $worst targets with the greatest share in the time shown.", "percentunit",
		series(worst(errorRatio(byPlace), byFailures()), "{{target}} from {{location}}", ratioWindow)).ranked().atMostOne().linked(toTarget("${__field.labels.target}"))
}

func latencyMatrix() panel {
	some := sum(byPlace, rateShown(of("prober_requests_total", success)))
	each := "(" + quantileOver(rateShown, "$quantile", byPlace, latency(success)) + ")\n  and " + some + " > 0"
	rank := "(" + quantileOver(rateShown, "$quantile", "target", latency(success)) + ") and on (target) " + sum("target", rateShown(of("prober_requests_total", success))) + " > 0"
	return matrix("Latency at quantile $quantile by target and location", "Latency that this share of the successful requests stayed below in the time shown, for the $worst slowest targets."+howFarOff, "s",
		columns(worst(each, rank)), below(plain))
}

func latencyByLocation() panel {
	some := requestRate("location", success)
	expr := "(" + quantile("$quantile", "location", latency(success)) + ")\n  and " + some + " > 0"
	return graph("Latency at quantile $quantile by location", "Latency that this share of the successful requests of all chosen targets stayed below, from each location. The axis is logarithmic."+howFarOff, "s",
		series(expr, "{{location}}", ratioWindow)).logarithmic()
}

func lagByLocation() panel {
	return graph("Lag at quantile $quantile by location", "How late the probers started requests, as far as they are the cause. A location that is later than the others has a busier machine.", "s",
		series(quantile("$quantile", "location", ofProber(lagName)), "{{location}}", ratioWindow)).logarithmic()
}

func loadByLocation() panel {
	return graph("Request rate by location", "Requests that ended per second, from each location.", "reqps",
		series(sum("location", rate(of("prober_requests_total"))), "{{location}}", absoluteWindow))
}
