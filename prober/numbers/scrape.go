package numbers

import (
	"iter"
	"slices"
	"strings"
	"time"

	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/types/known/timestamppb"

	"example.com/prober/errcode"
)

// Scrape is the contents of one scrape.
type Scrape struct {
	Self

	// Targets have their labels and distributions, and are sorted by name.
	Targets []Snapshot
	// Bounds are the bounds of latencies. Native means that histograms have native buckets too.
	Bounds *Bounds
	Native bool
}

// scrape is a Scrape on its way onto a page.
type scrape struct {
	*Scrape

	targets []view
	limits  []Limit // by name
	created *timestamppb.Timestamp
}

// view is one target with the common parts of its series.
type view struct {
	*Snapshot

	created  *timestamppb.Timestamp
	name     *label
	requests []requestView // without named requests, one without a label
}

// requestView is one request of a target with the common parts of its series.
type requestView struct {
	*RequestNumbers

	created *timestamppb.Timestamp
	label   *label         // nil without a name
	codes   []errcode.Code // of ByCode, ascending
}

// Families yields all metrics as messages, a family at a time. All families use the same memory, so
// a family is valid until the next one. With many targets, Families takes several times the time and
// the memory of [Page.Write].
func (p *Page) Families(s *Scrape, giveWay func()) iter.Seq[*dto.MetricFamily] {
	return func(yield func(*dto.MetricFamily) bool) {
		p.giveWay = giveWay
		shown := show(s)
		for i := range families {
			if p.write(&p.messages, &families[i], shown) && !yield(&p.messages.family) {
				return
			}
		}
	}
}

func show(s *Scrape) *scrape {
	shown := &scrape{
		Scrape:  s,
		targets: make([]view, len(s.Targets)),
		limits:  slices.SortedFunc(slices.Values(s.Limits), func(a, b Limit) int { return strings.Compare(a.Name, b.Name) }),
		created: timestamp(s.Created),
	}
	for i := range s.Targets {
		t := &s.Targets[i]
		shown.targets[i] = view{t, timestamp(t.Created), pair("target", t.Name), showRequests(t)}
	}
	return shown
}

// showRequests returns the named requests of a target, or its only one.
func showRequests(t *Snapshot) []requestView {
	if len(t.ByRequest) == 0 {
		only := &RequestNumbers{
			Created: t.Created, Scheduled: t.Scheduled, Waiting: t.Waiting, InFlight: t.InFlight, Dropped: t.Dropped,
			Kinds: t.Kinds, Responses: t.Responses, ByCode: t.ByCode,
		}
		return []requestView{{only, timestamp(t.Created), nil, sortedCodes(t.ByCode)}}
	}
	shown := make([]requestView, len(t.ByRequest))
	for i := range t.ByRequest {
		n := &t.ByRequest[i]
		shown[i] = requestView{n, timestamp(n.Created), pair("request", n.Name), sortedCodes(n.ByCode)}
	}
	return shown
}

// requests yields every request of every target.
func (s *scrape) requests() iter.Seq2[*view, *requestView] {
	return func(yield func(*view, *requestView) bool) {
		for i := range s.targets {
			v := &s.targets[i]
			for j := range v.requests {
				if !yield(v, &v.requests[j]) {
					return
				}
			}
		}
	}
}

func sortedCodes(byCode map[errcode.Code]*Histogram) []errcode.Code {
	codes := make([]errcode.Code, 0, len(byCode))
	for code := range byCode {
		codes = append(codes, code)
	}
	slices.Sort(codes)
	return codes
}

// expected returns the codes with a counter before they occur, ascending; not to be changed.
func (v *view) expected() []errcode.Code {
	switch {
	case v.Calls:
		return expectedOfCalls
	case v.Asks:
		return expectedOfDNS
	}
	return expectedCodes[:]
}

// counts yields each code with a counter, and the histogram of its requests, in the order of the
// codes. h is nil for an expected code that has not occurred.
func (q *requestView) counts(expected []errcode.Code) iter.Seq2[errcode.Code, *Histogram] {
	return func(yield func(errcode.Code, *Histogram) bool) {
		occurred := q.codes
		for len(expected) > 0 || len(occurred) > 0 {
			var code errcode.Code
			var h *Histogram
			isExpected := len(expected) > 0 && (len(occurred) == 0 || expected[0] <= occurred[0])
			if isExpected {
				code, expected = expected[0], expected[1:]
			}
			if len(occurred) > 0 && (!isExpected || occurred[0] == code) {
				code, occurred = occurred[0], occurred[1:]
				h = q.ByCode[code]
			}
			if !yield(code, h) {
				return
			}
		}
	}
}

// createdOf returns since when the requests with a code are counted. An expected code was
// at 0 from the start. Another one began with its first request, and the time tells
// Prometheus that it was 0 before.
func (q *requestView) createdOf(code errcode.Code, h *Histogram, expected []errcode.Code) *timestamppb.Timestamp {
	if h == nil || slices.Contains(expected, code) {
		return q.created
	}
	return timestamp(h.created)
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
