package web

import (
	"time"

	"example.com/prober/config"
	"example.com/prober/errcode"
	"example.com/prober/prober/numbers"
)

// The answers of the API. docs/api.md says what each field means. Within a version, names and meanings do not change;
// fields may be added. A time that has not come yet is null.
type (
	apiTargetList struct {
		Targets  []apiTarget `json:"targets"`
		Total    int         `json:"total"`
		Matching int         `json:"matching"`
		Offset   int         `json:"offset"`
	}
	apiTarget struct {
		Name            string         `json:"name"`
		URL             string         `json:"url"`
		State           string         `json:"state"`
		FailingSince    *time.Time     `json:"failing_since"`
		TroubledSince   *time.Time     `json:"troubled_since"`
		OwnTrouble      []string       `json:"own_trouble"`
		Failures        []apiKind      `json:"failures_now"`
		IntervalSeconds float64        `json:"interval_seconds"`
		Requests        uint64         `json:"requests"`
		Failed          uint64         `json:"failed"`
		OwnFailed       uint64         `json:"own_failed"`
		Dropped         uint64         `json:"dropped"`
		HeldBack        uint64         `json:"held_back"`
		Waiting         uint64         `json:"waiting"`
		InFlight        uint64         `json:"in_flight"`
		Codes           []apiCodeCount `json:"codes"`
		P50Seconds      float64        `json:"p50_seconds"`
		P99Seconds      float64        `json:"p99_seconds"`
		Bursts          uint64         `json:"bursts"`
		LastStart       *time.Time     `json:"last_start"`
		LastSuccess     *time.Time     `json:"last_success"`
		LastBurst       *apiBurst      `json:"last_burst"`
		ByRequest       []apiRequest   `json:"by_request,omitempty"`
		Journey         *apiJourney    `json:"journey,omitempty"`
		// Maintenance is null outside maintenance.
		Maintenance *apiMaintenance `json:"maintenance"`
	}
	apiDetail struct {
		apiTarget
		BurstHistory      []apiBurst    `json:"burst_history"`
		LastFailures      []apiFailure  `json:"last_failures"`
		Kinds             []apiKind     `json:"failures_total"`
		Responses         []apiResponse `json:"responses"`
		DroppedBy         []apiDrop     `json:"dropped_by_reason"`
		Cuts              []apiCut      `json:"cut_by_reason"`
		BurstsSkipped     uint64        `json:"bursts_skipped"`
		BurstsSkippedLate uint64        `json:"bursts_skipped_late"`
		PeakInFlight      uint64        `json:"peak_in_flight"`
		numbers.Counters
		ConnectionsOpen int              `json:"connections_open"`
		BreakerOpen     bool             `json:"breaker_open"`
		Objective       *apiObjective    `json:"objective"`
		DNS             *apiDNS          `json:"dns"`
		TLS             *apiTLS          `json:"tls"`
		Certificates    []apiCertificate `json:"certificates"`
		Comparison      *apiComparison   `json:"comparison"`
		Configuration   string           `json:"configuration"`
	}
	apiObjective struct {
		Ratio          float64  `json:"ratio"`
		LatencySeconds *float64 `json:"latency_seconds"`
		WindowSeconds  float64  `json:"window_seconds"`
	}
	apiBurst struct {
		Start             time.Time          `json:"start"`
		DurationSeconds   float64            `json:"duration_seconds"`
		Requests          uint64             `json:"requests"`
		Failed            uint64             `json:"failed"`
		OwnFailed         uint64             `json:"own_failed"`
		Dropped           uint64             `json:"dropped"`
		HeldBack          uint64             `json:"held_back"`
		DroppedLate       uint64             `json:"dropped_late"`
		CutBy             string             `json:"cut_by"`
		Cut               uint64             `json:"cut"`
		Failures          []apiKind          `json:"failures"`
		P50Seconds        float64            `json:"p50_seconds"`
		P95Seconds        float64            `json:"p95_seconds"`
		P99Seconds        float64            `json:"p99_seconds"`
		MaxSeconds        float64            `json:"max_seconds"`
		PhaseSeconds      map[string]float64 `json:"phase_seconds"`
		LagSeconds        float64            `json:"lag_seconds"`
		ConnectionsOpened uint64             `json:"connections_opened"`
		ConnectionsReused uint64             `json:"connections_reused"`
	}
	apiFailureList struct {
		Target   string       `json:"target"`
		Failures []apiFailure `json:"failures"`
	}
	apiFailure struct {
		Time            time.Time `json:"time"`
		Request         string    `json:"request"`
		Code            int       `json:"code"`
		Name            string    `json:"name"`
		Meaning         string    `json:"meaning"`
		Phase           string    `json:"phase"`
		Text            string    `json:"text"`
		RemoteAddress   string    `json:"remote_address"`
		Status          int       `json:"status"`
		DurationSeconds float64   `json:"duration_seconds"`
		Count           uint64    `json:"count"`
		// TraceID is set if request.traceparent asks for it.
		TraceID string `json:"trace_id,omitempty"`
		// Answer is set if keep_failures asks for it.
		Answer *apiAnswer `json:"answer,omitempty"`
	}
	apiAnswer struct {
		Fields     []apiField `json:"fields"`
		MoreFields int        `json:"more_fields"`
		Body       string     `json:"body"`
		BodyBytes  uint64     `json:"body_bytes"`
		Cut        bool       `json:"cut"`
		Hidden     bool       `json:"hidden"`
		Raw        bool       `json:"raw"`
	}
	apiField struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	}
	apiKind struct {
		Code    int    `json:"code"`
		Name    string `json:"name"`
		Phase   string `json:"phase"`
		Count   uint64 `json:"count"`
		Request string `json:"request,omitempty"`
	}
	apiCodeCount struct {
		Code  int    `json:"code"`
		Name  string `json:"name"`
		Count uint64 `json:"count"`
	}
	apiResponse struct {
		Status      int    `json:"status"`
		HTTPVersion string `json:"http_version"`
		Count       uint64 `json:"count"`
	}
	apiDrop struct {
		Reason string `json:"reason"`
		Count  uint64 `json:"count"`
	}
	apiCut struct {
		Reason   string `json:"reason"`
		Bursts   uint64 `json:"bursts"`
		Requests uint64 `json:"requests"`
	}
	apiDNS struct {
		Records    int     `json:"records"`
		TTLSeconds float64 `json:"ttl_seconds"`
		Authentic  bool    `json:"authentic"`
		Cut        uint64  `json:"cut"`
	}
	apiTLS struct {
		Version    string `json:"version"`
		Cipher     string `json:"cipher"`
		ALPN       string `json:"alpn"`
		Unverified bool   `json:"unverified"`
	}
	apiCertificate struct {
		Role     string    `json:"role"`
		NotAfter time.Time `json:"not_after"`
	}
	apiCodeList struct {
		Codes []apiCode `json:"codes"`
	}
	apiCode struct {
		Code     int    `json:"code"`
		Name     string `json:"name"`
		Range    string `json:"range"`
		Meaning  string `json:"meaning"`
		Happened string `json:"happened"`
		Causes   string `json:"causes"`
		Look     string `json:"look"`
	}
	apiFault struct {
		Error string `json:"error"`
	}
)

func apiTargetOf(r *row, cfg *config.Target) apiTarget {
	t := apiTarget{
		Name: r.Name, URL: r.URL, State: r.State.String(),
		FailingSince: timeOrNull(r.FailingSince), TroubledSince: timeOrNull(r.TroubledSince),
		OwnTrouble:      append([]string{}, r.Own...),
		Failures:        mapped(r.Trouble, apiKindOf),
		IntervalSeconds: r.Interval.Seconds(),
		Requests:        r.Requests, Failed: r.Failed(), OwnFailed: r.Snapshot.Own(),
		Dropped: r.Dropped.Total(), HeldBack: r.Dropped.Held(), Waiting: r.Waiting, InFlight: r.InFlight,
		Codes:      mapped(r.Codes, apiCodeCountOf),
		P50Seconds: r.P50.Seconds(), P99Seconds: r.P99.Seconds(),
		Bursts: r.Bursts, LastStart: timeOrNull(r.LastStart), LastSuccess: timeOrNull(r.LastSuccess),
		ByRequest: apiRequestsOf(r.Snapshot, cfg), Journey: apiJourneyOf(r.Journey),
		Maintenance: apiMaintenanceOf(r.Maintenance),
	}
	if r.Last != nil {
		last := apiBurstOf(*r.Last)
		t.LastBurst = &last
	}
	return t
}

func apiDetailOf(s *numbers.Snapshot, cfg *config.Target, now time.Time) (apiDetail, error) {
	r := row{Snapshot: s, State: stateOf(s, now), Own: ownTrouble(s, now)}
	out := apiDetail{
		apiTarget:    apiTargetOf(&r, cfg),
		BurstHistory: mapped(s.History, apiBurstOf),
		LastFailures: mapped(s.Failures, apiFailureOf),
		Kinds:        mapped(s.KindsByCount(), apiKindOf),
		Responses: mapped(s.ResponsesByCount(), func(c numbers.ResponseCount) apiResponse {
			return apiResponse{c.Status, c.Version, c.Count}
		}),
		DroppedBy:     mapped(s.Dropped.ByReason(), func(c numbers.DropCount) apiDrop { return apiDrop{c.Reason, c.Count} }),
		Cuts:          mapped(s.Cuts.ByReason(), func(c numbers.CutCount) apiCut { return apiCut(c) }),
		BurstsSkipped: s.Skipped.Total(), BurstsSkippedLate: s.Skipped.Late(), PeakInFlight: s.PeakInFlight,
		Counters: s.Counters, ConnectionsOpen: s.Open,
		BreakerOpen:  s.BreakerOpen,
		Certificates: mapped(certificates(s), func(c certificate) apiCertificate { return apiCertificate{c.Role, c.NotAfter.UTC()} }),
	}
	if s.ObjectiveRatio > 0 {
		out.Objective = &apiObjective{Ratio: s.ObjectiveRatio, WindowSeconds: s.ObjectiveWindow.Seconds()}
		if seconds := s.ObjectiveLatency.Seconds(); seconds > 0 {
			out.Objective.LatencySeconds = &seconds
		}
	}
	if d := s.DNS; d.Answered || d.Cut > 0 {
		out.DNS = &apiDNS{d.Answers, d.TTL.Seconds(), d.Authentic, d.Cut}
	}
	out.Comparison = apiComparisonOf(s.Comparison)
	if s.TLS != nil {
		out.TLS = &apiTLS{s.TLS.Version, s.TLS.Cipher, s.TLS.ALPN, s.TLS.Unverified}
	}
	if cfg != nil {
		yaml, err := cfg.Redacted()
		if err != nil {
			return out, err
		}
		out.Configuration = string(yaml)
	}
	return out, nil
}

func apiBurstOf(b numbers.Burst) apiBurst {
	out := apiBurst{
		Start: b.Start.UTC(), DurationSeconds: b.Duration.Seconds(),
		Requests: b.Requests, Failed: b.Failed, OwnFailed: b.Own, Dropped: b.Dropped, HeldBack: b.Held, DroppedLate: b.Frozen,
		CutBy: b.CutBy, Cut: b.Cut,
		Failures:   mapped(b.Kinds, apiKindOf),
		P50Seconds: b.P50.Seconds(), P95Seconds: b.P95.Seconds(), P99Seconds: b.P99.Seconds(), MaxSeconds: b.Max.Seconds(),
		PhaseSeconds:      map[string]float64{},
		LagSeconds:        b.Lag.Seconds(),
		ConnectionsOpened: b.Opened, ConnectionsReused: b.Reused,
	}
	for p := errcode.PhaseQueue; p < errcode.NumPhases; p++ {
		if b.Phases[p] > 0 {
			out.PhaseSeconds[p.String()] = b.Phases[p].Seconds()
		}
	}
	return out
}

func apiFailureOf(f numbers.Failure) apiFailure {
	out := apiFailure{
		Time: f.Time.UTC(), Request: f.Request, Code: int(f.Code), Name: f.Code.Name(), Meaning: f.Code.Meaning(), Phase: f.Phase.String(),
		Text: f.Text, Status: f.Status, DurationSeconds: f.Duration.Seconds(), Count: f.Count, TraceID: f.TraceID,
	}
	if f.Remote.IsValid() {
		out.RemoteAddress = f.Remote.String()
	}
	if a := f.Answer; a != nil {
		out.Answer = &apiAnswer{
			Fields:     mapped(a.Fields, func(f numbers.AnswerField) apiField { return apiField(f) }),
			MoreFields: a.More, Body: a.Body, BodyBytes: a.Size, Cut: a.Cut, Hidden: a.Hidden, Raw: a.Raw,
		}
	}
	return out
}

func apiKindOf(k numbers.FailureKind) apiKind {
	return apiKind{int(k.Code), k.Code.Name(), k.Phase.String(), k.Count, k.Request}
}

func apiCodeCountOf(c numbers.CodeCount) apiCodeCount {
	return apiCodeCount{int(c.Code), c.Code.Name(), c.Count}
}

func timeOrNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC().Truncate(time.Millisecond)
	return &t
}

// mapped never returns nil: JSON would write it as null.
func mapped[From, To any](all []From, f func(From) To) []To {
	out := make([]To, len(all))
	for i, v := range all {
		out[i] = f(v)
	}
	return out
}
