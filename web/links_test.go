package web

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/config"
	"example.com/prober/errcode"
	"example.com/prober/prober/numbers"
)

func TestTheURLOfGrafanaIsChecked(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"http://h": "http://h", "https://h:3000/": "https://h:3000", "https://h/grafana/": "https://h/grafana",
	} {
		u, err := ParseGrafanaURL(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, u.String(), text)
	}
	u, err := ParseGrafanaURL("")
	require.NoError(t, err)
	assert.Nil(t, u)
	for _, text := range []string{"h", "/grafana", "ftp://h/", "javascript:alert(1)", "https://", "https://u:secret@h/", "https://h/?a=b", "https://h/?", "https://h/#a", "https://h:x/", "https://h/%zz"} {
		_, err := ParseGrafanaURL(text)
		require.Error(t, err, text)
		assert.NotContains(t, err.Error(), "secret")
	}
}

func TestThePageOfATargetHasItsLinks(t *testing.T) {
	t.Parallel()
	s := shellOf(t, "")
	var err error
	s.opts.Grafana, err = ParseGrafanaURL("https://grafana.example.com/g/")
	require.NoError(t, err)
	cfg, err := config.Parse([]byte(`targets: [{name: a/b, url: 'http://h.example', links: {logs: 'https://logs.example.com/?q={{ target }}&x="><b>', traces: 'https://t.example.com/{{ trace_id }}'}}]`), "prober.yml")
	require.NoError(t, err)
	d := &numbers.Snapshot{About: numbers.About{Name: "a/b", Interval: time.Minute}, FailingSince: time.Now(), Trouble: []numbers.FailureKind{{Code: errcode.Refused, Count: 1}}}
	d.Failures = []numbers.Failure{
		{Time: time.Now(), Code: errcode.FromStatus(502), Status: 502, Count: 1, TraceID: "0123456789abcdef"},
		{Time: time.Now(), Code: errcode.Refused, Count: 1},
	}
	page, err := s.drawTarget(d, &cfg.Targets[0], nil, time.Now())
	require.NoError(t, err)
	for _, link := range []string{
		`<a href="/codes/1212">What to do about 1212</a>`,
		`<a rel="noreferrer" href="https://grafana.example.com/g/d/prober-target?var-target=a%2Fb">Grafana</a>`,
		`<a rel="noreferrer" href="https://logs.example.com/?q=a%2Fb&amp;x=%22%3e%3cb%3e">logs</a>`,
		`<a rel="noreferrer" href="https://t.example.com/0123456789abcdef">traces</a>`,
	} {
		assert.Equal(t, 1, strings.Count(string(page), link), link)
	}
	all, err := s.draw("overview", s.newOverview(filter{}, 1, time.Now()))
	require.NoError(t, err)
	assert.Contains(t, string(all), `<a rel="noreferrer" href="https://grafana.example.com/g/d/prober-overview">Grafana</a>`)

	s.opts.Grafana = nil
	page, err = s.drawTarget(d, nil, nil, time.Now())
	require.NoError(t, err)
	assert.NotContains(t, string(page), "Grafana")
	assert.NotContains(t, string(page), "noreferrer")
}
