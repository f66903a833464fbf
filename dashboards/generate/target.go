package main

import (
	"example.com/prober/dashboards/rules"
	"example.com/prober/errcode"
)

func targetDetails(s rules.Settings) dashboard {
	d := newDashboard(s, targetUID, "Prober: target",
		"Everything about the chosen targets, one after the other.", false)
	d.Panels = layout([]section{{title: "$target", repeat: "target", bands: []band{
		{height: 4, panels: targetStats(s)},
		{height: 9, panels: []panel{latencyHeat(), quantilesOfTarget()}},
		{height: 7, panels: []panel{codeHistory(), failuresByPhase()}},
		{height: 8, panels: []panel{requestTable(s), latencyByRequest(), ratioByRequest()}, widths: []int{10, 7, 7}},
		{height: 8, panels: []panel{reachedSteps(), journeyEnds(), journeyDuration()}},
		{height: 8, panels: []panel{timeByPhase(), fate(), burstDuration()}},
		{height: 8, panels: []panel{connections(), versions(), statuses(), traffic()}},
		{height: 6, panels: []panel{dnsRecords(), dnsTTL(), dnsCut()}},
		{height: 6, panels: []panel{certificatesOfTarget(), tlsInfo(), targetInfo()}, widths: []int{6, 8, 10}},
	}}})
	return d
}

func targetStats(s rules.Settings) []panel {
	return []panel{
		availability(s), budget(), rateStat(), p95(), oldestBurst(),
		stat("Last good burst", "How long ago the last burst without a failure ended. There may never have been one.", "s",
			now("time() - max("+of("prober_burst_last_success_timestamp_seconds")+" > 0)", ""), below(plain)).otherwise("never"),
		stat("Breaker", "Whether bursts are reduced to one request because all requests fail.", "none",
			now("max("+of("prober_breaker_open")+")", ""), below(good), from(1, bad)).
			mapped(state("0", "closed", good, 0), state("1", "open", bad, 1)),
		stat("Certificate check", "Whether the prober checks the certificate of the target, as configured.", "none",
			now("max("+of("prober_tls_unverified")+")", ""), below(good), from(1, warn)).
			mapped(state("0", "checked", good, 0), state("1", "unchecked", warn, 1)),
	}
}

func quantilesOfTarget() panel {
	p := quantilesOfSuccesses()
	t := series(quantile("$quantile", "", latency(ofTarget)), "quantile $quantile with failures", ratioWindow)
	t.RefID, t.Exemplar = "D", true
	p.Targets = append(p.Targets, t)
	p.Title = "Latency"
	return p
}

func codeHistory() panel {
	share := requestRate("error_code", failed) + "\n  / on () group_left () (" + requestRate("", ofTarget) + " > 0)"
	return history("Codes of failures", "Share of all requests that failed with each code.", "percentunit",
		series(named(share, "name")+" > 0", "{{error_code}} {{name}}", ratioWindow),
		below("yellow"), from(0.1, warn), from(0.5, bad)).otherwise("no failures")
}

func failuresByPhase() panel {
	return graph("Failures by phase", "Failures per second by the phase in which they happened. none: the answer was complete, but not as expected.", "reqps",
		series(sum("phase", rate(of("prober_request_failures_total", ofTarget))), "{{phase}}", absoluteWindow)).
		stacked().overridden(append(phaseColors(), byName(errcode.PhaseNone.String(), fixedColor("#C4162A")))...).otherwise("no failures")
}

func fate() panel {
	return graph("Scheduled, ended, dropped", "Requests per second that were due, that ended, and that were never sent.", "reqps",
		series(sum("", rate(of("prober_requests_scheduled_total"))), "scheduled", absoluteWindow),
		series(sum("", rate(of("prober_requests_total"))), "ended", absoluteWindow),
		series(sum("", rate(of("prober_requests_dropped_total"))), "dropped", absoluteWindow))
}

func burstDuration() panel {
	const duration = "prober_burst_duration_seconds%s"
	return graph("Duration of bursts", "Mean duration of a burst, beside the interval at which bursts start. If a burst takes longer than the interval, the next one is skipped.", "s",
		series(total("", of(duration))+"\n  / "+observations("", of(duration)), "burst", ratioWindow),
		series("max("+of("prober_burst_interval_seconds")+")", "interval", ratioWindow))
}

func connections() panel {
	return graph("Connections", "Connections opened, and requests sent on a connection that was already open, per second.", "suffix:/s",
		series(sum("", rate(of("prober_connections_opened_total"))), "opened", absoluteWindow),
		series(sum("", rate(of("prober_connections_reused_total"))), "reused", absoluteWindow))
}

func versions() panel {
	return graph("HTTP versions", "Answers per second by version of HTTP.", "reqps",
		series(sum("http_version", rate(of("prober_responses_total"))), "HTTP/{{http_version}}", absoluteWindow)).
		stacked().otherwise("no answers")
}

func statuses() panel {
	return graph("Statuses", "Answers per second by status, including answers whose body failed later.", "reqps",
		series(sum("status", rate(of("prober_responses_total"))), "{{status}}", absoluteWindow)).
		stacked().overridden(statusColors()...).otherwise("no answers")
}

func dnsRecords() panel {
	return graph("DNS records", "Records of the type that was asked for in the last answer of a DNS server, and whether the server has verified the signatures.", "none",
		series("min("+of("prober_dns_answer_records")+")", "records", ratioWindow),
		series("min("+of("prober_dns_answer_authentic")+")", "verified", ratioWindow)).otherwise("no DNS server")
}

func dnsTTL() panel {
	return graph("DNS time to live", "The shortest TTL of a record in the last answer.", "s",
		series("min("+of("prober_dns_answer_ttl_seconds")+")", "TTL", ratioWindow)).otherwise("no DNS server")
}

func dnsCut() panel {
	return graph("DNS answers cut", "Answers per second that were cut, so that the question was asked again over TCP.", "reqps",
		series(sum("", rate(of("prober_dns_answers_cut_total"))), "cut", absoluteWindow)).otherwise("no DNS server")
}

func traffic() panel {
	return graph("Traffic", "Bytes of HTTP or DNS per second, without the bytes of TLS.", "Bps",
		series(sum("", rate(of("prober_sent_bytes_total"))), "sent", absoluteWindow),
		series(sum("", rate(of("prober_received_bytes_total"))), "received", absoluteWindow))
}

func certificatesOfTarget() panel {
	return table("Certificate", "How long the certificates are still valid. leaf is the certificate of the target, earliest is the certificate in its chain that ends first, and client is the certificate of the prober.",
		[]column{
			{"role", "Role", nil},
			{"Value", "Ends in", []property{unit("s"), coloredCell(), validity()}},
		}, columns(certificateAge())).sortedBy("Ends in", false).otherwise("no certificate")
}

func tlsInfo() panel {
	return table("TLS", "What the last handshake agreed on.",
		[]column{
			{"version", "Version", []property{width(80)}},
			{"cipher", "Cipher", nil},
			{"alpn", "ALPN", []property{width(80)}},
		},
		columns("max by (version, cipher, alpn) ("+of("prober_tls_info")+")")).otherwise("no TLS")
}

// targetInfo shows the labels of prober.yml. Their names are unknown here.
func targetInfo() panel {
	p := table("What prober.yml says", "The URL, without its query, and the labels that the configuration gives the target.", nil,
		columns("max without (instance, job) ("+of("prober_target_info")+")"))
	p.Transformations[0].Options = object{
		"excludeByName": object{"Time": true, "Value": true},
		"indexByName":   object{"target": 0, "url": 1},
		"renameByName":  object{},
	}
	return p
}
