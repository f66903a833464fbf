package history

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"

	"example.com/prober/errcode"
	"example.com/prober/prober/numbers"
)

// Target has the results of requests to a target over a span, for each location that probes it.
type Target struct {
	// Places are sorted by name. They are empty before the first read, and if Prometheus has no data.
	Places []Place
	State
}

// State says how new an answer is.
type State struct {
	// At is the start of the last read that succeeded. It is zero before such a read.
	At time.Time
	// Err says why the last read failed. It is nil if the last read succeeded.
	Err error
}

// Place is a target as one location sees it.
type Place struct {
	// Location is the value of the label location. It is empty without one.
	Location string
	// Slices divide the span, the oldest first. Each has its Start and its Duration. It also has either its requests, with
	// the eight commonest kinds of failure, or the 50th, 95th and 99th percentiles of the latency of successful requests.
	Slices []numbers.Burst
}

// Total adds up the requests of all slices: ended requests, failures of the target's doing, and requests with trouble
// of the prober's own.
func (p *Place) Total() (requests, failed, own uint64) {
	for i := range p.Slices {
		requests += p.Slices[i].Requests
		failed += p.Slices[i].Failed
		own += p.Slices[i].Own
	}
	return requests, failed, own
}

// Counts returns how many requests to a target ended in each slice of a span, as far as this is known.
func (s *Store) Counts(target string, span Span) Target {
	return s.target(key{counts, target, span})
}

// Latencies returns the latency of successful requests to a target in each slice of a span, as far as this is known.
func (s *Store) Latencies(target string, span Span) Target {
	return s.target(key{latencies, target, span})
}

func (s *Store) target(k key) Target {
	e := s.get(k)
	places, _ := e.value.([]Place)
	return Target{places, State{e.at, e.err}}
}

// Share counts the requests to a group of targets that ended, and the failures of the targets' doing.
type Share struct {
	Requests, Failed uint64
	State
}

// Group returns the results of requests to all targets with a label over a span, as far as they are known.
func (s *Store) Group(label, value string, span Span) Share {
	e := s.get(key{shares, label + "=" + strconv.Quote(value), span})
	share, _ := e.value.(Share)
	share.State = State{e.at, e.err}
	return share
}

func (s *Store) readCounts(k key, now time.Time) (any, error) {
	query := fmt.Sprintf("sum by (location, error_code) (increase(prober_requests_total{%s}[%s]))", s.of(k.subject), promDuration(k.span.slice()))
	matrix, grid, err := s.overTime(k.span, now, query)
	if err != nil {
		return nil, err
	}
	places := map[string]*Place{}
	for _, series := range matrix {
		number, err := strconv.Atoi(string(series.Metric["error_code"]))
		if err != nil {
			continue // the code is not from a prober
		}
		p := grid.place(places, series.Metric)
		for _, sample := range series.Values {
			if b := grid.slice(p, sample.Timestamp); b != nil {
				count(b, errcode.Code(number), wholeNumber(float64(sample.Value)))
			}
		}
	}
	return sorted(places), nil
}

// count adds n requests with a code to b.
func count(b *numbers.Burst, code errcode.Code, n uint64) {
	const maxKinds = 8
	if n == 0 {
		return
	}
	b.Requests += n
	if !code.IsFailure() {
		return
	}
	if code.IsOwn() {
		b.Own += n
	} else {
		b.Failed += n
	}
	b.Kinds = append(b.Kinds, numbers.FailureKind{Code: code, Count: n})
	slices.SortFunc(b.Kinds, func(x, y numbers.FailureKind) int {
		return cmp.Or(cmp.Compare(y.Count, x.Count), cmp.Compare(x.Code, y.Code))
	})
	b.Kinds = b.Kinds[:min(len(b.Kinds), maxKinds)]
}

func (s *Store) readLatencies(k key, now time.Time) (any, error) {
	places := map[string]*Place{}
	for _, q := range []struct {
		quantile string
		of       func(*numbers.Burst) *time.Duration
	}{
		{"0.5", func(b *numbers.Burst) *time.Duration { return &b.P50 }},
		{"0.95", func(b *numbers.Burst) *time.Duration { return &b.P95 }},
		{"0.99", func(b *numbers.Burst) *time.Duration { return &b.P99 }},
	} {
		selector, slice := s.of(k.subject)+`,error_code="0"`, promDuration(k.span.slice())
		// Native buckets come first, as they are finer.
		query := fmt.Sprintf("histogram_quantile(%[1]s, sum by (location) (rate(prober_request_duration_seconds{%[2]s}[%[3]s])))"+
			" or histogram_quantile(%[1]s, sum by (location, le) (rate(prober_request_duration_seconds_bucket{%[2]s}[%[3]s])))",
			q.quantile, selector, slice)
		matrix, grid, err := s.overTime(k.span, now, query)
		if err != nil {
			return nil, err
		}
		for _, series := range matrix {
			p := grid.place(places, series.Metric)
			for _, sample := range series.Values {
				b := grid.slice(p, sample.Timestamp)
				// A quantile is NaN without requests, and +Inf beyond the last bucket.
				if v := float64(sample.Value); b != nil && v >= 0 && v < math.MaxInt32 {
					*q.of(b) = time.Duration(v * float64(time.Second))
				}
			}
		}
	}
	return sorted(places), nil
}

func (s *Store) readShares(k key, now time.Time) (any, error) {
	span := promDuration(time.Duration(k.span))
	query := fmt.Sprintf("sum by (error_code) (increase(prober_requests_total{%s}[%s])"+
		" and on (job, instance, target) last_over_time(prober_target_info{%s}[%[2]s]))", s.matchers, span, k.subject)
	ctx, cancel := context.WithTimeout(s.ctx, queryTimeout)
	defer cancel()
	value, _, _, err := s.prometheus.Query(ctx, query, now, v1.WithTimeout(queryTimeout))
	if err != nil {
		return nil, reason(err)
	}
	vector, isVector := value.(model.Vector)
	if !isVector {
		return nil, errors.New("the answer is not a vector")
	}
	var all numbers.Burst
	for _, sample := range vector {
		if number, err := strconv.Atoi(string(sample.Metric["error_code"])); err == nil {
			count(&all, errcode.Code(number), wholeNumber(float64(sample.Value)))
		}
	}
	// Trouble of the prober's own says nothing about the targets.
	return Share{Requests: all.Requests - all.Own, Failed: all.Failed}, nil
}

// grid divides a span into slices of one length.
type grid struct {
	start time.Time
	each  time.Duration
	n     int
}

// overTime asks for a value of each slice of a span. The span ends now. A value at a time is that of the slice before
// it, so the first time to ask for is the end of the first slice.
func (s *Store) overTime(span Span, now time.Time, query string) (model.Matrix, grid, error) {
	g := grid{each: span.slice()}
	g.n = int((time.Duration(span) + g.each - 1) / g.each)
	end := now.Truncate(time.Millisecond) // the resolution of Prometheus
	g.start = end.Add(-time.Duration(g.n) * g.each)
	ctx, cancel := context.WithTimeout(s.ctx, queryTimeout)
	defer cancel()
	value, _, _, err := s.prometheus.QueryRange(ctx, query, v1.Range{Start: g.start.Add(g.each), End: end, Step: g.each}, v1.WithTimeout(queryTimeout))
	if err != nil {
		return nil, g, reason(err)
	}
	matrix, isMatrix := value.(model.Matrix)
	if !isMatrix {
		return nil, g, errors.New("the answer is not a matrix")
	}
	return matrix, g, nil
}

// maxPlaces is the largest number of locations of a target. Further locations are left out.
const maxPlaces = 50

// place returns the place of a series. The place of a location beyond maxPlaces takes values all the same, and is
// thrown away.
func (g grid) place(places map[string]*Place, labels model.Metric) *Place {
	location := string(labels["location"])
	p := places[location]
	if p != nil {
		return p
	}
	p = &Place{Location: location, Slices: make([]numbers.Burst, g.n)}
	for i := range p.Slices {
		p.Slices[i].Start, p.Slices[i].Duration = g.start.Add(time.Duration(i)*g.each), g.each
	}
	if len(places) < maxPlaces {
		places[location] = p
	}
	return p
}

// slice returns the slice with the end t, or nil if there is none.
func (g grid) slice(p *Place, t model.Time) *numbers.Burst {
	i := int((t.Time().Sub(g.start)+g.each/2)/g.each) - 1 // Prometheus may cut times to the millisecond
	if i < 0 || i >= len(p.Slices) {
		return nil
	}
	return &p.Slices[i]
}

func sorted(places map[string]*Place) []Place {
	all := make([]Place, 0, len(places))
	for _, p := range places {
		all = append(all, *p)
	}
	slices.SortFunc(all, func(a, b Place) int { return cmp.Compare(a.Location, b.Location) })
	return all
}

// of returns the matchers for the series of a target.
func (s *Store) of(target string) string {
	return strings.TrimPrefix(s.matchers+",", ",") + "target=" + strconv.Quote(target)
}

// wholeNumber rounds the increase of a counter. Prometheus extrapolates increases.
func wholeNumber(v float64) uint64 {
	if !(v > 0) || v > 1e18 { // NaN is not above 0 either
		return 0
	}
	return uint64(v + 0.5)
}

// promDuration prints a duration in the notation of PromQL.
func promDuration(d time.Duration) string { return model.Duration(d).String() }
