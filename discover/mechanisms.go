package discover

import (
	"time"

	// Each of these packages registers its key of a configuration.
	_ "github.com/prometheus/prometheus/discovery/dns"
	_ "github.com/prometheus/prometheus/discovery/file"
	_ "github.com/prometheus/prometheus/discovery/http"
)

// failureCounters are the counters of failures that mechanisms keep, each failure in
// one of them. That of HTTP is among those of all that refresh.
var failureCounters = map[string]bool{
	"prometheus_sd_refresh_failures_total":    true,
	"prometheus_sd_dns_lookup_failures_total": true,
	"prometheus_sd_file_read_errors_total":    true,
	"prometheus_sd_file_watcher_errors_total": true,
	"prometheus_sd_consul_rpc_failures_total": true,
	"prometheus_sd_kubernetes_failures_total": true,
}

// quietFor has the mechanisms that say nothing when nothing has changed. A mechanism that failed
// works again when it has not failed for so long: longer than it waits between attempts.
var quietFor = map[string]time.Duration{"consul": 3 * time.Minute, "kubernetes": 90 * time.Second}
