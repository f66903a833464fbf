package web

import (
	"net/url"

	"example.com/prober/config"
	"example.com/prober/web/baseurl"
)

// The identities of the dashboards of the prober in Grafana.
const (
	overviewDashboard = "prober-overview"
	targetDashboard   = "prober-target"
)

// ParseGrafanaURL returns the URL of a Grafana for [Options.Grafana], nil for an empty text.
func ParseGrafanaURL(text string) (*url.URL, error) {
	if text == "" {
		return nil, nil //nolint:nilnil // none is wanted
	}
	return baseurl.Parse(text, "it", ", because the pages show it")
}

// grafanaLink returns the link to a dashboard of the prober. If target is not "", the dashboard shows this target.
// Without a Grafana the link is "".
func (s *Shell) grafanaLink(dashboard, target string) string {
	if s.opts.Grafana == nil {
		return ""
	}
	u := s.opts.Grafana.JoinPath("d", dashboard)
	if target != "" {
		u.RawQuery = url.Values{"var-target": {target}}.Encode()
	}
	return u.String()
}

// linksOf returns the links on the page of a target, without links to traces.
func (s *Shell) linksOf(name string, cfg *config.Target) []config.Link {
	var all []config.Link
	if link := s.grafanaLink(targetDashboard, name); link != "" {
		all = append(all, config.Link{Title: "Grafana", URL: link})
	}
	if cfg != nil {
		all = append(all, cfg.LinksOf("")...)
	}
	return all
}

// addTraceLinks gives each row the links to the trace of its latest failure.
func addTraceLinks(rows []alike, cfg *config.Target) {
	if cfg == nil {
		return
	}
	for i := range rows {
		if id := rows[i].TraceID; id != "" {
			rows[i].Links = cfg.LinksOf(id)
		}
	}
}
