package main

import (
	"strconv"
	"strings"
	"time"

	"example.com/prober/internal/rig"
)

// view is one scrape.
type view struct {
	text    string
	samples []rig.Sample
	targets map[string]*counts
	// global has the samples without labels, by name.
	global map[string]float64
	series int // of the prober itself, not of its process
}

// counts are the figures of a scrape about one target.
type counts struct {
	scheduled, dropped, waiting, inFlight float64
	requests, durations                   map[string]float64 // by code
	within                                map[string]float64 // duration below each bound, over all codes
	failures                              map[string]float64 // by phase
	unsent                                float64            // failures before anything can have reached the peer
	unsentBy                              map[string]float64 // the same by code
	expired                               float64            // cancelled requests whose phase is send
	opened, resent                        float64
	cut                                   float64 // answers over UDP
	reloadDrops                           float64
	breakerOpen                           bool
	series                                int
	bursts, skipped, started              float64            // number of ended and left-out bursts; start of the last one
	parts                                 map[string]*counts // the same by request, if requests have names
	journeys                              map[string]float64 // by result and step
	journeyTimes                          float64            // in the histograms of all results
	travelling                            float64            // journeys in flight
}

func newCounts() *counts {
	return &counts{
		requests: map[string]float64{}, durations: map[string]float64{},
		within: map[string]float64{}, failures: map[string]float64{}, unsentBy: map[string]float64{},
		parts: map[string]*counts{}, journeys: map[string]float64{},
	}
}

func newView(text string) (*view, error) {
	m, err := rig.ReadOpenMetrics(text)
	if err != nil {
		return nil, err
	}
	v := &view{text: text, samples: m.Samples, targets: map[string]*counts{}, global: map[string]float64{}}
	for i := range m.Samples {
		s := &m.Samples[i]
		if strings.HasPrefix(s.Name, "prober_") {
			v.series++
		}
		if len(s.Labels) == 0 {
			v.global[s.Name] = s.Value
		}
		if target := s.Label("target"); target != "" {
			v.of(target).add(s)
		}
	}
	return v, nil
}

// of returns the counts of a target, zero if there are none.
func (v *view) of(target string) *counts {
	c := v.targets[target]
	if c == nil {
		c = newCounts()
		v.targets[target] = c
	}
	return c
}

func (c *counts) add(s *rig.Sample) {
	c.series++
	if request := s.Label("request"); request != "" {
		if c.parts[request] == nil {
			c.parts[request] = newCounts()
		}
		c.parts[request].count(s)
	}
	c.count(s)
}

func (c *counts) count(s *rig.Sample) {
	switch s.Name {
	case "prober_breaker_open":
		c.breakerOpen = s.Value != 0
	case "prober_requests_scheduled_total":
		c.scheduled += s.Value
	case "prober_requests_dropped_total":
		c.dropped += s.Value
		if s.Label("reason") == "reload" {
			c.reloadDrops += s.Value
		}
	case "prober_requests_waiting":
		c.waiting += s.Value
	case "prober_requests_in_flight":
		c.inFlight += s.Value
	case "prober_requests_total":
		c.requests[s.Label("error_code")] += s.Value
	case "prober_request_duration_seconds_count":
		c.durations[s.Label("error_code")] += s.Value
	case "prober_request_duration_seconds_bucket":
		c.within[s.Label("le")] += s.Value
	case "prober_request_failures_total":
		c.failures[s.Label("phase")] += s.Value
		if s.Label("error_code") == "1001" && s.Label("phase") == "send" {
			c.expired += s.Value
		}
		if isUnsent(s.Label("error_code"), s.Label("phase")) {
			c.unsent += s.Value
			c.unsentBy[s.Label("error_code")] += s.Value
		}
	case "prober_connections_opened_total":
		c.opened += s.Value
	case "prober_requests_resent_total":
		c.resent += s.Value
	case "prober_dns_answers_cut_total":
		c.cut += s.Value
	default:
		c.countBursts(s)
	}
}

// countBursts adds a figure about bursts and journeys.
func (c *counts) countBursts(s *rig.Sample) {
	switch s.Name {
	case "prober_bursts_total":
		c.bursts = s.Value
	case "prober_bursts_skipped_total":
		c.skipped += s.Value
	case "prober_burst_last_start_timestamp_seconds":
		c.started = s.Value
	case "prober_journeys_total":
		c.journeys[s.Label("result")+" "+s.Label("step")] += s.Value
	case "prober_journeys_in_flight":
		c.travelling = s.Value
	case "prober_journey_duration_seconds_count":
		c.journeyTimes += s.Value
	}
}

// total adds the requests of all codes up.
func (c *counts) total() float64 { return sum(c.requests) }

// failed adds the requests of all codes but success up.
func (c *counts) failed() float64 { return sum(c.requests) - c.requests["0"] }

// isUnsent reports whether requests that failed with a code in a phase cannot have reached the peer. The phase of a
// time-out at the peer (1050) is the longest one.
func isUnsent(code, phase string) bool {
	switch phase {
	case "queue":
		return true
	case "resolve", "connect", "tls":
		return code != "1050"
	}
	return false
}

// beyond returns how many requests took longer than a bound of the histogram.
func (c *counts) beyond(bound time.Duration) float64 {
	return c.within["+Inf"] - c.within[strconv.FormatFloat(bound.Seconds(), 'g', -1, 64)]
}

// codes returns the codes that have occurred.
func (c *counts) codes() map[string]float64 {
	some := map[string]float64{}
	for code, n := range c.requests {
		if n > 0 {
			some[code] = n
		}
	}
	return some
}

// all adds up a figure over all targets.
func (v *view) all(figure func(*counts) float64) float64 {
	total := 0.0
	for _, c := range v.targets {
		total += figure(c)
	}
	return total
}

func sum(by map[string]float64) float64 {
	total := 0.0
	for _, n := range by {
		total += n
	}
	return total
}
