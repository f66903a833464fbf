package prober

import (
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// The metrics of the prober. The labels are listed in the order of their names,
// in which they are exposed.
var (
	descRequests = desc("prober_requests_total",
		"Requests that ended, by error code; 0 is success.", "error_code", "target")
	descRequestDuration = desc("prober_request_duration_seconds",
		"Time from when a request was due to its last byte.", "error_code", "target")
	descPhaseDuration = desc("prober_request_phase_duration_seconds",
		"Time that requests spent in each phase.", "phase", "target")
	descFailures = desc("prober_request_failures_total",
		"Requests that failed, by error code and the phase in which they did.", "error_code", "phase", "target")
	descScheduled = desc("prober_requests_scheduled_total",
		"Requests that were due.", "target")
	descDropped = desc("prober_requests_dropped_total",
		"Requests that were due and never started, by reason.", "reason", "target")
	descInFlight = desc("prober_requests_in_flight",
		"Requests that are due and have not ended.", "target")
	descPeak = desc("prober_burst_peak_in_flight_requests",
		"The most requests in flight at once during the last burst.", "target")
	descResponses = desc("prober_responses_total",
		"Response headers received, by status, also when the body failed later.", "http_version", "status", "target")
	descSent = desc("prober_sent_bytes_total",
		"Bytes of HTTP sent, before TLS.", "target")
	descReceived = desc("prober_received_bytes_total",
		"Bytes of HTTP received, after TLS.", "target")
	descOpened = desc("prober_connections_opened_total",
		"Connections that were established.", "target")
	descReused = desc("prober_connections_reused_total",
		"Requests that were sent on a connection that was open already.", "target")
	descOpen = desc("prober_connections_open",
		"Connections that are open.", "target")
	descBursts = desc("prober_bursts_total",
		"Bursts that ended.", "target")
	descSkipped = desc("prober_bursts_skipped_total",
		"Slots at which no burst started, by reason.", "reason", "target")
	descInterval = desc("prober_burst_interval_seconds",
		"Configured time from the start of a burst to the start of the next.", "target")
	descBurstDuration = desc("prober_burst_duration_seconds",
		"Time from the start of a burst to the end of its last request.", "target")
	descBurstStart = desc("prober_burst_last_start_timestamp_seconds",
		"When the last burst started; 0 before the first.", "target")
	descBurstSuccess = desc("prober_burst_last_success_timestamp_seconds",
		"When the last burst without a failure ended; 0 before the first.", "target")
	descLag = desc("prober_schedule_lag_seconds",
		"Time from when a request was due to when it was fired, as far as the prober itself is the cause.")
	descCertificate = desc("prober_tls_certificate_not_after_timestamp_seconds",
		"When the certificate of that role ends, as seen last, whether or not it was accepted.", "role", "target")
	descTLSInfo = desc("prober_tls_info",
		"What the last TLS handshake agreed on.", "alpn", "cipher", "target", "version")
	descBreaker = desc("prober_breaker_open",
		"Whether bursts are thinned to one request after failures in a row.", "target")
	descLimit = desc("prober_limit",
		"The ceilings of the process; 0 means none.", "limit")
	descLimitUsed = desc("prober_limit_used",
		"How much of each ceiling is in use.", "limit")
	descShard = desc("prober_shard_ordinal",
		"Which of the shards this prober is, counted from 0.")
	descTotalShards = desc("prober_total_shards",
		"How many shards there are.")
	descUnverified = desc("prober_tls_unverified",
		"Whether any certificate of the target is accepted.", "target")
	descTargetInfo = desc("prober_target_info",
		"The URL of a target, without query, and the labels that its configuration gives it.", "target", "url")
	descErrorCodeInfo = desc("prober_error_code_info",
		"The name and range of each error code.", "error_code", "name", "range")
	descReloadOK = desc("prober_config_last_reload_successful",
		"Whether the last attempt to load the configuration succeeded.")
	descReloadTime = desc("prober_config_last_reload_success_timestamp_seconds",
		"When the configuration was last loaded with success.")
)

// descriptions lists all of the above.
var descriptions = []*prometheus.Desc{
	descRequests, descRequestDuration, descPhaseDuration, descFailures,
	descScheduled, descDropped, descInFlight, descPeak, descResponses,
	descSent, descReceived, descOpened, descReused, descOpen,
	descBursts, descSkipped, descInterval, descBurstDuration, descBurstStart, descBurstSuccess,
	descLag, descBreaker, descLimit, descLimitUsed, descShard, descTotalShards, descCertificate, descTLSInfo, descUnverified, descTargetInfo, descErrorCodeInfo,
	descReloadOK, descReloadTime,
}

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, labels, nil)
}

// sample is one series at one moment. It exists because the numbers of a target
// come from one consistent snapshot and not from metrics that live on their own.
type sample struct {
	desc  *prometheus.Desc
	value dto.Metric
}

// Desc returns the description of the metric.
func (s *sample) Desc() *prometheus.Desc { return s.desc }

// Write copies the series to out.
func (s *sample) Write(out *dto.Metric) error {
	out.Label = s.value.Label
	out.Counter, out.Gauge, out.Histogram = s.value.Counter, s.value.Gauge, s.value.Histogram
	return nil
}

// labels pairs names and values: labels("phase", "tls", "target", "shop"). The
// names must come in order.
func labels(namesAndValues ...string) []*dto.LabelPair {
	pairs := make([]*dto.LabelPair, len(namesAndValues)/2)
	for i := range pairs {
		pairs[i] = &dto.LabelPair{Name: &namesAndValues[2*i], Value: &namesAndValues[2*i+1]}
	}
	return pairs
}
