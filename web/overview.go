package web

import (
	"bytes"
	"cmp"
	_ "embed"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"time"

	"github.com/prometheus/common/version"

	"example.com/prober/prober"
)

//go:embed overview.html
var overviewHTML string

var overviewTemplate = template.Must(template.New("overview").Funcs(template.FuncMap{
	"latency": latency,
	"ago":     func(t time.Time) string { return ago(t, time.Now()) },
}).Parse(overviewHTML))

// state says how a target does, the worst first.
type state int

const (
	failing state = iota
	waiting       // for the end of its first burst
	ok
)

// String returns the state as the page shows it.
func (s state) String() string { return [...]string{"failing", "waiting", "ok"}[s] }

// row is one target as the page shows it.
type row struct {
	prober.Status
	State state
	Codes []codeShare
}

// codeShare is how many of a target's requests came to a code. The share is
// empty for the only code.
type codeShare struct {
	prober.CodeCount
	Share string
}

// overview shows all targets, those with trouble first.
func (s *Shell) overview(w http.ResponseWriter, _ *http.Request) {
	var page bytes.Buffer
	rows := rowsByTrouble(s.opts.Manager.Targets())
	err := overviewTemplate.Execute(&page, map[string]any{
		"Targets":       rows,
		"Failing":       countFailing(rows),
		"Version":       version.Version,
		"TelemetryPath": s.opts.TelemetryPath,
	})
	if err != nil {
		s.opts.Log.Error("cannot draw the overview", "err", err)
		text(w, http.StatusInternalServerError, "the page cannot be drawn")
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(page.Bytes()) // a client that has gone needs no answer
}

// rowsByTrouble puts failing targets first, and of these the ones whose last
// burst without a failure is longest ago; else the order of the file holds.
func rowsByTrouble(all []prober.Status) []row {
	rows := make([]row, len(all))
	for i, t := range all {
		rows[i] = newRow(t)
	}
	slices.SortStableFunc(rows, func(a, b row) int {
		if a.State != b.State || a.State != failing {
			return cmp.Compare(a.State, b.State)
		}
		return a.LastSuccess.Compare(b.LastSuccess)
	})
	return rows
}

func newRow(t prober.Status) row {
	r := row{Status: t, State: stateOf(t)}
	for _, c := range t.Codes {
		share := ""
		if len(t.Codes) > 1 {
			share = percent(c.Count, t.Requests)
		}
		r.Codes = append(r.Codes, codeShare{c, share})
	}
	return r
}

// stateOf judges a burst under way by its failures so far; a target all of whose
// bursts had failures does not look well only because the next has begun.
func stateOf(t prober.Status) state {
	switch {
	case t.Failing, t.Bursts > 0 && t.LastSuccess.IsZero():
		return failing
	case t.Bursts == 0:
		return waiting
	default:
		return ok
	}
}

func countFailing(rows []row) (n int) {
	for _, r := range rows {
		if r.State == failing {
			n++
		}
	}
	return n
}

// percent never rounds to nothing or to everything.
func percent(n, of uint64) string {
	share := 100 * float64(n) / float64(of)
	switch {
	case n < of && share > 99:
		return ">99 %"
	case n > 0 && share < 1:
		return "<1 %"
	default:
		return fmt.Sprintf("%.0f %%", share)
	}
}

// latency prints d with three digits at most, a dash where nothing was measured.
func latency(d time.Duration) string {
	switch {
	case d == 0:
		return "–"
	case d < 10*time.Millisecond:
		return fmt.Sprintf("%.2f ms", d.Seconds()*1e3)
	case d < time.Second:
		return fmt.Sprintf("%.0f ms", d.Seconds()*1e3)
	default:
		return fmt.Sprintf("%.2f s", d.Seconds())
	}
}

// ago says in one unit how long before now t was.
func ago(t, now time.Time) string {
	const day = 24 * time.Hour
	past := now.Sub(t)
	switch {
	case t.IsZero():
		return "never"
	case past < time.Second:
		return "just now"
	case past < 2*time.Minute:
		return fmt.Sprintf("%d s ago", past/time.Second)
	case past < 2*time.Hour:
		return fmt.Sprintf("%d min ago", past/time.Minute)
	case past < 2*day:
		return fmt.Sprintf("%d h ago", past/time.Hour)
	default:
		return fmt.Sprintf("%d days ago", past/day)
	}
}
