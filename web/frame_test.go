package web

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/config"
	"example.com/prober/prober/numbers"
)

const browser = "text/html,application/xhtml+xml,*/*;q=0.8"

func TestTheConfigurationIsAPageForBrowsersAndYAMLForOthers(t *testing.T) {
	t.Parallel()
	s := shellOf(t, "", "shop")
	s.opts.ConfigFile = "prober.yml"
	s.opts.Config = func() ([]byte, error) { return []byte("targets:\n  - name: <shop>\n"), nil }
	for _, accept := range []string{"", "*/*", "text/plain"} {
		w := get(t, s, "/config", "Accept", accept)
		assert.Equal(t, "targets:\n  - name: <shop>\n", w.Body.String(), accept)
		assert.Equal(t, "text/plain; charset=utf-8", w.Header().Get("Content-Type"))
		assert.Equal(t, "Accept", w.Header().Get("Vary"))
	}
	assert.Equal(t, "targets:\n  - name: <shop>\n", get(t, s, "/config?format=yaml", "Accept", browser).Body.String())
	page := get(t, s, "/config", "Accept", browser)
	assert.Equal(t, "text/html; charset=utf-8", page.Header().Get("Content-Type"))
	for _, said := range []string{"name: &lt;shop&gt;", `aria-current="page">Configuration</a>`, `<h2 id="yaml">prober.yml</h2>`, `href="/config?format=yaml"`} {
		assert.Contains(t, page.Body.String(), said)
	}
	assert.NotContains(t, page.Body.String(), "could not load")
}

func TestALongConfigurationIsCutOnItsPage(t *testing.T) {
	t.Parallel()
	s := shellOf(t, "")
	s.opts.Config = func() ([]byte, error) { return []byte(strings.Repeat("# a line\n", 100_000)), nil }
	page := get(t, s, "/config", "Accept", browser).Body.String()
	assert.Less(t, len(page), maxShownConfig+(8<<10))
	assert.Contains(t, page, "this page shows the first 256.0 KiB only")
	assert.Contains(t, page, "# a line\n</pre>")
	s.opts.Config = func() ([]byte, error) { return nil, errors.New("no") }
	s.pageCache = newPageCache()
	for _, accept := range []string{browser, "*/*"} {
		assert.Equal(t, http.StatusInternalServerError, get(t, s, "/config", "Accept", accept).Code)
	}
}

func TestAnUnknownPageSaysWhereToGoOn(t *testing.T) {
	t.Parallel()
	for _, prefix := range []string{"", "/a/b"} {
		s := shellOf(t, prefix, "shop")
		for path, said := range map[string][]string{
			"/targets/sho%3Cp": {"No target named “sho&lt;p” is running.", `href="` + prefix + `/?q=sho%3Cp"`},
			"/codes/9999":      {"no error code with the number or name “9999”", `href="` + prefix + `/codes/?q=9999"`},
			"/nowhere":         {"Nothing is served at “" + prefix + "/nowhere”.", `href="` + prefix + `/config"`, `href="` + prefix + `/metrics"`},
			"/metrics/more":    {"Nothing is served at"},
		} {
			w := get(t, s, prefix+path, "Accept", browser)
			assert.Equal(t, http.StatusNotFound, w.Code, path)
			assert.Equal(t, "text/html; charset=utf-8", w.Header().Get("Content-Type"), path)
			for _, text := range said {
				assert.Contains(t, w.Body.String(), text, path)
			}
		}
		assert.Equal(t, "404 page not found\n", get(t, s, prefix+"/nowhere").Body.String(), "a tool gets a line of text")
		assert.Equal(t, http.StatusMethodNotAllowed, get(t, s, prefix+"/-/reload", "Accept", browser).Code, "it is there for POST")
		long := get(t, s, prefix+"/"+strings.Repeat("x", 4000), "Accept", browser)
		assert.Less(t, long.Body.Len(), 8<<10)
	}
}

func TestTheListOfCodesHasASearch(t *testing.T) {
	t.Parallel()
	s := shellOf(t, "")
	for search, want := range map[string]struct{ has, lacks string }{
		"":                      {"/codes/1312", "Show all codes"},
		"1312":                  {"/codes/1312", "/codes/1310"},
		"13..":                  {"/codes/1310", "/codes/1212"},
		"Certificate+expired":   {"/codes/1312", "/codes/1500"},
		"cert_expired":          {"/codes/1312", "/codes/1500"},
		"nothing+like+it+ever9": {"0 of ", "/codes/1312"},
	} {
		page := get(t, s, "/codes/?q="+search).Body.String()
		assert.Contains(t, page, want.has, search)
		assert.NotContains(t, page, want.lacks+`"`, search)
	}
	assert.Contains(t, get(t, s, "/codes/?q=nothing+like+it+ever9").Body.String(), "Try a number such as 1312")
}

func TestAProberWithoutTargetsSaysHowToAddOne(t *testing.T) {
	t.Parallel()
	s := shellOf(t, "/a")
	s.opts.ConfigFile = "my.yml"
	page := get(t, s, "/a/").Body.String()
	for _, said := range []string{"This prober has no targets yet.", "Add a target to <code>my.yml</code>", "prober check --config.file=my.yml", "Then send SIGHUP to the prober to load it."} {
		assert.Contains(t, page, said)
	}
	_, example, found := strings.Cut(page, `aria-label="A configuration with one target">`)
	require.True(t, found)
	example, _, _ = strings.Cut(example, "</pre>")
	cfg, err := config.Parse([]byte(example), "prober.yml")
	require.NoError(t, err)
	assert.Len(t, cfg.Targets, 1)
	s.opts.EnableLifecycle, s.pageCache = true, newPageCache()
	assert.Contains(t, get(t, s, "/a/").Body.String(), "or POST to <code>/a/-/reload</code>")
}

func TestAReloadThatFailedIsShownWithItsMistake(t *testing.T) {
	t.Parallel()
	s := shellOf(t, "", "shop")
	s.opts.Config = func() ([]byte, error) { return nil, nil }
	_, err := config.Parse([]byte("targets:\n  - {name: a, url: 'http://h', burst: {rate: -1, requests: -1}}\n"), "/folder/prober.yml")
	require.Error(t, err)
	s.opts.Manager.NoteReload(err)
	for _, path := range []string{"/", "/config"} {
		page := get(t, s, path, "Accept", browser).Body.String()
		assert.Contains(t, page, `<code>prober.yml:2: targets[0] &#34;a&#34;: burst.re`, path)
		assert.Contains(t, page, "and 1 more mistake<", path)
		assert.NotContains(t, page, "/folder", path)
	}
}

func TestThePageOfATargetSaysHowLongItFailedBefore(t *testing.T) {
	t.Parallel()
	s, now := shellOf(t, ""), time.Date(2030, 5, 6, 12, 0, 0, 0, time.UTC)
	d := &numbers.Snapshot{About: numbers.About{Name: "shop", Interval: time.Hour, Labels: map[string]string{"team": "a b", "long": strings.Repeat("x", 300)}}, Last: &numbers.Burst{Requests: 1}}
	d.Bursts, d.LastStart = 3, now
	for name, c := range map[string]struct {
		failing time.Time
		last    numbers.Span
		said    string
	}{
		"never":     {said: "The last burst had no failures. It started just now.</p>"},
		"once":      {last: numbers.Span{From: now.Add(-time.Hour), To: now.Add(-30 * time.Minute)}, said: `The last failures began at <time datetime="2030-05-06T11:00:00Z">11:00:00</time>, lasted 30 min and ended at <time datetime="2030-05-06T11:30:00Z">11:30:00</time> (30 min ago).`},
		"once more": {failing: now.Add(-time.Minute), last: numbers.Span{From: now.Add(-time.Hour), To: now.Add(-30 * time.Minute)}, said: `The failures before began at <time datetime="2030-05-06T11:00:00Z">11:00:00</time>, lasted 30 min and ended at <time datetime="2030-05-06T11:30:00Z">11:30:00</time>.`},
	} {
		d.FailingSince, d.LastFailing = c.failing, c.last
		page, err := s.drawTarget(d, nil, nil, now)
		require.NoError(t, err)
		assert.Contains(t, string(page), c.said, name)
		assert.Contains(t, string(page), `<a class="chip" href="/?q=team%3D%22a&#43;b%22">team=a b</a>`)
		assert.Contains(t, string(page), `<span class="chip">long=`)
	}
}
