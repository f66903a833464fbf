package web

import (
	"time"

	"example.com/prober/config"
	"example.com/prober/prober/numbers"
)

// The requests of a mix and the steps of a journey, as the API gives them.
type (
	apiRequest struct {
		Name          string         `json:"name"`
		Weight        int            `json:"weight,omitempty"`
		State         string         `json:"state"`
		FailingSince  *time.Time     `json:"failing_since"`
		TroubledSince *time.Time     `json:"troubled_since"`
		Scheduled     uint64         `json:"scheduled"`
		Waiting       uint64         `json:"waiting"`
		InFlight      uint64         `json:"in_flight"`
		Dropped       uint64         `json:"dropped"`
		Ended         uint64         `json:"ended"`
		Codes         []apiCodeCount `json:"codes"`
		P50Seconds    float64        `json:"p50_seconds"`
		P99Seconds    float64        `json:"p99_seconds"`
	}
	apiJourney struct {
		InFlight     uint64          `json:"in_flight"`
		Ended        []apiJourneyEnd `json:"ended"`
		P50Seconds   float64         `json:"p50_seconds"`
		P99Seconds   float64         `json:"p99_seconds"`
		ThinkSeconds float64         `json:"think_seconds"`
	}
	apiJourneyEnd struct {
		Result string `json:"result"`
		Step   string `json:"step"`
		Count  uint64 `json:"count"`
	}
)

func apiRequestsOf(s *numbers.Snapshot, cfg *config.Target) []apiRequest {
	weights, _ := weightsOf(cfg)
	all := make([]apiRequest, len(s.ByRequest))
	for i := range all {
		n := &s.ByRequest[i]
		all[i] = apiRequest{
			Name: n.Name, Weight: weights[n.Name], State: requestState(n).String(),
			FailingSince: timeOrNull(n.FailingSince), TroubledSince: timeOrNull(n.TroubledSince),
			Scheduled: n.Scheduled, Waiting: n.Waiting, InFlight: n.InFlight, Dropped: n.Dropped.Total(),
			Ended: n.Requests, Codes: mapped(n.Codes, apiCodeCountOf),
			P50Seconds: n.P50.Seconds(), P99Seconds: n.P99.Seconds(),
		}
	}
	return all
}

func apiJourneyOf(j *numbers.JourneyNumbers) *apiJourney {
	if j == nil {
		return nil
	}
	return &apiJourney{
		InFlight: j.InFlight,
		Ended: mapped(j.Ended, func(c numbers.JourneyCount) apiJourneyEnd {
			return apiJourneyEnd{c.Result.String(), c.Step, c.Count}
		}),
		P50Seconds: j.P50.Seconds(), P99Seconds: j.P99.Seconds(),
		ThinkSeconds: j.ThoughtSeconds,
	}
}
