package prober

import (
	"crypto/tls"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/types/known/timestamppb"

	"example.com/prober/config"
	"example.com/prober/errcode"
	"example.com/prober/prober/transport"
)

// collector writes the samples of one scrape.
type collector struct {
	out    chan<- prometheus.Metric
	bounds *bounds
	native bool
}

// Describe implements prometheus.Collector.
func (m *Manager) Describe(out chan<- *prometheus.Desc) {
	for _, d := range descriptions {
		out <- d
	}
}

// Collect implements prometheus.Collector. The samples of a target are those of
// one moment.
func (m *Manager) Collect(out chan<- prometheus.Metric) {
	c := &collector{out: out, bounds: m.bounds, native: m.metrics.NativeHistograms}
	m.mu.Lock()
	entries := make([]entry, 0, len(m.entries))
	for _, e := range m.entries {
		entries = append(entries, *e)
	}
	lag := m.retired.clone()
	reload := m.reload
	m.mu.Unlock()

	for _, e := range entries {
		t := e.recorder.snapshot()
		c.target(&e, t)
		lag.merge(&t.lag)
	}
	c.histogram(descLag, lagBounds, &lag, nil)
	for code := range errcode.All() {
		c.gauge(descErrorCodeInfo, 1,
			labels("error_code", code.String(), "name", code.Name(), "range", code.Range().String()))
	}
	c.limits(m.limiter, len(entries))
	c.gauge(descShard, float64(m.shard.Ordinal), nil)
	c.gauge(descTotalShards, float64(m.shard.total()), nil)
	c.gauge(descReloadOK, boolean(reload.ok), nil)
	c.gauge(descReloadTime, unixSeconds(reload.success), nil)
}

func (c *collector) target(e *entry, t *tally) {
	name := e.cfg.Name
	l := labels("target", name)
	created := e.recorder.created
	c.counter(descScheduled, t.scheduled, created, l)
	for reason := range dropReason(numDropReasons) {
		c.counter(descDropped, t.dropped[reason], created, labels("reason", reason.String(), "target", name))
	}
	c.gauge(descInFlight, float64(t.inFlight), l)
	c.gauge(descPeak, float64(t.lastPeak), l)
	c.counter(descSent, t.sent, created, l)
	c.counter(descReceived, t.received, created, l)
	c.counter(descOpened, t.opened, created, l)
	c.counter(descReused, t.reused, created, l)
	c.gauge(descOpen, float64(e.engine.Open()), l)
	c.requests(name, t, created)
	c.gauge(descBreaker, boolean(t.breakerOpen), l)
	c.bursts(e, t, l)
	c.info(&e.cfg)
	c.gauge(descUnverified, boolean(e.cfg.Connection.TLS.InsecureSkipVerify), l)
	c.tls(name, t)
	if end := e.engine.ClientCertificateNotAfter(); !end.IsZero() {
		c.gauge(descCertificate, unixSeconds(end), labels("role", "client", "target", name))
	}
}

func (c *collector) limits(l *limiter, targets int) {
	for _, limit := range []struct {
		name      string
		most, now float64
	}{
		{"connections", float64(l.limits.Connections), float64(l.connections.Used())},
		{"in_flight", float64(l.limits.InFlight), float64(l.inFlight.Used())},
		{"rate", l.limits.Rate, float64(l.rate.used(transport.Now()))},
		{"targets", float64(l.limits.Targets), float64(targets)},
	} {
		c.gauge(descLimit, limit.most, labels("limit", limit.name))
		c.gauge(descLimitUsed, limit.now, labels("limit", limit.name))
	}
}

func (c *collector) requests(name string, t *tally, created time.Time) {
	for code, h := range t.codes {
		l := labels("error_code", code.String(), "target", name)
		c.counter(descRequests, h.count, h.created, l)
		if h.count > 0 || code == errcode.OK {
			c.histogram(descRequestDuration, c.bounds, h, l)
		}
	}
	for p := errcode.PhaseQueue; p < errcode.NumPhases; p++ {
		if t.phases[p].count > 0 {
			c.histogram(descPhaseDuration, c.bounds, &t.phases[p], labels("phase", p.String(), "target", name))
		}
	}
	for key, n := range t.failures {
		c.counter(descFailures, n, created,
			labels("error_code", key.code.String(), "phase", key.phase.String(), "target", name))
	}
	for key, n := range t.responses {
		c.counter(descResponses, n, created,
			labels("http_version", key.version.String(), "status", strconv.Itoa(key.status), "target", name))
	}
}

func (c *collector) bursts(e *entry, t *tally, l []*dto.LabelPair) {
	c.counter(descBursts, t.bursts, e.recorder.created, l)
	c.counter(descSkipped, t.skipped, e.recorder.created, labels("reason", "overrun", "target", e.cfg.Name))
	c.gauge(descInterval, e.cfg.Interval.Seconds(), l)
	c.histogram(descBurstDuration, burstBounds, &t.burstDuration, l)
	c.gauge(descBurstStart, unixSeconds(t.lastBurstStart), l)
	c.gauge(descBurstSuccess, unixSeconds(t.lastBurstSuccess), l)
}

// info exposes what the configuration says about a target.
func (c *collector) info(cfg *config.Target) {
	pairs := map[string]string{"target": cfg.Name, "url": config.RedactedURL(cfg.URL)}
	maps.Copy(pairs, cfg.Labels)
	var flat []string
	for _, name := range slices.Sorted(maps.Keys(pairs)) {
		flat = append(flat, name, pairs[name])
	}
	c.gauge(descTargetInfo, 1, labels(flat...))
}

func (c *collector) tls(name string, t *tally) {
	if t.tls.Version == 0 {
		return
	}
	c.gauge(descCertificate, unixSeconds(t.tls.LeafNotAfter), labels("role", "leaf", "target", name))
	c.gauge(descCertificate, unixSeconds(t.tls.EarliestNotAfter), labels("role", "earliest", "target", name))
	c.gauge(descTLSInfo, 1, labels(
		"alpn", t.tls.ALPN,
		"cipher", tls.CipherSuiteName(t.tls.Cipher),
		"target", name,
		"version", tls.VersionName(t.tls.Version)))
}

func (c *collector) counter(d *prometheus.Desc, n uint64, created time.Time, l []*dto.LabelPair) {
	v := float64(n)
	c.out <- &sample{d, dto.Metric{Label: l, Counter: &dto.Counter{Value: &v, CreatedTimestamp: timestamp(created)}}}
}

func (c *collector) gauge(d *prometheus.Desc, v float64, l []*dto.LabelPair) {
	c.out <- &sample{d, dto.Metric{Label: l, Gauge: &dto.Gauge{Value: &v}}}
}

func (c *collector) histogram(d *prometheus.Desc, b *bounds, h *histogram, l []*dto.LabelPair) {
	c.out <- &sample{d, dto.Metric{Label: l, Histogram: h.dto(b, c.native)}}
}

// timestamp returns t for the exposition format, nil for the zero time.
func timestamp(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}

// unixSeconds returns t in seconds since the Unix epoch, 0 for the zero time.
func unixSeconds(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixNano()) / 1e9
}

func boolean(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
