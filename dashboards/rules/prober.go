package rules

import "time"

// proberAlerts returns the alerts on the probers themselves.
func (s Settings) proberAlerts() []Rule {
	rules := s.presenceAlerts()
	for _, a := range []alert{s.lag(), s.frozen(), s.trouble(), reload(), targetFile(), discovery(), shardMissing(), shardsDisagree(), shardsNotFound()} {
		a.scope, a.dashboard = scopeProber, selfDashboard
		rules = append(rules, s.rule(a))
	}
	return rules
}

// presenceAlerts are the alerts on a missing prober. They know a prober by its build information, so they need no job
// name.
func (s Settings) presenceAlerts() []Rule {
	return []Rule{
		s.rule(alert{
			name:     "ProberDown",
			severity: page,
			scope:    scopeProber,
			lasting:  5 * time.Minute,
			expr: expr(`
				up == 0
				and on (job, location, instance) last_over_time(prober_build_info[$w])`, "w", s.span(24*time.Hour)),
			summary:     "The prober {{ $labels.instance }} is down",
			description: "Prometheus cannot scrape the prober {{ $labels.instance }} of the job {{ $labels.job }}. Nobody knows whether its targets get load, and no other alert on them works.",
			dashboard:   selfDashboard,
			variables:   []string{"job", "instance"},
		}),
		s.rule(alert{
			name:        "ProberAbsent",
			severity:    page,
			scope:       scopeProber,
			lasting:     10 * time.Minute,
			expr:        "absent(prober_build_info)",
			summary:     "Prometheus scrapes no prober at all",
			description: "There is no series prober_build_info: no prober runs, or Prometheus does not find any. No other alert of the prober works.",
			dashboard:   overviewDashboard,
		}),
	}
}

func (s Settings) lag() alert {
	return alert{
		name:     "ProberScheduleLagHigh",
		severity: ticket,
		lasting:  10 * time.Minute,
		expr: expr(`
			(
			    histogram_quantile(0.99, sum by (job, location, instance) (rate(prober_schedule_lag_seconds[$w])))
			  or
			    histogram_quantile(0.99, sum by (job, location, instance, le) (rate(prober_schedule_lag_seconds_bucket[$w])))
			)
			> 0.05`, "w", s.span(window)),
		summary:     "The prober {{ $labels.instance }} sends requests late, so its latencies include its own delay",
		description: "One request in a hundred leaves {{ $labels.instance }} {{ $value | humanizeDuration }} after it was due, although a worker was free. Its machine is too busy.",
		variables:   []string{"job", "instance"},
	}
}

// frozen fires after a prober stood still. An alert on its lag may not fire, as the lag leaves out requests that were
// too late to be sent.
func (s Settings) frozen() alert {
	return alert{
		name:     "ProberFrozen",
		severity: ticket,
		expr: expr(`
			sum by (job, location, instance) (increase(prober_bursts_skipped_total{reason="late"}[$w]))
			  + sum by (job, location, instance) (increase(prober_requests_dropped_total{reason="late"}[$w]))
			  > 0`, "w", s.span(window)),
		summary:     "The prober {{ $labels.instance }} does not run at times",
		description: "{{ $labels.instance }} missed {{ printf \"%.0f\" $value }} bursts and requests within " + name(window) + " because it did not run itself: it was stopped, its machine was paused, or it gets too little processor time. The targets are not to blame.",
		variables:   []string{"job", "instance"},
	}
}

// trouble has three parts. A single code of 1002 to 1007 is worth a look, except 1006: that code has an alert of its
// own. A new series of such a code begins at its full count and has no increase, so it needs a part of its own.
// Cancelled requests are normal while a prober stops or reloads; many of them are a sign of trouble.
func (s Settings) trouble() alert {
	return alert{
		name:     "ProberOwnTrouble",
		severity: ticket,
		expr: expr(`
			sum by (job, location, instance) (increase(prober_requests_total{error_code=~"100[2-57]"}[$w])) > 0
			or
			sum by (job, location, instance) (
			  prober_requests_total{error_code=~"100[2-57]"}
			  unless prober_requests_total{error_code=~"100[2-57]"} offset $w
			) > 0
			or
			sum by (job, location, instance) (increase(prober_requests_total{error_code="1001"}[$w]))
			  > 0.05 * sum by (job, location, instance) (increase(prober_requests_total[$w]))`, "w", s.span(window)),
		summary: "The prober {{ $labels.instance }} itself has trouble",
		description: "{{ printf \"%.0f\" $value }} requests of {{ $labels.instance }} failed because of the prober itself within " + name(window) + ". No ratio counts them. The codes:" +
			"{{ range printf `topk(3, (sum by (error_code) (prober_requests_total{job=%q,instance=%q,error_code=~\"100[1-7]\"}) > 0)" +
			" * on (error_code) group_left (name) max by (error_code, name) (prober_error_code_info))`" +
			" $labels.job $labels.instance | query }} {{ .Labels.error_code }} {{ .Labels.name }} ({{ .Value }} since its start){{ end }}.",
		variables: []string{"job", "instance"},
	}
}

func reload() alert {
	return alert{
		name:        "ProberReloadFailed",
		severity:    ticket,
		lasting:     5 * time.Minute,
		expr:        "prober_config_last_reload_successful == 0",
		summary:     "The prober {{ $labels.instance }} runs with an old configuration",
		description: "The last attempt of {{ $labels.instance }} to load its configuration failed. It still uses the configuration before, but could not start with the new one after a restart.",
		variables:   []string{"job", "instance"},
	}
}

func targetFile() alert {
	return alert{
		name:        "ProberTargetFileFailed",
		severity:    ticket,
		lasting:     5 * time.Minute,
		expr:        "prober_config_file_last_reload_successful == 0",
		summary:     "A file of targets of {{ $labels.instance }} is wrong: {{ $labels.file }}",
		description: "The last attempt of {{ $labels.instance }} to load {{ $labels.file }} failed. The targets that the file had before go on, but would be missing after a restart.",
		variables:   []string{"job", "instance"},
	}
}

func discovery() alert {
	return alert{
		name:        "ProberDiscoveryFails",
		severity:    ticket,
		lasting:     15 * time.Minute,
		expr:        "increase(prober_discovery_failures_total[15m]) > 0",
		summary:     "A discovery of {{ $labels.instance }} fails: {{ $labels.discover }}",
		description: "The discovery {{ $labels.discover }} of {{ $labels.instance }} keeps failing. Its last targets go on for the time of keep_for, and then they end.",
		variables:   []string{"job", "instance"},
	}
}

func shardMissing() alert {
	return alert{
		name:     "ProberShardMissing",
		severity: page,
		lasting:  10 * time.Minute,
		expr: expr(`
			max by (job) (prober_total_shards)
			  - count by (job) (count_values by (job) ("shard", prober_shard_ordinal))
			  > 0`),
		summary: "Shards of {{ $labels.job }} are missing: {{ $value }}",
		description: "The probers of the job {{ $labels.job }} expect more shards than there are. Nobody sends the load of the missing shards. These shards are there:" +
			"{{ range printf `sort(max by (instance) (prober_shard_ordinal{job=%q}))` $labels.job | query }} {{ .Value }} ({{ .Labels.instance }}){{ end }}.",
		variables: []string{"job"},
	}
}

func shardsDisagree() alert {
	return alert{
		name:     "ProberShardsDisagree",
		severity: ticket,
		lasting:  10 * time.Minute,
		expr: expr(`
			max by (job) (prober_total_shards)
			  != min by (job) (prober_total_shards)`),
		summary: "The probers of {{ $labels.job }} disagree on the number of shards",
		description: "Some targets get too much load, and some get none. The number of shards that each prober uses:" +
			"{{ range printf `sort(max by (instance) (prober_total_shards{job=%q}))` $labels.job | query }} {{ .Value }} ({{ .Labels.instance }}){{ end }}.",
		variables: []string{"job"},
	}
}

// shardsNotFound measures the time since the last success, because one lost datagram is no trouble. A prober without
// look-ups has never had a success.
func shardsNotFound() alert {
	return alert{
		name:     "ProberShardsNotFound",
		severity: ticket,
		lasting:  5 * time.Minute,
		expr: expr(`
			time() - (prober_shards_lookup_last_success_timestamp_seconds > 0)
			  > 300`),
		summary:     "{{ $labels.instance }} does not find the shards",
		description: "The look-ups of {{ $labels.instance }} have not found the shards for {{ $value | humanizeDuration }}. It uses their last number, and would miss a change.",
		variables:   []string{"job", "instance"},
	}
}
