package web

import (
	"errors"
	"net/http"
	"strings"
	"unicode/utf8"

	"example.com/prober/web/chart"
	"example.com/prober/web/history"
)

// badge is a small picture of the availability of a target or a group, for pages of other sites.
type badge struct {
	// Label and Text are its two halves; Colour is the fill of the second one.
	Label, Text, Colour string
}

// The fills of badges. White text on each has a contrast of at least 4.5 to 1.
const (
	badgeMet     = "#1a7f37"
	badgeMissed  = "#cf222e"
	badgePlain   = "#0969da"
	badgeUnknown = "#6e7781"
)

// errNoGroup means that there is no such group.
var errNoGroup = errors.New("no target has this label")

// share counts the requests that ended and those that failed. Requests with trouble of the prober's own are in neither.
type share struct{ requests, failed uint64 }

// newBadge returns the badge of a share. An objective of 0 means none.
func newBadge(label string, s share, objective float64) badge {
	b := badge{label, chart.Availability(s.failed, s.requests), badgePlain}
	switch {
	case s.requests == 0:
		b.Text, b.Colour = "unknown", badgeUnknown
	case objective == 0:
	case budgetUsed(s.failed, s.requests, objective) > 1:
		b.Colour = badgeMissed
	default:
		b.Colour = badgeMet
	}
	return b
}

// badgeWidth returns the width of a text of a badge, in units of its view box. The reader's fonts are unknown, so the
// text is squeezed or stretched to this width.
func badgeWidth(text string) int {
	const letter = 7
	return 2*badgePad + letter*utf8.RuneCountInString(text)
}

// LabelWidth returns the width of the first half.
func (b badge) LabelWidth() int { return badgeWidth(b.Label) }

// TextWidth returns the width of the second half.
func (b badge) TextWidth() int { return badgeWidth(b.Text) }

// Width returns the width of both.
func (b badge) Width() int { return b.LabelWidth() + b.TextWidth() }

// badgePad is the room before a text and behind it.
const badgePad = 5

// LabelRoom returns the length of the first text.
func (b badge) LabelRoom() int { return b.LabelWidth() - 2*badgePad }

// TextRoom returns the length of the second text.
func (b badge) TextRoom() int { return b.TextWidth() - 2*badgePad }

// TextStart returns the position of the second text.
func (b badge) TextStart() int { return b.LabelWidth() + badgePad }

// targetBadge answers with the badge of a target. With a Prometheus the badge covers the span of the query, else the
// time since the prober started.
func (s *Shell) targetBadge(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimSuffix(r.PathValue("name"), ".svg")
	if !s.opts.Manager.Has(name) {
		text(w, http.StatusNotFound, "no such target")
		return
	}
	span := badgeSpan(r)
	s.drawBadge(w, r, "targets/"+name, span, func() (badge, error) {
		t, _ := s.opts.Manager.Target(name)
		if s.opts.History == nil {
			return newBadge(badgeLabel(0), share{t.Requests - t.Own(), t.Failed()}, t.ObjectiveRatio), nil
		}
		var all share
		for _, p := range s.opts.History.Counts(name, span).Places {
			requests, failed, own := p.Total()
			all.requests += requests - own
			all.failed += failed
		}
		return newBadge(badgeLabel(span), all, t.ObjectiveRatio), nil
	})
}

// groupBadge answers with one badge for all targets with a label.
func (s *Shell) groupBadge(w http.ResponseWriter, r *http.Request) {
	label, value := r.PathValue("label"), strings.TrimSuffix(r.PathValue("value"), ".svg")
	span := badgeSpan(r)
	s.drawBadge(w, r, "groups/"+label+"="+value, span, func() (badge, error) {
		var all share
		found := false
		for _, t := range s.opts.Manager.Targets() {
			if v, isThere := t.Labels[label]; isThere && v == value {
				found = true
				all.requests += t.Requests - t.Own()
				all.failed += t.Failed()
			}
		}
		switch {
		case !found:
			return badge{}, errNoGroup
		case s.opts.History == nil:
			return newBadge(badgeLabel(0), all, 0), nil
		}
		of := s.opts.History.Group(label, value, span)
		return newBadge(badgeLabel(span), share{of.Requests, of.Failed}, 0), nil
	})
}

// badgeSpan returns the span in the query. It returns 30 days for an unknown span.
func badgeSpan(r *http.Request) history.Span {
	for _, span := range history.Spans(0) {
		if span.String() == r.URL.Query().Get("span") {
			return span
		}
	}
	return history.Month
}

// badgeLabel returns the first half of a badge. Without a span the badge counts since the start.
func badgeLabel(span history.Span) string {
	if span == 0 {
		return "availability since start"
	}
	return "availability " + span.Words()
}

// drawBadge answers with a badge. It lets pages of other sites show it.
func (s *Shell) drawBadge(w http.ResponseWriter, r *http.Request, key string, span history.Span, of func() (badge, error)) {
	d, ok := s.drawn(w, r, "badge/"+key+"?"+span.String(), func() ([]byte, error) {
		b, err := of()
		if err != nil {
			return nil, err
		}
		return s.draw("badge", b)
	})
	if !ok {
		return
	}
	w.Header().Set("Content-Type", "image/svg+xml")
	// All other answers are for pages of this server alone.
	w.Header().Set("Cross-Origin-Resource-Policy", "cross-origin")
	d.serve(w, r)
}
