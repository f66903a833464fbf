package web

import (
	"net/http"
	"strconv"
	"time"

	"example.com/prober/discover"
)

type (
	apiDiscoveries struct {
		Discoveries []apiDiscovery `json:"discoveries"`
		Found       []apiFound     `json:"found"`
		Matching    int            `json:"matching"`
		Offset      int            `json:"offset"`
	}
	apiDiscovery struct {
		Name       string         `json:"name"`
		Targets    int            `json:"targets"`
		Found      int            `json:"found"`
		LeftOut    map[string]int `json:"left_out"`
		MaxTargets int            `json:"max_targets"`
		KeepFor    float64        `json:"keep_for_seconds"`
		KeptSince  *time.Time     `json:"kept_since"`
		Mechanisms []apiMechanism `json:"mechanisms"`
	}
	apiMechanism struct {
		Name         string     `json:"name"`
		LastSuccess  *time.Time `json:"last_success"`
		FailingSince *time.Time `json:"failing_since"`
		Failures     uint64     `json:"failures"`
		LastError    string     `json:"last_error"`
	}
	apiFound struct {
		Mechanism string            `json:"mechanism"`
		Target    string            `json:"target"`
		Reason    string            `json:"reason"`
		Why       string            `json:"why"`
		Before    map[string]string `json:"labels_before"`
		After     map[string]string `json:"labels_after"`
	}
)

func (s *Shell) apiDiscovery(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	f := s.foundFilter(q)
	limit, okLimit := wholeNumber(q, "limit", apiLimit, 1, apiMaxLimit)
	offset, okOffset := wholeNumber(q, "offset", 0, 0, 1_000_000)
	if !okLimit || !okOffset || f.Discover != q.Get("discover") || !f.LeftOut && string(f.Reason) != q.Get("reason") {
		apiError(w, http.StatusBadRequest, "limit must be 1 to 1000, and offset at least 0; discover must be the name of a discovery, and docs/api.md lists the values of reason")
		return
	}
	key := "api/discovery?" + foundQuery(f, 1).Encode() + "&" + strconv.Itoa(limit) + "&" + strconv.Itoa(offset)
	s.answer(w, r, key, func() (any, error) {
		a := apiDiscoveries{Discoveries: []apiDiscovery{}, Found: []apiFound{}, Offset: offset}
		for _, d := range s.discoveries() {
			a.Discoveries = append(a.Discoveries, apiDiscoveryOf(d))
		}
		if s.opts.Discoveries != nil {
			var found []discover.Found
			found, a.Matching = s.opts.Discoveries.Found(f, offset, limit)
			for _, one := range found {
				a.Found = append(a.Found, apiFound{
					Mechanism: one.Mechanism, Target: one.Target, Reason: string(one.Reason), Why: one.Why,
					Before: labelMap(one.Before), After: labelMap(one.After),
				})
			}
		}
		return a, nil
	})
}

func apiDiscoveryOf(d discover.Status) apiDiscovery {
	a := apiDiscovery{
		Name: d.Name, Targets: d.Targets, Found: d.Found, LeftOut: map[string]int{}, MaxTargets: d.MaxTargets,
		KeepFor: d.KeepFor.Seconds(), KeptSince: timeOrNull(d.KeptSince), Mechanisms: []apiMechanism{},
	}
	for _, reason := range discover.Reasons() {
		a.LeftOut[string(reason)] = d.LeftOut[reason]
	}
	for _, m := range d.Mechanisms {
		a.Mechanisms = append(a.Mechanisms, apiMechanism{
			Name: m.Name, LastSuccess: timeOrNull(m.LastSuccess), FailingSince: timeOrNull(m.FailingSince), Failures: m.Failures, LastError: m.LastError,
		})
	}
	return a
}

func labelMap(list []discover.Label) map[string]string {
	labels := make(map[string]string, len(list))
	for _, l := range list {
		labels[l.Name] = l.Value
	}
	return labels
}
