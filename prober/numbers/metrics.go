package numbers

import (
	"iter"

	dto "github.com/prometheus/client_model/go"
)

// family is a metric: its name, its HELP text, its type, and the function that writes its
// series onto a page.
type family struct {
	name, help string
	kind       dto.MetricType
	write      func(p *Page, s *scrape)
}

const (
	counterType   = dto.MetricType_COUNTER
	gaugeType     = dto.MetricType_GAUGE
	histogramType = dto.MetricType_HISTOGRAM
)

// families are the metrics of the prober in the order of their names.
var families = [...]family{
	{
		"prober_breaker_open", "Whether bursts are reduced to one request after failures in a row.",
		gaugeType, perTarget(func(v *view) float64 { return boolean(v.BreakerOpen) }),
	},
	{
		"prober_burst_answer_seconds", "Mean time from the start to the end of a request in the last open burst; 0 before the first one.",
		gaugeType, perTarget(func(v *view) float64 { return v.Capacity.Answer.Seconds() }),
	},
	{
		"prober_burst_duration_seconds", "Time from the start of a burst to the end of its last request.",
		histogramType, (*Page).burstDurations,
	},
	{
		"prober_burst_interval_seconds", "Configured time from the start of a burst to the start of the next.",
		gaugeType, perTarget(func(v *view) float64 { return v.Interval.Seconds() }),
	},
	{
		"prober_burst_last_start_timestamp_seconds", "When the last burst started; 0 before the first.",
		gaugeType, perTarget(func(v *view) float64 { return unixSeconds(v.LastStart) }),
	},
	{
		"prober_burst_last_success_timestamp_seconds", "When the last burst without a failure ended; 0 before the first.",
		gaugeType, perTarget(func(v *view) float64 { return unixSeconds(v.LastSuccess) }),
	},
	{
		"prober_burst_peak_in_flight_requests", "The most requests in flight at once during the last burst.",
		gaugeType, perTarget(func(v *view) float64 { return float64(v.PeakInFlight) }),
	},
	{
		"prober_burst_requests_per_second", "Highest configured rate of the last open burst, for this prober; 0 before the first one.",
		gaugeType, perTarget(func(v *view) float64 { return v.Capacity.Rate }),
	},
	{
		"prober_burst_workers", "How many requests of the last open burst could be in flight at once; 0 before the first one.",
		gaugeType, perTarget(func(v *view) float64 { return float64(v.Capacity.Has) }),
	},
	{
		"prober_burst_workers_needed", "How many workers the last open burst needed: its rate times the mean time of an answer.",
		gaugeType, perTarget(func(v *view) float64 { return float64(v.Capacity.Needs()) }),
	},
	{
		"prober_bursts_cut_total", "Bursts that were ended before all of their requests were due, by reason.",
		counterType, cutsOf(func(c Cut) uint64 { return c.Bursts }),
	},
	{
		"prober_bursts_skipped_total", "Slots at which no burst started, by reason.",
		counterType, (*Page).skipped,
	},
	{
		"prober_bursts_total", "Bursts that ended.",
		counterType, countPerTarget(func(v *view) uint64 { return v.Bursts }),
	},
	{
		"prober_compare_error_rate_difference", "Share of requests that failed, minus that of the target that it is compared with.",
		gaugeType, comparedErrors(func(r *ComparedRow) float64 { return r.Value }),
	},
	{
		"prober_compare_error_rate_difference_high", "Upper bound of the interval that the difference is in.",
		gaugeType, comparedErrors(func(r *ComparedRow) float64 { return r.High }),
	},
	{
		"prober_compare_error_rate_difference_low", "Lower bound of the interval that the difference is in.",
		gaugeType, comparedErrors(func(r *ComparedRow) float64 { return r.Low }),
	},
	{
		"prober_compare_ratio", "Latency of the requests, divided by that of the target that it is compared with, by quantile.",
		gaugeType, comparedRatio(func(r *ComparedRow) float64 { return r.Value }),
	},
	{
		"prober_compare_ratio_high", "Upper bound of the interval that the ratio is in.",
		gaugeType, comparedRatio(func(r *ComparedRow) float64 { return r.High }),
	},
	{
		"prober_compare_ratio_low", "Lower bound of the interval that the ratio is in.",
		gaugeType, comparedRatio(func(r *ComparedRow) float64 { return r.Low }),
	},
	{
		"prober_compare_requests", "Requests in the comparison, of the target (the new version) and of the other target (the old version).",
		gaugeType, (*Page).comparedRequests,
	},
	{
		"prober_compare_verdict", "1 for the verdict of the comparison with another target, 0 for the other verdicts.",
		gaugeType, (*Page).comparedVerdicts,
	},
	{
		"prober_config_file_last_reload_successful", "Whether the last attempt to load a file of target_files succeeded.",
		gaugeType, func(p *Page, s *scrape) {
			for _, f := range s.Files {
				p.gauge(boolean(f.Mistake == ""), pair("file", f.Name))
			}
		},
	},
	{
		"prober_config_last_reload_success_timestamp_seconds", "When the prober last loaded a valid configuration.",
		gaugeType, single(func(s *scrape) float64 { return unixSeconds(s.Loaded) }),
	},
	{
		"prober_config_last_reload_successful", "Whether the last attempt to load the configuration succeeded.",
		gaugeType, single(func(s *scrape) float64 { return boolean(!s.ReloadFailed) }),
	},
	{
		"prober_connections_open", "Connections that are open.",
		gaugeType, perTarget(func(v *view) float64 { return float64(v.Open) }),
	},
	{
		"prober_connections_opened_total", "Connections that were established.",
		counterType, countPerTarget(func(v *view) uint64 { return v.Opened }),
	},
	{
		"prober_connections_reused_total", "Requests that were sent on a connection that was open already.",
		counterType, countPerTarget(func(v *view) uint64 { return v.Reused }),
	},
	{
		"prober_dns_answer_authentic", "Whether the last DNS answer says that its signatures were verified.",
		gaugeType, perAnswer(func(d *DNS) float64 { return boolean(d.Authentic) }),
	},
	{
		"prober_dns_answer_records", "Records of the type that was asked for in the last DNS answer.",
		gaugeType, perAnswer(func(d *DNS) float64 { return float64(d.Answers) }),
	},
	{
		"prober_dns_answer_ttl_seconds", "The shortest TTL of the records of the type that was asked for in the last DNS answer.",
		gaugeType, perAnswerWith(func(d *DNS) bool { return d.Answers > 0 }, func(d *DNS) float64 { return d.TTL.Seconds() }),
	},
	{
		"prober_dns_answers_cut_total", "DNS answers that were cut, so that the question was asked again over TCP.",
		counterType, (*Page).cutAnswers,
	},
	{
		"prober_error_code_info", "The name, range and meaning of each error code.",
		gaugeType, (*Page).errorCodes,
	},
	{
		"prober_journey_duration_seconds", "Time from when a journey was due to its end, without the pauses between its steps, by result.",
		histogramType, (*Page).journeyDurations,
	},
	{
		"prober_journey_think_seconds_total", "Time that journeys paused between their steps.",
		counterType, (*Page).thought,
	},
	{
		"prober_journeys_in_flight", "Journeys whose first step has started and that have not ended.",
		gaugeType, (*Page).journeysInFlight,
	},
	{
		"prober_journeys_total", "Journeys that ended, by result and by the step at which they ended. A success has no step.",
		counterType, (*Page).journeys,
	},
	{
		"prober_kernel_clock_available", "Whether the system says when answers arrived; if not, latencies end when the prober has read them.",
		gaugeType, single(func(s *scrape) float64 { return boolean(s.KernelClock) }),
	},
	{
		"prober_limit", "The limits of the process; 0 means no limit.",
		gaugeType, perLimit(func(l Limit) float64 { return l.Most }),
	},
	{
		"prober_limit_used", "How much of each limit is in use.",
		gaugeType, perLimit(func(l Limit) float64 { return l.Now }),
	},
	{
		"prober_log_lines_dropped_total", "Lines of the prober's log that were dropped because nobody read it or it could not be written.",
		counterType, func(p *Page, s *scrape) { p.counter(s.DroppedLogLines, s.created) },
	},
	{
		"prober_messages_received_total", "Messages of gRPC answers that arrived complete.",
		counterType, countPerTarget(func(v *view) uint64 { return v.Messages }),
	},
	{
		"prober_receive_lag_seconds", "Time from when the last byte of an answer arrived, by the kernel's clock, to when the prober had read it.",
		histogramType, func(p *Page, s *scrape) { p.histogram(&s.ReceiveLag, receiveBounds, s.Native) },
	},
	{
		"prober_received_bytes_total", "Bytes of HTTP or DNS received, after TLS.",
		counterType, countPerTarget(func(v *view) uint64 { return v.Received }),
	},
	{
		"prober_request_duration_seconds", "Time from when a request was due to its last byte.",
		histogramType, (*Page).requestDurations,
	},
	{
		"prober_request_failures_total", "Requests that failed, by error code and by the phase in which they failed.",
		counterType, (*Page).failures,
	},
	{
		"prober_request_info", "A request of a mix or a step of a journey, with its labels from the configuration.",
		gaugeType, (*Page).namedRequests,
	},
	{
		"prober_request_phase_duration_seconds", "Time that requests spent in each phase.",
		histogramType, (*Page).phaseDurations,
	},
	{
		"prober_requests_cut_total", "Requests that were never due because their burst was cut, by reason, as far as their number is known.",
		counterType, cutsOf(func(c Cut) uint64 { return c.Requests }),
	},
	{
		"prober_requests_dropped_total", "Requests that were due and never started, by reason.",
		counterType, (*Page).dropped,
	},
	{
		"prober_requests_failed_in_a_row", "Requests that failed since the last success. For a target with journeys, journeys that failed.",
		gaugeType, perTarget(func(v *view) float64 { return float64(v.FailedInARow) }),
	},
	{
		"prober_requests_in_flight", "Requests that have started and have not ended.",
		gaugeType, perRequest(func(q *requestView) uint64 { return q.InFlight }),
	},
	{
		"prober_requests_resent_total", "Requests that were sent once more, because the server said that it had not processed them.",
		counterType, countPerTarget(func(v *view) uint64 { return v.Resent }),
	},
	{
		"prober_requests_scheduled_total", "Requests that were due.",
		counterType, (*Page).scheduled,
	},
	{
		"prober_requests_total", "Requests that ended, by error code; 0 is success.",
		counterType, (*Page).requests,
	},
	{
		"prober_requests_waiting", "Requests that are due and have not started.",
		gaugeType, perRequest(func(q *requestView) uint64 { return q.Waiting }),
	},
	{
		"prober_requests_without_kernel_time_total", "Requests whose end was taken from the prober's clock because the kernel did not say when the answer arrived.",
		counterType, countPerTarget(func(v *view) uint64 { return v.Untimed }),
	},
	{
		"prober_responses_total", "Response headers received, by status, even if the body failed later.",
		counterType, (*Page).responses,
	},
	{
		"prober_schedule_lag_seconds", "How much later than due a request started, as far as the prober itself is the cause.",
		histogramType, func(p *Page, s *scrape) { p.histogram(&s.Lag, lagBounds, s.Native) },
	},
	{
		"prober_sent_bytes_total", "Bytes of HTTP or DNS sent, before TLS.",
		counterType, countPerTarget(func(v *view) uint64 { return v.Sent }),
	},
	{
		"prober_shard_ordinal", "The number of this shard, counted from 0.",
		gaugeType, single(func(s *scrape) float64 { return float64(s.Shard) }),
	},
	{
		"prober_target_failing_since_timestamp_seconds", "When the target began to fail: each burst since then had failures. 0 if the last burst had none.",
		gaugeType, perTarget(func(v *view) float64 { return unixSeconds(v.FailingSince) }),
	},
	{
		"prober_target_info", "The URL of a target without its query, with its labels from the configuration.",
		gaugeType, (*Page).targets,
	},
	{
		"prober_target_maintenance", "Whether the target is under maintenance. Absent if no maintenance window is for it.",
		gaugeType, (*Page).maintenance,
	},
	{
		"prober_target_objective_latency_seconds", "Configured time within which 95 % of the successful requests to a target must end.",
		gaugeType, (*Page).objectiveLatencies,
	},
	{
		"prober_target_objective_ratio", "Configured share of the requests to a target that must succeed.",
		gaugeType, (*Page).objectiveRatios,
	},
	{
		"prober_tls_certificate_not_after_timestamp_seconds", "When the last seen certificate of this role ends, even if it was not accepted.",
		gaugeType, (*Page).certificates,
	},
	{
		"prober_tls_info", "What the last TLS handshake agreed on.",
		gaugeType, (*Page).tls,
	},
	{
		"prober_tls_unverified", "Whether the prober accepts any certificate of the target.",
		gaugeType, perTarget(func(v *view) float64 { return boolean(v.Unchecked) }),
	},
	{
		"prober_total_shards", "How many shards there are.",
		gaugeType, single(func(s *scrape) float64 { return float64(s.Shards) }),
	},
}

// MetricNames yields the names of all possible metrics of [Page.Families].
func MetricNames() iter.Seq[string] {
	return func(yield func(string) bool) {
		for i := range families {
			if !yield(families[i].name) {
				return
			}
		}
	}
}

func single(value func(*scrape) float64) func(*Page, *scrape) {
	return func(p *Page, s *scrape) { p.gauge(value(s)) }
}

func perTarget(value func(*view) float64) func(*Page, *scrape) {
	return func(p *Page, s *scrape) {
		for i := range s.targets {
			p.gauge(value(&s.targets[i]), s.targets[i].name)
		}
	}
}

func countPerTarget(value func(*view) uint64) func(*Page, *scrape) {
	return func(p *Page, s *scrape) {
		for i := range s.targets {
			v := &s.targets[i]
			p.counter(value(v), v.created, v.name)
		}
	}
}

func perLimit(value func(Limit) float64) func(*Page, *scrape) {
	return func(p *Page, s *scrape) {
		for _, l := range s.limits {
			p.gauge(value(l), pair("limit", l.Name))
		}
	}
}
