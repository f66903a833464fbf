package report

import (
	"encoding/xml"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/prober/numbers"
)

// judged adds thresholds to a target: a kept one, a broken one, and one that cannot tell.
func judged(t Target) Target {
	t.Thresholds = []Threshold{
		{Text: "error_rate > 5%", Measured: "3.0303 %", OK: true}, {Text: "p99 > 500ms", Measured: "1s"}, {Text: "journeys_failed > 0"},
	}
	t.Trouble = "p99 > 500ms: measured 1s; journeys_failed > 0: cannot tell, because there is nothing to measure"
	return t
}

func TestTheListOfTestsHasOneForEachThreshold(t *testing.T) {
	t.Parallel()
	r := exampleResult("checkout", "search", "idle")
	r.Targets[1] = judged(r.Targets[1])
	r.Targets[1].Outcome = numbers.Interrupted
	r.Targets[2].OK, r.Targets[2].Trouble = true, ""
	text := written(t, newJUnit, r, nil)
	var all junitSuites
	require.NoError(t, xml.Unmarshal([]byte(text), &all))
	assert.Equal(t, []int{6, 4, 0}, []int{all.Tests, all.Failures, all.Errors})
	require.Len(t, all.Suites, 3)

	plain := all.Suites[0].Cases
	require.Len(t, plain, 1)
	assert.Equal(t, "every request succeeds", plain[0].Name)
	assert.Equal(t, r.Targets[0].Trouble, plain[0].Failure.Message)
	for _, want := range []string{
		"500 requests due: 480 succeeded, 15 failed, 5 dropped\n", "p99 1.00 s", "dropped: 5 for timeout\n",
		"1050 request_timeout: 12 requests: the request's time ran out", `first 1050 in phase processing: "=cmd|`,
	} {
		assert.Contains(t, plain[0].Failure.Text, want)
	}
	assert.Contains(t, all.Suites[0].Properties, junitProperty{"latency.p99", "1"})
	assert.Contains(t, all.Suites[0].Properties, junitProperty{"codes.1503", "3"})
	assert.Contains(t, all.Suites[0].Properties, junitProperty{"requests.dropped", "5"})
	assert.Equal(t, "2026-03-04T09:30:00", all.Suites[0].Timestamp)

	var told []string
	for _, c := range all.Suites[1].Cases {
		if c.Failure != nil {
			told = append(told, c.Name+": "+c.Failure.Message)
		}
	}
	assert.Equal(t, []string{
		"the burst goes through: interrupted after 5.00 s",
		"fail if p99 > 500ms: p99 > 500ms: measured 1s",
		"fail if journeys_failed > 0: journeys_failed > 0: cannot tell, because there is nothing to measure",
	}, told)
	assert.Nil(t, all.Suites[2].Cases[0].Failure)
	assert.True(t, strings.HasPrefix(text, xml.Header+`<testsuites name="prober fire" tests="6" failures="4" errors="0" time="5.000">`))
}

func TestTheCommentBeginsWithTheVerdict(t *testing.T) {
	t.Parallel()
	one := exampleResult("checkout")
	one.Targets[0] = judged(one.Targets[0])
	text := written(t, newComment, one, nil)
	assert.True(t, strings.HasPrefix(text, "## `checkout`: ❌ failed\n\n`p99 > 500ms: measured 1s; "), text)
	for _, want := range []string{
		"| 500 | 480 | 15 | 5 | 99/s | 20 ms | 31 ms | 40 ms | 1.00 s | 1.00 s | 41 ms | 1.00 s |\n",
		"| `p99 > 500ms` | 1s | ❌ broken |\n", "| `error_rate > 5%` | 3.0303 % | ✅ kept |\n", "| `journeys_failed > 0` | – | ❌ broken: cannot tell |\n",
		"| `1050 request_timeout` | 12 | 2 % |", "<details><summary>", "| `home` | 500 | 480 | 15 |",
	} {
		assert.Contains(t, text, want)
	}
	several := exampleResult("checkout", "search")
	several.OK, several.Targets[1].OK, several.Targets[1].Trouble = false, true, ""
	text = written(t, newComment, several, nil)
	assert.True(t, strings.HasPrefix(text, "## prober fire: ❌ failed\n"), text)
	assert.Contains(t, text, "| `search` | 500 | 480 | 15 | 5 | 20 ms | 31 ms | 1.00 s | 1.00 s | ✅ passed |\n| all targets | 1000 | 960 | 30 | 10 |")
}

// compared adds a comparison to a target.
func compared(t Target) Target {
	t.Comparison = &Comparison{
		With: "old.json: https://example.com/<b>", Words: "worse", Old: 3000, New: 2999, IsWorse: true,
		Rows: []Compared{
			{"p50", "20ms", "20ms", "+0 %", "-1 %", "+1 %", "95 %", "same", false},
			{"p99", "66.7ms", "80.2ms", "+20.2 %", "+5.63 %", "+36.8 %", "96.2 %", "worse", true},
		},
	}
	return t
}

func TestReportsShowTheComparison(t *testing.T) {
	t.Parallel()
	r := exampleResult("checkout")
	r.Targets[0] = compared(r.Targets[0])
	text := written(t, newComment, r, nil)
	assert.Contains(t, text, "Compared with `old.json: https://example.com/<b>`: **worse** (3000 requests before, 2999 now).")
	assert.Contains(t, text, "| p99 | 66.7ms | 80.2ms | +20.2 % | +5.63 % to +36.8 % | 96.2 % | ❌ worse |\n")
	text = written(t, newPage, r, nil)
	assert.Contains(t, text, "Compared with old.json: https://example.com/&lt;b&gt;, 3\u202f000 requests before and 2\u202f999 now: <span class=\"is-failing\">worse</span>.")
	assert.Contains(t, text, `<th scope="row">p99</th><td class="n">66.7ms</td><td class="n">80.2ms</td>`)

	r.Targets[0].Comparison.Rows = nil
	assert.NotContains(t, written(t, newComment, r, nil), "| measure |")
	assert.NotContains(t, written(t, newPage, r, nil), "Measure</th>")
}

func TestTheCommentShowsWhatPeersSaidAsCode(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"": "–", "plain": "`plain`", "a|b": "`a\\|b`", "`": "`` ` ``", "a``b": "```a``b```", "<b>@all</b>\n# x": "`<b>@all</b> # x`",
	} {
		assert.Equal(t, want, code(text))
	}
	text := written(t, newComment, exampleResult("checkout"), nil)
	outside := outsideOfCode(text)
	for _, hurt := range []string{"script", "@everyone", "evil.example", "calc"} {
		assert.Contains(t, text, hurt)
		assert.NotContains(t, outside, hurt)
	}
	assert.Equal(t, 1, strings.Count(outside, "</details>"))
	for line := range strings.Lines(text) {
		if strings.Contains(line, "evil") {
			assert.Equal(t, 7, strings.Count(strings.ReplaceAll(line, `\|`, ""), "|"), "cells of the row: %s", line)
		}
	}
}

// outsideOfCode returns a text without its spans of code. A span ends at a run of backquotes as long as the one at its
// beginning.
func outsideOfCode(text string) string {
	var out strings.Builder
	runs := regexp.MustCompile("`+")
	for {
		begin := runs.FindStringIndex(text)
		if begin == nil {
			return out.String() + text
		}
		fence := text[begin[0]:begin[1]]
		out.WriteString(text[:begin[0]])
		text = text[begin[1]:]
		for _, end := range runs.FindAllStringIndex(text, -1) {
			if text[end[0]:end[1]] == fence {
				text = text[end[1]:]
				break
			}
		}
	}
}
