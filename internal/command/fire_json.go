package command

import (
	"encoding/json"
	"io"
	"net/netip"
	"time"

	"example.com/prober/errcode"
	"example.com/prober/prober/numbers"
)

// fireSchema is the version of fireJSON. A version may get more keys. If a key
// disappears or changes its meaning, the version changes.
const fireSchema = 1

// fireJSON is the report of a burst. docs/fire.md describes it. Durations are
// in seconds.
type fireJSON struct {
	Schema      int                 `json:"schema"`
	Target      string              `json:"target"`
	URL         string              `json:"url"`
	Started     time.Time           `json:"started"`
	Duration    float64             `json:"duration"`
	Outcome     numbers.Outcome     `json:"outcome"`
	OK          bool                `json:"ok"`
	Thresholds  []fireThresholdJSON `json:"thresholds"`
	Requests    fireRequestsJSON    `json:"requests"`
	Drops       []fireDropJSON      `json:"drops"`
	Workers     *fireWorkersJSON    `json:"too_few_workers"`
	Rate        fireRateJSON        `json:"rate"`
	Latency     *fireLatencyJSON    `json:"latency"`
	Histogram   []fireBucketJSON    `json:"histogram"`
	Phases      []firePhaseJSON     `json:"phases"`
	Codes       []fireCodeJSON      `json:"codes"`
	Responses   []fireResponseJSON  `json:"responses"`
	Connections fireConnectionJSON  `json:"connections"`
	Bytes       fireBytesJSON       `json:"bytes"`
	Messages    uint64              `json:"messages_received"`
	DNS         *fireDNSJSON        `json:"dns"`
	TLS         *fireTLSJSON        `json:"tls"`
	LagP99      *float64            `json:"schedule_lag_p99"`
	Receive     fireReceiveJSON     `json:"receive_lag"`
	Failures    []fireFailureJSON   `json:"failures"`
	ByRequest   []fireRequestJSON   `json:"by_request"`
	Journey     *fireJourneyJSON    `json:"journey"`
	Comparison  *fireComparisonJSON `json:"comparison"`
	Slices      []fireSliceJSON     `json:"slices"`
}

type fireRequestsJSON struct {
	Scheduled uint64 `json:"scheduled"`
	Succeeded uint64 `json:"succeeded"`
	Failed    uint64 `json:"failed"`
	Dropped   uint64 `json:"dropped"`
	Cut       uint64 `json:"cut"`
}

// fireWorkersJSON says how many workers the burst needed and had.
type fireWorkersJSON struct {
	Rate   float64 `json:"rate"`
	Answer float64 `json:"answer"`
	Needed int     `json:"needed"`
	Has    int     `json:"has"`
}

type fireDropJSON struct {
	Reason string `json:"reason"`
	Count  uint64 `json:"count"`
}

type fireRateJSON struct {
	Asked    *float64 `json:"asked"`
	Achieved *float64 `json:"achieved"`
}

type fireLatencyJSON struct {
	Count uint64  `json:"count"`
	Mean  float64 `json:"mean"`
	P50   float64 `json:"p50"`
	P90   float64 `json:"p90"`
	P95   float64 `json:"p95"`
	P99   float64 `json:"p99"`
	P999  float64 `json:"p999"`
	Max   float64 `json:"max"`
	// Widths are the widths of the percentiles' buckets.
	Widths fireWidthsJSON `json:"bucket_width"`
}

type fireWidthsJSON struct {
	P50  float64 `json:"p50"`
	P90  float64 `json:"p90"`
	P95  float64 `json:"p95"`
	P99  float64 `json:"p99"`
	P999 float64 `json:"p999"`
}

type fireBucketJSON struct {
	Above float64 `json:"above"`
	To    float64 `json:"to"`
	Count uint64  `json:"count"`
}

type firePhaseJSON struct {
	Phase string  `json:"phase"`
	Count uint64  `json:"count"`
	Mean  float64 `json:"mean"`
	P99   float64 `json:"p99"`
}

type fireCodeJSON struct {
	Code    errcode.Code  `json:"code"`
	Name    string        `json:"name"`
	Range   errcode.Range `json:"range"`
	Meaning string        `json:"meaning"`
	Count   uint64        `json:"count"`
}

type fireResponseJSON struct {
	Status  int    `json:"status"`
	Version string `json:"http_version"`
	Count   uint64 `json:"count"`
}

type fireTLSJSON struct {
	Version          string     `json:"version"`
	Cipher           string     `json:"cipher"`
	ALPN             string     `json:"alpn"`
	Unverified       bool       `json:"unverified"`
	LeafNotAfter     *time.Time `json:"leaf_not_after"`
	EarliestNotAfter *time.Time `json:"earliest_not_after"`
	ClientNotAfter   *time.Time `json:"client_not_after"`
}

type fireFailureJSON struct {
	Time     time.Time       `json:"time"`
	Code     errcode.Code    `json:"code"`
	Name     string          `json:"name"`
	Phase    string          `json:"phase"`
	Status   *int            `json:"status"`
	Count    uint64          `json:"count"`
	Duration float64         `json:"duration"`
	Remote   *netip.AddrPort `json:"remote"`
	Text     string          `json:"text"`
}

func writeFireJSON(out io.Writer, r *judgedReport) error {
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(newFireJSON(r))
}

func newFireJSON(judged *judgedReport) *fireJSON {
	r := judged.Report
	j := &fireJSON{
		Schema:      fireSchema,
		Target:      r.Name,
		URL:         r.URL,
		Started:     r.LastStart.UTC(),
		Duration:    r.Duration.Seconds(),
		Outcome:     r.Outcome,
		OK:          judged.isOK(),
		Thresholds:  list(judged.thresholds, thresholdJSON),
		Requests:    fireRequestsJSON{r.Scheduled, r.Succeeded, r.Failed, r.Dropped.Total(), r.Cuts.Requests()},
		Rate:        fireRateJSON{Achieved: known(r.Rate)},
		Drops:       list(r.Dropped.ByReason(), func(d numbers.DropCount) fireDropJSON { return fireDropJSON{d.Reason, d.Count} }),
		Histogram:   list(r.Latency.Buckets, bucketJSON),
		Phases:      list(r.Phases, phaseJSON),
		Codes:       list(r.Codes, codeJSON),
		Responses:   list(r.ResponsesByCount(), func(c numbers.ResponseCount) fireResponseJSON { return fireResponseJSON(c) }),
		Connections: connectionsJSON(&r.Counters),
		Bytes:       bytesJSON(&r.Counters),
		Messages:    r.Messages,
		Receive:     receiveJSON(r),
		DNS:         dnsJSON(&r.DNS),
		Failures:    list(r.Failures, failureJSON),
		ByRequest:   list(r.Rows, requestJSON),
		Journey:     journeyJSON(r),
		Comparison:  comparisonJSON(judged.comparison),
		Slices:      slicesJSON(judged.sample),
	}
	if r.Plan.Rate > 0 {
		lag := r.LagP99.Seconds()
		j.Rate.Asked, j.LagP99 = &r.Plan.Rate, &lag
	}
	if c, isShort := r.Shortage(); isShort {
		j.Workers = &fireWorkersJSON{c.Rate, c.Answer.Seconds(), c.Needs(), c.Has}
	}
	if r.Latency.Count > 0 {
		j.Latency = latencyJSON(&r.Latency)
	}
	if r.TLS != nil {
		j.TLS = tlsJSON(r.TLS, r.ClientNotAfter)
	}
	return j
}

// list converts all items. Without items it returns an empty list: it is easier
// to read than null.
func list[T, J any](items []T, convert func(T) J) []J {
	all := make([]J, len(items))
	for i, item := range items {
		all[i] = convert(item)
	}
	return all
}

func latencyJSON(l *numbers.Latency) *fireLatencyJSON {
	return &fireLatencyJSON{
		Count: l.Count,
		Mean:  l.Mean.Seconds(),
		P50:   l.P50.Seconds(),
		P90:   l.P90.Seconds(),
		P95:   l.P95.Seconds(),
		P99:   l.P99.Seconds(),
		P999:  l.P999.Seconds(),
		Max:   l.Max.Seconds(),
		Widths: fireWidthsJSON{
			l.Widths.P50.Seconds(), l.Widths.P90.Seconds(), l.Widths.P95.Seconds(), l.Widths.P99.Seconds(), l.Widths.P999.Seconds(),
		},
	}
}

func bucketJSON(b numbers.Bucket) fireBucketJSON {
	return fireBucketJSON{b.Lower.Seconds(), b.Upper.Seconds(), b.Count}
}

func phaseJSON(p numbers.PhaseTime) firePhaseJSON {
	return firePhaseJSON{p.Phase.String(), p.Count, p.Mean.Seconds(), p.P99.Seconds()}
}

func codeJSON(c numbers.CodeCount) fireCodeJSON {
	return fireCodeJSON{c.Code, c.Code.Name(), c.Code.Range(), c.Code.Meaning(), c.Count}
}

func tlsJSON(t *numbers.TLS, client time.Time) *fireTLSJSON {
	return &fireTLSJSON{t.Version, t.Cipher, t.ALPN, t.Unverified, known(t.LeafNotAfter.UTC()), known(t.EarliestNotAfter.UTC()), known(client.UTC())}
}

func failureJSON(f numbers.Failure) fireFailureJSON {
	return fireFailureJSON{
		Time:     f.Time.UTC(),
		Code:     f.Code,
		Name:     f.Code.Name(),
		Phase:    f.Phase.String(),
		Status:   known(f.Status),
		Count:    f.Count,
		Duration: f.Duration.Seconds(),
		Remote:   known(f.Remote),
		Text:     f.Text,
	}
}

// known returns nil for the zero value.
func known[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}
