package web

import (
	"net/http"
	"strings"
	"time"

	"example.com/prober/config"
	"example.com/prober/errcode"
	"example.com/prober/prober/numbers"
	"example.com/prober/web/chart"
)

// targetPage is the page of one target.
type targetPage struct {
	frame
	*numbers.Snapshot
	State state
	// Worst is the commonest failure now, and Own the problems of the prober itself.
	Worst  numbers.FailureKind
	Own    []string
	Charts charts
	Codes  []codeLine
	Certs  []certificate
	YAML   string
	// Alike are the last failures, and Chips all labels.
	Alike []alike
	Chips []chip
	// Links lead to more about the target.
	Links []config.Link
	// Named are the requests of a mix or the steps of a journey. Journeys are the results of the journeys.
	Named    namedRequests
	Journeys *journeys
	// Past is nil without a Prometheus.
	Past *past
	// IsWeb means that the prober sends HTTP requests to the target. A DNS server gets queries. To any other target the
	// prober only connects.
	IsWeb bool
}

// Overrun returns the number of slots that passed during a burst.
func (p *targetPage) Overrun() uint64 { return p.Skipped.Overrun() }

// TraceCommand returns the command that shows one request to the target in full.
func (p *targetPage) TraceCommand() string {
	if strings.HasPrefix(p.Name, "-") { // otherwise it would be a flag
		return "prober fire --trace -- " + p.Name
	}
	return "prober fire " + p.Name + " --trace"
}

type charts struct{ Latency, Outcome, Phases, Codes *chart.Chart }

func chartsOf(bursts []numbers.Burst) charts {
	s := chart.OfBursts(bursts)
	return charts{s.Latency(), s.Requests(), s.Phases(), s.Codes()}
}

// codeLine is the number of requests with a code since the start.
type codeLine struct {
	numbers.CodeCount
	Share  string
	Phases []numbers.FailureKind
}

// certificate is the end of one of a target's certificates.
type certificate struct {
	Role, About string
	NotAfter    time.Time
}

// soon is how long before its end a certificate gets a remark.
const soon = 14 * 24 * time.Hour

// Remark says what is wrong with the date, if anything.
func (c *certificate) Remark(now time.Time) string {
	switch {
	case now.After(c.NotAfter):
		return "expired"
	case c.NotAfter.Sub(now) < soon:
		return "expires soon"
	default:
		return ""
	}
}

func (s *Shell) target(w http.ResponseWriter, r *http.Request) {
	name := targetName(r)
	if !s.opts.Manager.Has(name) {
		s.noTarget(w, name)
		return
	}
	key, chosen := "target/"+name, pastChoice{}
	if s.opts.History != nil {
		var window time.Duration
		if cfg := s.opts.Manager.Config(name); cfg != nil {
			window = cfg.Objective.Budget()
		}
		chosen = s.readPastChoice(r.URL.Query(), name, window)
		key += chosen.query()
	}
	s.page(w, r, key, func() ([]byte, error) {
		t, _ := s.opts.Manager.Target(name) // if the target has gone meanwhile, the page shows it empty once
		return s.drawTarget(&t, s.opts.Manager.Config(name), s.pastOf(&t, chosen), time.Now())
	})
}

// targetName takes the name from the path or the query. It needs the query because a browser always removes "." and
// ".." from a path.
func targetName(r *http.Request) string {
	if name := r.PathValue("name"); name != "" {
		return name
	}
	return r.URL.Query().Get("name")
}

func (s *Shell) drawTarget(t *numbers.Snapshot, cfg *config.Target, days *past, now time.Time) ([]byte, error) {
	p := &targetPage{
		frame:    s.frame(now),
		Snapshot: t,
		State:    stateOf(t, now),
		Worst:    worst(t),
		Own:      ownTrouble(t, now),
		Charts:   chartsOf(t.History),
		Codes:    codeLines(t),
		Certs:    certificates(t),
		Alike:    groupFailures(t.Failures),
		Chips:    allChips(t.Labels),
		Links:    s.linksOf(t.Name, cfg),
		Past:     days,
		IsWeb:    cfg == nil || cfg.IsWeb(),
		Named:    requestTable(t, cfg),
		Journeys: journeysOf(t, cfg),
	}
	p.Title = t.Name
	addTraceLinks(p.Alike, cfg)
	if cfg != nil {
		yaml, err := cfg.Redacted()
		if err != nil {
			return nil, err
		}
		p.YAML = string(yaml)
	}
	return s.draw("target", p)
}

func codeLines(t *numbers.Snapshot) []codeLine {
	lines := make([]codeLine, len(t.Codes))
	for i, c := range t.Codes {
		lines[i] = codeLine{CodeCount: c, Share: chart.Percent(c.Count, t.Requests)}
		for _, k := range t.KindsByCount() {
			if k.Code == c.Code && k.Phase != errcode.PhaseNone {
				lines[i].Phases = append(lines[i].Phases, k)
			}
		}
	}
	return lines
}

func certificates(t *numbers.Snapshot) []certificate {
	var all []certificate
	if t.TLS != nil {
		all = append(all,
			certificate{"leaf", "that of the server", t.TLS.LeafNotAfter},
			certificate{"earliest", "the one in its chain that expires first", t.TLS.EarliestNotAfter})
	}
	if !t.ClientNotAfter.IsZero() {
		all = append(all, certificate{"client", "the one that the prober sends", t.ClientNotAfter})
	}
	return all
}

// PhaseTimes lists the phases in which the target's requests spend time.
func (p *targetPage) PhaseTimes() []errcode.Phase {
	var all []errcode.Phase
	for phase := errcode.PhaseQueue; phase < errcode.NumPhases; phase++ {
		for i := range p.History {
			if p.History[i].Phases[phase] > 0 {
				all = append(all, phase)
				break
			}
		}
	}
	return all
}

// Figures returns the bursts, the latest first.
func (p *targetPage) Figures() []numbers.Burst {
	n := len(p.History)
	latest := make([]numbers.Burst, n)
	for i := range latest {
		latest[i] = p.History[n-1-i]
	}
	return latest
}
