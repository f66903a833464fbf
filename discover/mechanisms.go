package discover

import (
	"time"

	// Each of these packages registers its key of a configuration.
	_ "github.com/prometheus/prometheus/discovery/dns"
	_ "github.com/prometheus/prometheus/discovery/file"
	_ "github.com/prometheus/prometheus/discovery/http"
)

// failureCounters are the mechanisms' counters of failures. Each failure is in one of them. Failures of HTTP are among
// the refresh failures.
var failureCounters = map[string]bool{
	"prometheus_sd_refresh_failures_total":    true,
	"prometheus_sd_dns_lookup_failures_total": true,
	"prometheus_sd_file_read_errors_total":    true,
	"prometheus_sd_file_watcher_errors_total": true,
	"prometheus_sd_consul_rpc_failures_total": true,
	"prometheus_sd_kubernetes_failures_total": true,
}

// quietFor has the mechanisms that report nothing while nothing changes. After a failure, such a
// mechanism counts as working again if it has not failed for this time. It is longer than the
// pause between attempts. Others report at each refresh, whether or not something has changed.
var quietFor = map[string]time.Duration{"consul": 3 * time.Minute, "kubernetes": 90 * time.Second}
