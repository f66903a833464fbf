package web

import (
	"context"
	"html"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/config"
	"example.com/prober/errcode"
	"example.com/prober/prober"
	"example.com/prober/prober/load"
	"example.com/prober/prober/numbers"
	"example.com/prober/prober/probe"
	"example.com/prober/web/chart"
)

// shellOf returns a shell with running targets. They have not fired yet, and will not during the test.
func shellOf(t testing.TB, prefix string, names ...string) *Shell {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	m := prober.NewManager(prober.Options{Log: log, Metrics: config.Metrics{Buckets: []float64{1}}})
	t.Cleanup(func() { m.Shutdown(context.Background()) })
	text := "defaults: {interval: 24h}\ntargets: ["
	for _, name := range names {
		text += "{name: \"" + name + "\", url: \"http://127.0.0.1:1/shop?token=s3cret\"}, "
	}
	cfg, err := config.Parse([]byte(text+"]\n"), "prober.yml")
	require.NoError(t, err)
	require.NoError(t, m.Apply(cfg))
	m.NoteReload(nil)
	return New(Options{Log: log, Manager: m, Registry: prometheus.NewRegistry(), TelemetryPath: "/metrics", Prefix: prefix})
}

func get(t *testing.T, s *Shell, path string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, http.NoBody)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, r)
	return w
}

// hostile is a text with which an attacker may try to change a page.
const hostile = `<script>alert(1)</script>"'><img src=x onerror=alert(1)>&amp;`

// hostileSnapshot returns a failing target whose texts are all hostile.
func hostileSnapshot() *numbers.Snapshot {
	now := time.Now()
	kind := numbers.FailureKind{Code: errcode.UnknownAuthority, Phase: errcode.PhaseTLS, Count: 3}
	burst := numbers.Burst{Start: now, Requests: 5, Failed: 3, Own: 1, Dropped: 2, Held: 2, Late: true, Kinds: []numbers.FailureKind{kind, {Code: errcode.LocalPorts, Count: 1}}, P50: time.Millisecond, P95: time.Second, P99: time.Second, Max: time.Second}
	burst.Latency[3], burst.Latency[9] = 200, 55
	burst.Phases[errcode.PhaseTLS] = time.Second
	s := &numbers.Snapshot{
		About:    numbers.About{Name: hostile, URL: hostile, Interval: time.Second},
		Requests: 5, FailingSince: now, TroubledSince: now,
		Codes:     []numbers.CodeCount{{Code: errcode.OK, Count: 1}, {Code: errcode.LocalPorts, Count: 1}, {Code: errcode.UnknownAuthority, Count: 3}},
		Last:      &burst,
		Trouble:   burst.Kinds,
		History:   []numbers.Burst{{Start: now}, burst},
		Failures:  []numbers.Failure{{Time: now, Code: errcode.UnknownAuthority, Phase: errcode.PhaseTLS, Text: hostile, Remote: netip.MustParseAddrPort("[fe80::1%" + "eth0]:443"), Status: 999, Count: 3}},
		Kinds:     burst.Kinds,
		Responses: []numbers.ResponseCount{{Status: 200, Version: hostile, Count: 1}},
		TLS:       &numbers.TLS{Version: hostile, Cipher: hostile, ALPN: hostile, Unverified: true, LeafNotAfter: now.Add(-time.Hour), EarliestNotAfter: now.Add(time.Hour)},
	}
	kinds := []numbers.FailureKind{{Code: errcode.UnknownAuthority, Phase: errcode.PhaseTLS, Count: 3}}
	s.ByRequest = []numbers.RequestNumbers{{
		Name: hostile, Scheduled: 5, Requests: 5, Codes: s.Codes, P50: time.Second, P99: time.Second, Kinds: kinds, FailingSince: now, TroubledSince: now,
	}}
	s.Journey = &numbers.JourneyNumbers{Ended: []numbers.JourneyCount{
		{Result: numbers.JourneySuccess, Count: 1}, {Result: numbers.JourneyFailure, Step: hostile, Count: 3}, {Result: numbers.JourneyInterrupted, Step: hostile + "gone", Count: 1},
	}}
	s.Trouble[0].Request, s.Failures[0].Request = hostile, hostile
	s.Bursts, s.LastStart = 2, now
	s.Dropped[load.DropTimeout] = 2
	return s
}

// hostileConfig is the configuration of this target.
func hostileConfig() *config.Target {
	return &config.Target{Name: "x", URL: &url.URL{Scheme: "http", Host: "h"}, Labels: map[string]string{"a": hostile}}
}

func TestHostileTextsAreShownAndNotObeyed(t *testing.T) {
	t.Parallel()
	s := shellOf(t, "")
	d := hostileSnapshot()
	target, err := s.drawTarget(d, hostileConfig(), nil, time.Now())
	require.NoError(t, err)
	o := newOverview(rowsByTrouble([]numbers.Snapshot{*d}, time.Now()), filter{Text: hostile}, 1)
	o.Groups = newOverview(rowsByTrouble([]numbers.Snapshot{*d}, time.Now()), filter{}, 1).Groups
	o.drawStrips(func(string) []numbers.Burst { return d.History })
	all, err := s.draw("overview", o)
	require.NoError(t, err)
	for _, page := range []string{string(target), string(all)} {
		assert.Contains(t, page, "&lt;script&gt;alert(1)&lt;/script&gt;&#34;&#39;&gt;&lt;img")
		assert.NotContains(t, page, "<img")
		assert.NotContains(t, page, "alert(1)<")
		assert.Len(t, regexp.MustCompile(`<script`).FindAllString(page, -1), 1, "the script of the page itself")
		assert.NotContains(t, page, "style=")
		assert.NotRegexp(t, `\son\w+=`, strings.ReplaceAll(page, " onerror=alert", ""))
	}
}

func TestTheTargetPageSaysWhoIsToBlame(t *testing.T) {
	t.Parallel()
	s := shellOf(t, "")
	now := time.Now()
	d := hostileSnapshot()
	d.Name = "shop"
	page, err := s.drawTarget(d, hostileConfig(), nil, now)
	require.NoError(t, err)
	for _, text := range []string{
		`<a class="code code-bad" href="/codes/1310"><b>1310</b> unknown_authority</a>`, "during the TLS handshake", "3 of 5 requests failed in the last burst",
		"The prober has a problem too.", "requests not sent, because there were too few workers or a limit was reached",
		"expired</strong>", "expires soon</strong>", "off: any certificate is accepted", "[fe80::1%eth0]:443",
	} {
		assert.Contains(t, string(page), text)
	}
	d.TroubledSince, d.Last.Own, d.Last.Held, d.Last.Late = time.Time{}, 0, 0, false
	page, err = s.drawTarget(d, hostileConfig(), nil, now)
	require.NoError(t, err)
	assert.Contains(t, string(page), "The prober itself has no problem, so the cause is the target.")
	assert.NotContains(t, string(page), `class="trouble"`)
	d.FailingSince, d.TroubledSince, d.Last.Late = time.Time{}, now, true
	page, err = s.drawTarget(d, hostileConfig(), nil, now)
	require.NoError(t, err)
	assert.Contains(t, string(page), "The cause is the prober, not the target.")
}

func TestThePageOfATargetThatOnlyConnectsSaysNothingOfHTTP(t *testing.T) {
	t.Parallel()
	s := shellOf(t, "")
	for raw, want := range map[string]bool{"http://h.example/": true, "tcp://h.example:5432": false} {
		cfg, err := config.ParseOne(nil, "", config.Pick{Target: raw})
		require.NoError(t, err)
		page, err := s.drawTarget(&numbers.Snapshot{About: numbers.About{Name: "a"}}, &cfg.Targets[0], nil, time.Now())
		require.NoError(t, err)
		for _, said := range []string{"HTTP bytes", "Connections and answers", "Requests on a reused connection"} {
			assert.Equal(t, want, strings.Contains(string(page), said), "%s: %s", raw, said)
		}
	}
}

func TestThePageOfADNSServerHasItsLastAnswer(t *testing.T) {
	t.Parallel()
	s := shellOf(t, "")
	cfg, err := config.ParseOne(nil, "", config.Pick{Target: "dns://h.example"})
	require.NoError(t, err)
	var d numbers.Snapshot
	d.Name, d.Asks = "a", true
	for _, answered := range []bool{false, true} {
		d.DNS = numbers.DNS{Answered: answered, Answers: 2, TTL: 90 * time.Second, Authentic: true}
		if answered {
			d.DNS.Cut = 3
		}
		page, err := s.drawTarget(&d, &cfg.Targets[0], nil, time.Now())
		require.NoError(t, err)
		for _, said := range []string{"DNS bytes", "Connections and answers", "Requests on a reused connection"} {
			assert.Contains(t, string(page), said)
		}
		for _, said := range []string{"Last answer", "TTL 1m30s or more, signatures verified by the server", "Truncated answers", "asked again over TCP"} {
			assert.Equal(t, answered, strings.Contains(string(page), said), said)
		}
		assert.NotContains(t, string(page), "HTTP bytes")
	}
}

func TestEveryPageIsServed(t *testing.T) {
	t.Parallel()
	for _, prefix := range []string{"", "/a/b"} {
		s := shellOf(t, prefix, "a//b", "..", "plain")
		for path, want := range map[string]int{
			"/": 200, "/?q=plain&state=waiting&page=7": 200, "/codes/": 200, "/codes/1312": 200, "/codes/cert_expired": 200, "/codes/1": 404,
			"/targets/plain": 200, "/targets/a%2F%2Fb": 200, "/targets/?name=..": 200, "/targets/nobody": 404, "/targets/": 404,
			"/static/style.css": 200, "/static/nothing": 404, "/-/healthy": 200, "/metrics": 200,
		} {
			w := get(t, s, prefix+path)
			assert.Equal(t, want, w.Code, prefix+path)
			assert.NotContains(t, w.Body.String(), "s3cret", path)
		}
		overview := get(t, s, prefix+"/").Body.String()
		for _, link := range []string{`href="` + prefix + `/targets/a%2F%2Fb"`, `href="` + prefix + `/targets/?name=.."`, `src="` + prefix + `/static/live.js?`} {
			assert.Contains(t, overview, link)
		}
		for _, m := range regexp.MustCompile(`(?:href|src|action)="([^"]*)"`).FindAllStringSubmatch(overview, -1) {
			assert.Regexp(t, "^([?#]|"+prefix+"/)", m[1])
		}
	}
}

func TestUnderAPrefixOnlyTheHealthChecksStayWhereTheyWere(t *testing.T) {
	t.Parallel()
	s := shellOf(t, "/prober")
	assert.Equal(t, http.StatusOK, get(t, s, "/-/healthy").Code)
	assert.Equal(t, http.StatusServiceUnavailable, get(t, s, "/-/ready").Code)
	assert.Equal(t, http.StatusNotFound, get(t, s, "/metrics").Code)
	home := get(t, s, "/")
	assert.Equal(t, http.StatusFound, home.Code)
	assert.Equal(t, "/prober/", home.Header().Get("Location"))
}

func TestPrefix(t *testing.T) {
	t.Parallel()
	for external, want := range map[string]string{
		"": "", "http://h": "", "https://h/": "", "https://h:1/a/b/": "/a/b", "/a": "/a", "http://h/a~b_c.d": "/a~b_c.d",
	} {
		prefix, err := Prefix(external)
		assert.NoError(t, err, external)
		assert.Equal(t, want, prefix, external)
	}
	for _, external := range []string{"a", "ftp://h/", "http://h/a b", "http://h/{x}", "http://h/a/../b", "http://h//a", "http://u:p@h/", "http://h/?q", "http://h/#f", "http://h/%zz"} {
		_, err := Prefix(external)
		assert.Error(t, err, external)
	}
}

func TestPagesAreDrawnOnceInASecondAndNotSentTwice(t *testing.T) {
	t.Parallel()
	g := newPageCache()
	asker := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody)
	drawn := 0
	draw := func() ([]byte, error) { drawn++; return []byte("page"), nil }
	for range 3 {
		_, err := g.get(asker, "a", draw)
		require.NoError(t, err)
	}
	assert.Equal(t, 1, drawn)
	for i := range 10 * maxDrawn {
		_, err := g.get(asker, strings.Repeat("x", i), draw)
		require.NoError(t, err)
	}
	assert.LessOrEqual(t, len(g.drawn), maxDrawn)

	s := shellOf(t, "")
	first := get(t, s, "/codes/")
	again := get(t, s, "/codes/", "If-None-Match", first.Header().Get("ETag"))
	assert.Equal(t, http.StatusNotModified, again.Code)
	assert.Zero(t, again.Body.Len())
	assert.Equal(t, "private, no-cache", first.Header().Get("Cache-Control"))
	link := regexp.MustCompile(`/static/style.css\?[^"]+`).FindString(first.Body.String())
	assert.Contains(t, get(t, s, link).Header().Get("Cache-Control"), "immutable")
	for _, other := range []string{"", "?", "?v=1", "?" + strings.Repeat("A", 16), "?&" + link[len("/static/style.css?"):]} {
		assert.Equal(t, "private, no-cache", get(t, s, "/static/style.css"+other).Header().Get("Cache-Control"), "query %q", other)
	}
}

func TestABrowserMayOnlyAskThisServer(t *testing.T) {
	t.Parallel()
	h := get(t, shellOf(t, ""), "/").Header()
	policy := h.Get("Content-Security-Policy")
	for _, directive := range []string{
		"default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'", "base-uri 'none'",
		"form-action 'self'", "frame-ancestors 'none'", "require-trusted-types-for 'script'",
	} {
		assert.Contains(t, policy, directive)
	}
	assert.NotContains(t, policy, "unsafe")
	assert.NotContains(t, policy, "*")
	assert.Equal(t, "nosniff", h.Get("X-Content-Type-Options"))
	assert.Equal(t, "no-referrer", h.Get("Referrer-Policy"))
	assert.Equal(t, "same-origin", h.Get("Cross-Origin-Opener-Policy"))
	assert.Equal(t, "same-origin", h.Get("Cross-Origin-Resource-Policy"))
}

func TestTheRunbookOfACodeHasItsHelp(t *testing.T) {
	t.Parallel()
	s := shellOf(t, "")
	for code := range errcode.All() {
		p := &codePage{frame: s.frame(time.Now()), Code: code, Help: code.Help()}
		page, err := s.draw("code", p)
		require.NoError(t, err)
		for _, text := range []string{code.String(), code.Name(), code.Help().Happened[:10], code.Help().Causes[:10], strings.ReplaceAll(code.Help().Look, "`", "")[:4]} {
			assert.Contains(t, html.UnescapeString(string(page)), text, code)
		}
	}
}

// BenchmarkDraw draws the page of a target with as many bursts as are kept.
func BenchmarkDraw(b *testing.B) {
	s := shellOf(b, "")
	d := hostileSnapshot()
	d.History = slices.Repeat(d.History, chart.Columns/len(d.History))
	b.Run("page=target", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := s.drawTarget(d, hostileConfig(), nil, time.Now()); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("page=target/part=charts", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_ = chartsOf(d.History)
		}
	})
	b.Run("page=target/part=configuration", func(b *testing.B) {
		b.ReportAllocs()
		cfg := hostileConfig()
		for b.Loop() {
			if _, err := cfg.Redacted(); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func TestOwnTroubleOfEveryKindIsOneSectionAndNoFailureOfTheTarget(t *testing.T) {
	t.Parallel()
	s := shellOf(t, "")
	for name, c := range map[string]struct {
		code errcode.Code
		held uint64
		text string
	}{
		"descriptors":         {errcode.LocalResources, 0, "3 requests ended with 1002 local_resources"},
		"ports":               {errcode.LocalPorts, 0, "3 requests ended with 1004 local_ports"},
		"queue":               {errcode.QueueTimeout, 0, "3 requests ended with 1006 queue_timeout"},
		"missing credentials": {errcode.Credentials, 0, "3 requests ended with 1040 credentials"},
		"no row of data":      {errcode.Template, 0, "3 requests ended with 1024 template"},
		"ceilings":            {errcode.OK, 4, "4 requests not sent, because there were too few workers or a limit was reached"},
	} {
		r := numbers.NewRecorder(numbers.NewBounds([]float64{1}))
		r.StartBurst(nil)
		for range 3 {
			r.Begin(0)
			r.End(&probe.Result{Due: 1, End: 2, Err: failureOf(c.code)}, c.code)
		}
		for range c.held {
			r.Begin(0)
			r.DropUnsent(0, load.DropLimitConnections)
		}
		r.EndBurst(time.Second, load.DropShutdown)
		d := r.Snapshot(numbers.WithSummary | numbers.WithLabels | numbers.WithHistory)
		d.Name, d.Interval = "shop", time.Minute
		page, err := s.drawTarget(&d, hostileConfig(), nil, time.Now())
		require.NoError(t, err)
		text := string(page)
		_, section, found := strings.Cut(text, `<section class="trouble" aria-labelledby="own">`)
		require.True(t, found, name)
		section, _, _ = strings.Cut(section, "</section>")
		assert.Contains(t, section, c.text, name)
		assert.Contains(t, text, "The cause is the prober, not the target.", name)
		assert.NotContains(t, text, "Failing since", name)
		assert.NotContains(t, text, "code-bad", name)
		assert.Equal(t, troubled, stateOf(&d, time.Now()), name)
		assert.Zero(t, d.Failed(), name)
	}
}

// failureOf returns the error of a request that came to code.
func failureOf(code errcode.Code) error {
	if code == errcode.OK {
		return nil
	}
	return &errcode.PhaseError{Phase: errcode.PhaseQueue, Err: errcode.New(code, "it failed")}
}
