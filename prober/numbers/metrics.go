package numbers

import (
	"crypto/tls"
	"iter"
	"maps"
	"slices"
	"time"

	dto "github.com/prometheus/client_model/go"

	"example.com/prober/errcode"
)

// family is a metric: its name, what stands in its HELP line, its type, and the
// function that writes its series onto a page.
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
		"prober_breaker_open", "Whether bursts are thinned to one request after failures in a row.",
		gaugeType, perTarget(func(v *view) float64 { return boolean(v.BreakerOpen) }),
	},
	{
		"prober_burst_answer_seconds", "Mean time from the start to the end of the requests of the last open burst; 0 before it.",
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
		"prober_burst_requests_per_second", "Highest rate of the last open burst as configured, for this prober; 0 before it.",
		gaugeType, perTarget(func(v *view) float64 { return v.Capacity.Rate }),
	},
	{
		"prober_burst_workers", "How many requests of the last open burst could be in flight at once; 0 before it.",
		gaugeType, perTarget(func(v *view) float64 { return float64(v.Capacity.Has) }),
	},
	{
		"prober_burst_workers_needed", "How many workers would have kept up in the last open burst: its rate times the mean time of an answer.",
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
		"prober_config_last_reload_success_timestamp_seconds", "When the configuration was last loaded with success.",
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
		"prober_error_code_info", "The name and range of each error code.",
		gaugeType, (*Page).errorCodes,
	},
	{
		"prober_limit", "The ceilings of the process; 0 means none.",
		gaugeType, perLimit(func(l Limit) float64 { return l.Most }),
	},
	{
		"prober_limit_used", "How much of each ceiling is in use.",
		gaugeType, perLimit(func(l Limit) float64 { return l.Now }),
	},
	{
		"prober_log_lines_dropped_total", "Lines of the prober's log that were dropped because nobody read it or it could not be written.",
		counterType, func(p *Page, s *scrape) { p.counter(s.DroppedLogLines, s.created) },
	},
	{
		"prober_messages_received_total", "Messages of gRPC answers that came whole.",
		counterType, countPerTarget(func(v *view) uint64 { return v.Messages }),
	},
	{
		"prober_received_bytes_total", "Bytes of HTTP received, after TLS.",
		counterType, countPerTarget(func(v *view) uint64 { return v.Received }),
	},
	{
		"prober_request_duration_seconds", "Time from when a request was due to its last byte.",
		histogramType, (*Page).requestDurations,
	},
	{
		"prober_request_failures_total", "Requests that failed, by error code and the phase in which they did.",
		counterType, (*Page).failures,
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
		"prober_requests_in_flight", "Requests that have started and have not ended.",
		gaugeType, perTarget(func(v *view) float64 { return float64(v.InFlight) }),
	},
	{
		"prober_requests_resent_total", "Requests that were sent once more, because the server said that it had not processed them.",
		counterType, countPerTarget(func(v *view) uint64 { return v.Resent }),
	},
	{
		"prober_requests_scheduled_total", "Requests that were due.",
		counterType, countPerTarget(func(v *view) uint64 { return v.Scheduled }),
	},
	{
		"prober_requests_total", "Requests that ended, by error code; 0 is success.",
		counterType, (*Page).requests,
	},
	{
		"prober_requests_waiting", "Requests that are due and have not started.",
		gaugeType, perTarget(func(v *view) float64 { return float64(v.Waiting) }),
	},
	{
		"prober_responses_total", "Response headers received, by status, also when the body failed later.",
		counterType, (*Page).responses,
	},
	{
		"prober_schedule_lag_seconds", "Time from when a request was due to when it was fired, as far as the prober itself is the cause.",
		histogramType, func(p *Page, s *scrape) { p.histogram(&s.Lag, lagBounds, s.Native) },
	},
	{
		"prober_sent_bytes_total", "Bytes of HTTP sent, before TLS.",
		counterType, countPerTarget(func(v *view) uint64 { return v.Sent }),
	},
	{
		"prober_shard_ordinal", "Which of the shards this prober is, counted from 0.",
		gaugeType, single(func(s *scrape) float64 { return float64(s.Shard) }),
	},
	{
		"prober_target_info", "The URL of a target, without query, and the labels that its configuration gives it.",
		gaugeType, (*Page).targets,
	},
	{
		"prober_tls_certificate_not_after_timestamp_seconds", "When the certificate of that role ends, as seen last, whether or not it was accepted.",
		gaugeType, (*Page).certificates,
	},
	{
		"prober_tls_info", "What the last TLS handshake agreed on.",
		gaugeType, (*Page).tls,
	},
	{
		"prober_tls_unverified", "Whether any certificate of the target is accepted.",
		gaugeType, perTarget(func(v *view) float64 { return boolean(v.Unchecked) }),
	},
	{
		"prober_total_shards", "How many shards there are.",
		gaugeType, single(func(s *scrape) float64 { return float64(s.Shards) }),
	},
}

// MetricNames yields the names of all metrics that [Page.Families] may return.
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

func (p *Page) requests(s *scrape) {
	for i := range s.targets {
		v := &s.targets[i]
		for code, n := range v.counts() {
			sample := p.counter(n, v.createdOf(code), p.code(code), v.name)
			if h := v.ByCode[code]; h != nil && h.exemplars.get().first.latency > 0 {
				sample.Exemplar = h.exemplars.first.dto(1)
			}
		}
	}
}

func (p *Page) requestDurations(s *scrape) {
	for i := range s.targets {
		v := &s.targets[i]
		for _, code := range slices.Sorted(maps.Keys(v.ByCode)) {
			p.histogram(v.ByCode[code], s.Bounds, s.Native, p.code(code), v.name)
		}
	}
}

func (p *Page) phaseDurations(s *scrape) {
	for i := range s.targets {
		v := &s.targets[i]
		for phase := errcode.PhaseQueue; phase < errcode.NumPhases; phase++ {
			if h := &v.Phases[phase]; h.count > 0 {
				p.histogram(h, s.Bounds, s.Native, p.phases[phase], v.name)
			}
		}
	}
}

func (p *Page) failures(s *scrape) {
	for i := range s.targets {
		v := &s.targets[i]
		for _, k := range v.Kinds {
			p.counter(k.Count, v.created, p.code(k.Code), p.phases[k.Phase], v.name)
		}
	}
}

func (p *Page) responses(s *scrape) {
	for i := range s.targets {
		v := &s.targets[i]
		for _, r := range v.Responses {
			p.counter(r.Count, v.created, p.version(r.Version), p.status(r.Status), v.name)
		}
	}
}

func (p *Page) dropped(s *scrape) {
	for i := range s.targets {
		v := &s.targets[i]
		for reason, n := range v.Dropped {
			p.counter(n, v.created, p.reasons[reason], v.name)
		}
	}
}

func cutsOf(count func(Cut) uint64) func(*Page, *scrape) {
	return func(p *Page, s *scrape) {
		for i := range s.targets {
			v := &s.targets[i]
			for _, reason := range cutReasons {
				p.counter(count(v.Cuts[reason]), v.created, p.reasons[reason], v.name)
			}
		}
	}
}

func (p *Page) skipped(s *scrape) {
	for i := range s.targets {
		v := &s.targets[i]
		for reason, n := range v.Skipped {
			p.counter(n, v.created, p.skips[reason], v.name)
		}
	}
}

func (p *Page) burstDurations(s *scrape) {
	for i := range s.targets {
		p.histogram(&s.targets[i].BurstDuration, burstBounds, s.Native, s.targets[i].name)
	}
}

func (p *Page) errorCodes(*scrape) {
	for code := range errcode.All() {
		p.gauge(1, p.code(code), pair("name", code.Name()), pair("range", code.Range().String()))
	}
}

// targets exposes what the configuration says about each.
func (p *Page) targets(s *scrape) {
	for i := range s.targets {
		about := &s.targets[i].About
		values := map[string]string{"target": about.Name, "url": about.URL}
		maps.Copy(values, about.Labels)
		labels := make([]*dto.LabelPair, 0, len(values))
		for _, name := range slices.Sorted(maps.Keys(values)) {
			labels = append(labels, pair(name, values[name]))
		}
		p.gauge(1, labels...)
	}
}

func (p *Page) certificates(s *scrape) {
	client, earliest, leaf := pair("role", "client"), pair("role", "earliest"), pair("role", "leaf")
	for i := range s.targets {
		v := &s.targets[i]
		certificate := func(role *dto.LabelPair, end time.Time) {
			if !end.IsZero() {
				p.gauge(unixSeconds(end), role, v.name)
			}
		}
		certificate(client, v.ClientNotAfter)
		certificate(earliest, v.tls.EarliestNotAfter)
		certificate(leaf, v.tls.LeafNotAfter)
	}
}

func (p *Page) tls(s *scrape) {
	for i := range s.targets {
		v := &s.targets[i]
		if t := &v.tls; t.Version != 0 {
			p.gauge(1, pair("alpn", t.ALPN), pair("cipher", tls.CipherSuiteName(t.Cipher)), v.name,
				pair("version", tls.VersionName(t.Version)))
		}
	}
}
