package report

import (
	"crypto/sha256"
	"encoding/base64"
	"html"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/prober/numbers"
	"example.com/prober/prober/probe"
)

// observed calls each observer with requests over some seconds. Some of them fail.
func observed(all []Observer) {
	begin := probe.Now()
	for _, observe := range all {
		for i := range 2000 {
			code := errcode.OK
			if i%10 == 0 {
				code = errcode.Reset
			}
			observe(exampleRequest(begin, time.Duration(i)*2*time.Millisecond, time.Duration(i+1)*time.Microsecond, code), code)
		}
	}
}

func TestThePageStandsAlone(t *testing.T) {
	t.Parallel()
	text := written(t, newPage, exampleResult("checkout"), observed)
	for _, never := range []string{"<script", "<link", "<img", "<iframe", "src=", "style=", "@import", "onclick", "javascript:", "ZgotmplZ"} {
		assert.NotContains(t, text, never)
	}
	for _, m := range regexp.MustCompile(`(?:href|url)[=(]"?([^")]+)`).FindAllStringSubmatch(text, -1) {
		assert.True(t, strings.HasPrefix(m[1], "#"), "it refers to %s", m[1])
	}
	style := regexp.MustCompile(`(?s)<style>(.*)</style>`).FindStringSubmatch(text)
	require.NotNil(t, style)
	sum := sha256.Sum256([]byte(style[1]))
	policy := "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	assert.Contains(t, html.UnescapeString(text), `content="`+policy+`"`)
	assert.Less(t, len(text), 256<<10)
}

func TestThePageShowsABurst(t *testing.T) {
	t.Parallel()
	r := exampleResult("checkout")
	r.Targets[0] = judged(r.Targets[0])
	text := html.UnescapeString(written(t, newPage, r, observed))
	for _, want := range []string{
		"<title>checkout: failed · prober</title>", "p99 > 500ms: measured 1s; journeys_failed", "Fired <time datetime=\"2026-03-04T09:30:00Z\">",
		`<td class="is-failing">broken: cannot tell</td>`, "timeout: 5", "of 100/s asked for", "<b>1050</b> request_timeout",
		"495 requests: p50 20 ms, p90 31 ms, p99 1.00 s, longest 1.00 s.", "<title>0 s: p50 ", "Last slice: p50 ", "192.0.2.7:443", "2026-05-04 09:30:00 UTC",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	for _, chart := range []string{"histogram", "latency", "rates", "codes", "phases"} {
		assert.Contains(t, text, `<title id="t1-`+chart+`-title">`)
	}
	assert.NotContains(t, text, "<h2 class=\"target\">")
}

func TestThePageShowsWhatPeersSaidAsText(t *testing.T) {
	t.Parallel()
	text := written(t, newPage, exampleResult("checkout"), nil)
	assert.Contains(t, text, "&lt;script&gt;alert(1)&lt;/script&gt;")
	assert.NotContains(t, text, "<script")
}

func TestThePageOfSeveralTargetsSumsThemUp(t *testing.T) {
	t.Parallel()
	r := exampleResult("checkout", "search")
	r.Targets[1].OK, r.Targets[1].Trouble = true, ""
	text := written(t, newPage, r, observed)
	assert.Contains(t, text, "<title>2 targets: failed · prober</title>")
	assert.Contains(t, text, `<a href="#t2">search</a>`)
	assert.Contains(t, text, `<th scope="row">All targets</th><td class="n" data-label="due">1`+"\u202f"+`000</td>`)
	ids := map[string]int{}
	for _, m := range regexp.MustCompile(` id="([^"]+)"`).FindAllStringSubmatch(text, -1) {
		ids[m[1]]++
		assert.Equal(t, 1, ids[m[1]], m[1])
	}
}

func TestThePageOfAJourneyHasItsFunnel(t *testing.T) {
	t.Parallel()
	r := exampleResult("shop")
	one := r.Targets[0].Report
	one.ByRequest = []numbers.RequestNumbers{{Name: "login", Requests: 9, P50: time.Millisecond}, {Name: "pay", Requests: 8, P50: time.Second}}
	one.Journey = &numbers.JourneyNumbers{Ended: []numbers.JourneyCount{
		{Result: numbers.JourneySuccess, Count: 7}, {Result: numbers.JourneyFailure, Step: "login", Count: 1}, {Result: numbers.JourneyInterrupted, Step: "pay", Count: 1},
	}}
	text := html.UnescapeString(written(t, newPage, r, observed))
	assert.Contains(t, text, "login: 9 got here, 1 failed; pay: 8 got here, 1 ended (0 failed, 1 interrupted); All steps: 7 went through.")
	assert.Contains(t, text, "login: median 1.00 ms; pay: median 1.00 s.")
	assert.Contains(t, text, "in journeys")
}

func TestThePageOfABurstOfNothingIsDrawn(t *testing.T) {
	t.Parallel()
	r := exampleResult("idle")
	r.Targets[0] = Target{Report: &numbers.Report{Snapshot: numbers.Snapshot{About: numbers.About{Name: "idle"}}}, Trouble: "no request was due"}
	for _, open := range []func() string{
		func() string { return written(t, newPage, r, nil) },
		func() string { return written(t, newComment, r, nil) },
		func() string { return written(t, newJUnit, r, nil) },
	} {
		assert.Contains(t, open(), "no request was due")
	}
}
