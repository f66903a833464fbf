package web

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/common/model"

	"example.com/prober/discover"
)

// foundPerPage is the number of label sets on a page.
const foundPerPage = 50

// discoveryPage shows what the discoveries found, and what came of it.
type discoveryPage struct {
	frame
	Discoveries []discover.Status
	Filter      discover.Filter
	Found       []discover.Found
	Matching    int
	Page, Pages int
}

func (s *Shell) discovery(w http.ResponseWriter, r *http.Request) {
	f, number := s.foundFilter(r.URL.Query()), pageNumber(r.URL.Query())
	key := "discovery?" + foundQuery(f, number).Encode()
	s.page(w, r, key, func() ([]byte, error) {
		return s.draw("discovery", s.newDiscoveryPage(f, number, time.Now()))
	})
}

func (s *Shell) newDiscoveryPage(f discover.Filter, number int, now time.Time) *discoveryPage {
	p := &discoveryPage{frame: s.frame(now), Filter: f, Discoveries: s.discoveries()}
	p.Title, p.Here = "Discovery", "discovery"
	if s.opts.Discoveries != nil {
		// The number of pages has to be known before the last page can be chosen. In
		// between, results may change: the second call counts again.
		_, p.Matching = s.opts.Discoveries.Found(f, 0, 0)
		p.Pages = max(1, (p.Matching+foundPerPage-1)/foundPerPage)
		p.Page = min(number, p.Pages)
		p.Found, p.Matching = s.opts.Discoveries.Found(f, (p.Page-1)*foundPerPage, foundPerPage)
	}
	return p
}

// discoveries returns the state of all discoveries, if there are any.
func (s *Shell) discoveries() []discover.Status {
	if s.opts.Discoveries == nil {
		return nil
	}
	return s.opts.Discoveries.Status()
}

// troubledDiscoveries counts the discoveries with an error or with targets that they no longer find.
func (s *Shell) troubledDiscoveries() int {
	n := 0
	for _, d := range s.discoveries() {
		fails := slices.ContainsFunc(d.Mechanisms, func(m discover.Mechanism) bool { return !m.FailingSince.IsZero() })
		if fails || !d.KeptSince.IsZero() {
			n++
		}
	}
	return n
}

// foundFilter reads the parameters discover and reason. It ignores unknown values.
func (s *Shell) foundFilter(q url.Values) discover.Filter {
	f := discover.Filter{
		Discover: known(q.Get("discover"), s.isDiscovery),
		Reason:   discover.Reason(known(q.Get("reason"), isReason)),
	}
	f.LeftOut = q.Get("reason") == anyReason
	return f
}

// anyReason is the value of the parameter reason for everything left out.
const anyReason = "any"

func isReason(name string) bool { return slices.Contains(discover.Reasons(), discover.Reason(name)) }

func (s *Shell) isDiscovery(name string) bool {
	return slices.ContainsFunc(s.discoveries(), func(d discover.Status) bool { return d.Name == name })
}

// foundQuery returns the parameters for a page of the results of f.
func foundQuery(f discover.Filter, page int) url.Values {
	q := url.Values{}
	if f.Discover != "" {
		q.Set("discover", f.Discover)
	}
	if f.LeftOut {
		q.Set("reason", anyReason)
	} else if f.Reason != "" {
		q.Set("reason", string(f.Reason))
	}
	if page > 1 {
		q.Set("page", strconv.Itoa(page))
	}
	return q
}

// PageLink leads to another page of the same results.
func (p *discoveryPage) PageLink(page int) string { return "?" + foundQuery(p.Filter, page).Encode() }

// Previous returns the number of the previous page.
func (p *discoveryPage) Previous() int { return p.Page - 1 }

// Next returns the number of the next page.
func (p *discoveryPage) Next() int { return p.Page + 1 }

// IsFiltered reports whether something may be hidden.
func (p *discoveryPage) IsFiltered() bool { return p.Filter != discover.Filter{} }

// Of leads to all results of one discovery.
func (*discoveryPage) Of(name string) string {
	return "?" + foundQuery(discover.Filter{Discover: name}, 1).Encode()
}

// LeftOutOf leads to all results that one discovery left out for a reason. An empty reason means any.
func (*discoveryPage) LeftOutOf(name string, reason discover.Reason) string {
	return "?" + foundQuery(discover.Filter{Discover: name, Reason: reason, LeftOut: reason == ""}, 1).Encode()
}

// Duration prints a duration as the configuration has it.
func (*discoveryPage) Duration(d time.Duration) string { return model.Duration(d).String() }

// Reasons returns all reasons for leaving something out.
func (*discoveryPage) Reasons() []discover.Reason { return discover.Reasons() }

// reasonWords says what a reason means.
func reasonWords(r discover.Reason) string {
	return map[discover.Reason]string{
		discover.ReasonRelabel:   "dropped by relabelling",
		discover.ReasonInvalid:   "cannot be a target",
		discover.ReasonDuplicate: "its name is taken",
		discover.ReasonMax:       "beyond max_targets",
		discover.ReasonLimit:     "beyond --limit.targets",
		discover.ReasonRefused:   "cannot be started",
	}[r]
}
