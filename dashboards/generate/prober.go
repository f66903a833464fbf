package main

import "example.com/prober/dashboards/rules"

func proberItself(s rules.Settings) dashboard {
	d := newDashboard(s, proberUID, "Prober: itself",
		"Whether you can trust the prober: its lateness, its limits, its configuration and what it costs.", true)
	d.Panels = layout([]section{
		{bands: []band{{height: 4, panels: proberStats()}}},
		{title: "Lateness and trouble of its own", bands: []band{
			{height: 8, panels: []panel{lag(), receiveLag(), lagByProber(), lagHeat()}},
			{height: 6, panels: []panel{ownTrouble(), drops(), skipped()}},
		}},
		{title: "Limits, breakers and configuration", bands: []band{
			{height: 7, panels: []panel{limitShare(), inUse(), breakers(), reloads()}},
		}},
		{title: "Process", bands: []band{{height: 8, panels: []panel{cpu(), memory(), goroutines(), descriptors()}}}},
		{title: "Scrapes and shards", bands: []band{
			{height: 8, panels: []panel{scrapeSize(), scrapeDuration(), probers()}, widths: []int{7, 7, 10}},
		}},
	})
	return d
}

func proberStats() []panel {
	return []panel{
		stat("Probers down", "Probers that Prometheus could not scrape.", "none",
			now("sum(1 - "+ofProber("up")+")", ""), below(good), from(1, bad)),
		stat("Configuration", "Whether the last attempt to load the configuration succeeded on every prober. If not, the prober still uses the configuration before.", "none",
			now("min("+ofProber("prober_config_last_reload_successful")+")", ""), below(bad), from(1, good)).
			mapped(state("0", "invalid", bad, 0), state("1", "ok", good, 1)),
		stat("Targets", "Targets that the probers serve.", "none",
			now("sum("+ofProber("prober_limit_used", `limit="targets"`)+")", ""), below(plain)),
		stat("Shards missing", "Shards without a prober, if several probers share the load.", "none",
			now("max("+ofProber("prober_total_shards")+") - count(count_values(\"shard\", "+ofProber("prober_shard_ordinal")+"))", ""),
			below(good), from(1, bad)),
		stat("Lag, p99", "One request in a hundred starts at least this late because of the prober itself. Tens of milliseconds mean that its machine is too busy.", "s",
			series(quantile("0.99", "", ofProber(lagName)), "p99", ratioWindow), below(good), from(0.01, warn), from(0.1, bad)),
		stat("Own trouble", "Requests in the time shown that failed because of the prober itself (codes 1001 to 1007).", "none",
			now("round("+sum("", increase(of("prober_requests_total", own)))+") or 0 * sum("+ofProber("up")+")", ""),
			below(good), from(1, warn)),
		stat("Breakers open", "Targets whose bursts are reduced to one request because all requests fail.", "none",
			now("sum("+of("prober_breaker_open")+")", ""), below(good), from(1, warn)),
		stat("Last reload", "How long ago a valid configuration was last loaded, for the prober where that is longest ago.", "s",
			now("time() - min("+ofProber("prober_config_last_reload_success_timestamp_seconds")+")", ""), below(plain)),
	}
}

const (
	lagName        = "prober_schedule_lag_seconds%s"
	receiveLagName = "prober_receive_lag_seconds%s"
)

func lag() panel {
	return graph("Lag", "How late the prober started requests, as far as it is the cause: they were due and a worker was free.", "s",
		series(quantile("0.5", "", ofProber(lagName)), "p50", ratioWindow),
		series(quantile("0.99", "", ofProber(lagName)), "p99", ratioWindow),
		series(quantile("0.999", "", ofProber(lagName)), "p99.9", ratioWindow)).logarithmic()
}

func lagByProber() panel {
	return graph("Lag at quantile $quantile by prober", "The same for each prober. A prober that is later than the others has a busier machine.", "s",
		series(quantile("$quantile", "instance", ofProber(lagName)), "{{instance}}", ratioWindow)).logarithmic()
}

func receiveLag() panel {
	return graph("Receive lag", "How long answers waited in the kernel until the prober had read them. Latencies do not include this time.", "s",
		series(quantile("0.5", "", ofProber(receiveLagName)), "p50", ratioWindow),
		series(quantile("0.99", "", ofProber(receiveLagName)), "p99", ratioWindow),
		series(quantile("0.999", "", ofProber(receiveLagName)), "p99.9", ratioWindow)).logarithmic()
}

func lagHeat() panel {
	return heatmap("Lag over time", "Requests per second by how late they started.",
		series(heat(ofProber(lagName)), "{{le}}", absoluteWindow))
}

func skipped() panel {
	const slots = "prober_bursts_skipped_total"
	rank := sum("target", increaseToEnd(of(slots)))
	return graph("Skipped bursts", "Slots per minute without a burst, by target and reason, for the $worst targets with the most in the time shown, and for all others together.", "suffix:/min",
		series(worst("60 * "+sum("target, reason", rate(of(slots)))+" > 0", rank), "{{target}}: {{reason}}", absoluteWindow),
		series("60 * "+sum("", others(sum("target", rate(of(slots))), rank))+" > 0", othersLegend, absoluteWindow)).
		otherwise("none")
}

func limitShare() panel {
	const by = "instance, limit"
	return graph("Share of limits in use", "How much of each limit is in use, if there is one. At 100 % the prober holds requests back and drops them.", "percentunit",
		series("max by ("+by+") ("+ofProber("prober_limit_used")+")\n  / (max by ("+by+") ("+ofProber("prober_limit")+") > 0)",
			"{{instance}} {{limit}}", scrapeWindow)).atMostOne().otherwise("no limits")
}

func inUse() panel {
	return graph("Connections and requests under way", "How many connections were open, how many requests in flight and how many waiting to be sent when Prometheus scraped.", "none",
		series("sum("+of("prober_connections_open")+")", "connections", scrapeWindow),
		series("sum("+of("prober_requests_in_flight")+")", "in flight", scrapeWindow),
		series("sum("+of("prober_requests_waiting")+")", "waiting", scrapeWindow))
}

func breakers() panel {
	const breaker = "prober_breaker_open"
	return timeline("Open breakers", "Targets whose bursts are reduced to one request because all requests fail: the $worst targets where this lasted longest in the time shown.",
		series(worst("max by (target) ("+of(breaker)+") == 1", sum("target", "avg_over_time("+of(breaker)+atEnd+")")), "{{target}}", scrapeWindow),
		state("1", "open", bad, 0)).linked(toTarget("${__field.labels.target}")).otherwise("all closed")
}

func reloads() panel {
	return timeline("Configuration", "Whether the last attempt to load the configuration succeeded. If not, the prober still uses the configuration before.",
		series("min by (instance) ("+ofProber("prober_config_last_reload_successful")+")", "{{instance}}", scrapeWindow),
		state("0", "invalid", bad, 0), state("1", "ok", good, 1))
}

func cpu() panel {
	return graph("CPU", "Processors in use, averaged over at least five intervals between bursts.", "suffix:cores",
		series(sum("instance", rate(ofProber("process_cpu_seconds_total"))), "{{instance}}", absoluteWindow))
}

func memory() panel {
	return graph("Memory", "Memory of the process, and the part of it that Go's heap uses.", "bytes",
		series(sum("instance", ofProber("process_resident_memory_bytes")), "{{instance}} resident", scrapeWindow),
		series(sum("instance", ofProber("go_memstats_heap_inuse_bytes")), "{{instance}} heap", scrapeWindow))
}

func goroutines() panel {
	return graph("Goroutines", "Goroutines of the process: a few for each target, and one for each connection in use.", "none",
		series(sum("instance", ofProber("go_goroutines")), "{{instance}}", scrapeWindow))
}

func descriptors() panel {
	return graph("File descriptors", "Open descriptors, and how many may be open. The axis is logarithmic.", "none",
		series(sum("instance", ofProber("process_open_fds")), "{{instance}} open", scrapeWindow),
		series(sum("instance", ofProber("process_max_fds")), "{{instance}} at most", scrapeWindow)).logarithmic()
}

func scrapeSize() panel {
	return graph("Size of a scrape", "Samples in one scrape of each prober.", "none",
		series(sum("instance", ofProber("scrape_samples_scraped")), "{{instance}}", scrapeWindow))
}

func scrapeDuration() panel {
	return graph("Duration of a scrape", "How long Prometheus took to scrape each prober.", "s",
		series("max by (instance) ("+ofProber("scrape_duration_seconds")+")", "{{instance}}", scrapeWindow))
}

func probers() panel {
	return table("Probers", "Each prober with its shard, counted from 0, the number of shards that it knows, and the number of its targets.",
		[]column{
			{"instance", "Instance", nil},
			{"Value #A", "Shard", []property{width(80)}},
			{"Value #B", "Of", []property{width(80)}},
			{"Value #C", "Targets", []property{width(80)}},
		},
		columns("max by (instance) ("+ofProber("prober_shard_ordinal")+")"),
		columns("max by (instance) ("+ofProber("prober_total_shards")+")"),
		columns("max by (instance) ("+ofProber("prober_limit_used", `limit="targets"`)+")"))
}
