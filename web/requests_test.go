package web

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/config"
	"example.com/prober/errcode"
	"example.com/prober/internal/rig"
	"example.com/prober/prober/load"
	"example.com/prober/prober/numbers"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares got with the content of the file.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(want), got, "%s; write it anew with -update", path)
}

var since = time.Date(2030, 5, 6, 12, 0, 0, 0, time.UTC)

// came returns the numbers of a request with these codes.
func came(name string, median time.Duration, codes ...numbers.CodeCount) numbers.RequestNumbers {
	n := numbers.RequestNumbers{Name: name, Codes: codes, P50: median, P99: 3 * median}
	for _, c := range codes {
		n.Requests += c.Count
		if c.Code != errcode.OK {
			n.Kinds = append(n.Kinds, numbers.FailureKind{Code: c.Code, Count: c.Count})
		}
	}
	n.Scheduled = n.Requests
	return n
}

// target returns the numbers of a target with these requests.
func target(requests ...numbers.RequestNumbers) *numbers.Snapshot {
	s := &numbers.Snapshot{About: numbers.About{Name: "shop", URL: "http://h", Interval: time.Hour}, ByRequest: requests}
	s.Bursts, s.LastStart = 1, time.Now()
	return s
}

func mixTarget() *numbers.Snapshot {
	search := came("search", 12*time.Millisecond, numbers.CodeCount{Code: errcode.OK, Count: 780}, numbers.CodeCount{Code: errcode.LocalPorts, Count: 20})
	search.TroubledSince = since
	cart := came("cart", 40*time.Millisecond, numbers.CodeCount{Code: errcode.OK, Count: 90}, numbers.CodeCount{Code: errcode.FromStatus(401), Count: 8}, numbers.CodeCount{Code: errcode.FromStatus(503), Count: 2})
	cart.FailingSince = since
	cart.Dropped[load.DropTimeout], cart.Waiting, cart.InFlight = 3, 2, 1
	cart.Scheduled += 6
	return target(search, cart, came("home", 0))
}

func journeyTarget() *numbers.Snapshot {
	login := came("login", 20*time.Millisecond, numbers.CodeCount{Code: errcode.OK, Count: 400})
	cart := came("cart", 5*time.Millisecond, numbers.CodeCount{Code: errcode.OK, Count: 388}, numbers.CodeCount{Code: errcode.FromStatus(401), Count: 11}, numbers.CodeCount{Code: errcode.FromStatus(503), Count: 1})
	cart.FailingSince = since
	pay := came("pay", 75*time.Millisecond, numbers.CodeCount{Code: errcode.OK, Count: 380}, numbers.CodeCount{Code: errcode.Template, Count: 3})
	pay.TroubledSince, pay.InFlight = since, 5
	pay.Scheduled += 5
	s := target(login, cart, pay)
	s.Journey = &numbers.JourneyNumbers{
		Ended: []numbers.JourneyCount{
			{Result: numbers.JourneySuccess, Count: 380},
			{Result: numbers.JourneyFailure, Step: "login"}, {Result: numbers.JourneyFailure, Step: "cart", Count: 12}, {Result: numbers.JourneyFailure, Step: "pay"},
			{Result: numbers.JourneyInterrupted, Step: "pay", Count: 3},
		},
		InFlight: 5, Thought: 3 * time.Minute, ThoughtSeconds: 180, P50: 101 * time.Millisecond, P99: 305 * time.Millisecond,
	}
	return s
}

func emptyJourneyTarget() *numbers.Snapshot {
	s := target(came("login", 0), came("cart", 0))
	s.Journey = &numbers.JourneyNumbers{Ended: []numbers.JourneyCount{
		{Result: numbers.JourneySuccess}, {Result: numbers.JourneyFailure, Step: "login"}, {Result: numbers.JourneyFailure, Step: "cart"},
	}}
	return s
}

// configured returns the configuration of the target, with more at the end.
func configured(t testing.TB, more string) *config.Target {
	t.Helper()
	cfg, err := config.Parse([]byte("targets:\n  - name: shop\n    url: http://127.0.0.1:1\n    interval: 24h\n"+more), "prober.yml")
	require.NoError(t, err)
	return &cfg.Targets[0]
}

const (
	mixConfig     = "    requests: [{name: search, weight: 8, path: /}, {name: cart, path: /}, {name: home, path: /}]\n"
	journeyConfig = "    think: 200ms\n    journey: [{name: login, path: /}, {name: cart, path: /}, {name: pay, path: /}]\n"
)

// aboutRequests returns the part of a page about requests and journeys.
func aboutRequests(t *testing.T, s *Shell, d *numbers.Snapshot, cfg *config.Target) string {
	t.Helper()
	page, err := s.drawTarget(d, cfg, nil, time.Now())
	require.NoError(t, err)
	_, rest, _ := strings.Cut(string(page), "</dl></section>\n\n") // of the last burst
	part, _, found := strings.Cut(rest, `<section aria-labelledby="history">`)
	require.True(t, found)
	return part
}

func TestThePageOfATargetWithNamedRequestsIsTheGoldenOne(t *testing.T) {
	t.Parallel()
	s := shellOf(t, "")
	for name, c := range map[string]struct {
		target *numbers.Snapshot
		config string
	}{
		"mix": {mixTarget(), mixConfig}, "journey": {journeyTarget(), journeyConfig}, "journey-empty": {emptyJourneyTarget(), journeyConfig},
	} {
		golden(t, name+".html", aboutRequests(t, s, c.target, configured(t, c.config)))
	}
	assert.Empty(t, aboutRequests(t, s, target(), configured(t, "")), "a target with one request has none of it")
}

func TestTheAPIOfATargetWithNamedRequestsIsTheGoldenOne(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		target *numbers.Snapshot
		config string
	}{
		"mix": {mixTarget(), mixConfig}, "journey": {journeyTarget(), journeyConfig}, "journey-empty": {emptyJourneyTarget(), journeyConfig},
	} {
		out, err := apiDetailOf(c.target, configured(t, c.config), time.Now())
		require.NoError(t, err)
		text, err := json.MarshalIndent(struct {
			ByRequest []apiRequest `json:"by_request"`
			Journey   *apiJourney  `json:"journey,omitempty"`
		}{out.ByRequest, out.Journey}, "", "  ")
		require.NoError(t, err)
		golden(t, name+".json", string(text)+"\n")
	}
	out, err := apiDetailOf(target(), configured(t, ""), time.Now())
	require.NoError(t, err)
	text, err := json.Marshal(out)
	require.NoError(t, err)
	for _, absent := range []string{`"by_request"`, `"journey"`} {
		assert.NotContains(t, string(text), absent)
	}
}

func TestTheAPIListsTheRequestsOfTargetsThatHaveThem(t *testing.T) {
	t.Parallel()
	s := shellOf(t, "", "plain")
	cfg, err := config.Parse([]byte(`
defaults: {interval: 24h}
targets:
  - {name: plain, url: "http://127.0.0.1:1"}
  - {name: mix, url: "http://127.0.0.1:1", requests: [{name: a, path: /, weight: 3}, {name: b, path: /}]}
  - {name: journey, url: "http://127.0.0.1:1", journey: [{name: a, path: /}]}
`), "prober.yml")
	require.NoError(t, err)
	require.NoError(t, s.opts.Manager.Apply(cfg))
	rig.Until(t, "all targets run", func() bool {
		all := s.opts.Manager.Targets()
		return len(all[1].ByRequest) > 0 && all[2].Journey != nil
	})
	var list apiTargetList
	require.NoError(t, json.Unmarshal(get(t, s, "/api/v1/targets").Body.Bytes(), &list))
	require.Len(t, list.Targets, 3)
	assert.Nil(t, list.Targets[0].ByRequest)
	assert.Nil(t, list.Targets[0].Journey)
	mix := list.Targets[1]
	assert.Nil(t, mix.Journey)
	require.Len(t, mix.ByRequest, 2)
	assert.Equal(t, apiRequest{Name: "a", Weight: 3, State: "waiting", Codes: []apiCodeCount{}}, mix.ByRequest[0])
	journey := list.Targets[2]
	assert.Equal(t, []apiJourneyEnd{{Result: "success"}, {Result: "failure", Step: "a"}}, journey.Journey.Ended)
	assert.Zero(t, journey.ByRequest[0].Weight)
	assert.Contains(t, get(t, s, "/targets/journey").Body.String(), "No journey has ended yet.")
	assert.NotContains(t, get(t, s, "/targets/plain").Body.String(), `id="requests"`)
}

func TestAllTargetsNameTheRequestThatFails(t *testing.T) {
	t.Parallel()
	s := shellOf(t, "")
	now := time.Now()
	d := mixTarget()
	d.FailingSince, d.Last = now, &numbers.Burst{Requests: 10, Failed: 2}
	for request, want := range map[string]bool{"cart": true, "": false} {
		d.Trouble = []numbers.FailureKind{{Code: errcode.FromStatus(401), Count: 2, Request: request}}
		d.Failures = []numbers.Failure{{Time: now, Code: errcode.FromStatus(401), Request: "cart", Count: 2}}
		o := newOverview(rowsByTrouble([]numbers.Snapshot{*d}, now), filter{}, 1)
		o.drawStrips(func(string) []numbers.Burst { return nil })
		all, err := s.draw("overview", o)
		require.NoError(t, err)
		one, err := s.drawTarget(d, configured(t, mixConfig), nil, now)
		require.NoError(t, err)
		for _, page := range []string{string(all), string(one)} {
			assert.Contains(t, page, `<b>1401</b>`)
			assert.Equal(t, want, strings.Contains(page, `At <b>cart</b>: <a class="code code-bad" href="/codes/1401">`))
		}
		assert.Contains(t, string(one), `<td class="name" data-label="request">cart</td>`)
		out, err := apiDetailOf(d, nil, now)
		require.NoError(t, err)
		assert.Equal(t, request, out.Failures[0].Request)
		assert.Equal(t, "cart", out.LastFailures[0].Request)
	}
}

// thousandSteps returns a journey with the largest number of steps. All of them fail.
func thousandSteps() *numbers.Snapshot {
	s := target()
	s.Journey = new(numbers.JourneyNumbers)
	for i := range 1000 {
		name := fmt.Sprintf("%04d%s", i, strings.Repeat("x", 124))
		n := came(name, time.Second, numbers.CodeCount{Code: errcode.OK, Count: uint64(1000 - i)}, numbers.CodeCount{Code: errcode.Refused, Count: 1})
		if i >= 990 {
			n.FailingSince = since
		}
		s.ByRequest = append(s.ByRequest, n)
		s.Journey.Ended = append(s.Journey.Ended, numbers.JourneyCount{Result: numbers.JourneyFailure, Step: name, Count: 1})
	}
	return s
}

func TestAThousandRequestsAreBoundedToo(t *testing.T) {
	t.Parallel()
	s := shellOf(t, "")
	d := thousandSteps()
	page := aboutRequests(t, s, d, configured(t, journeyConfig))
	assert.Less(t, len(page), 256<<10)
	assert.Equal(t, maxRequests, strings.Count(page, `<tr data-key="request-`))
	_, table, _ := strings.Cut(page, `<tbody>`)
	assert.True(t, strings.HasPrefix(table, `<tr data-key="request-0990`), "those in trouble first")
	for _, said := range []string{"900 more are in the", "The 960 steps behind these are not shown.", "900 more steps at which journeys ended"} {
		assert.Contains(t, page, said)
	}
	assert.Contains(t, page, "1 of 1\u202f000 journeys ended at")
	out, err := apiDetailOf(d, nil, time.Now())
	require.NoError(t, err)
	assert.Len(t, out.ByRequest, 1000)
	text, err := json.Marshal(out)
	require.NoError(t, err)
	assert.Less(t, len(text), 1<<20)
}

func TestTheCommonestFailureOfAStepIsTheTargets(t *testing.T) {
	t.Parallel()
	count := func(code errcode.Code, n uint64) numbers.CodeCount { return numbers.CodeCount{Code: code, Count: n} }
	good, own, a, b, c := count(errcode.OK, 100), count(errcode.LocalPorts, 50), count(errcode.Refused, 4), count(errcode.Reset, 3), count(errcode.Closed, 2)
	for _, test := range []struct {
		codes []numbers.CodeCount
		code  errcode.Code
		how   string
	}{
		{nil, errcode.OK, ""},
		{[]numbers.CodeCount{good, own}, errcode.OK, ""},
		{[]numbers.CodeCount{good, own, a}, errcode.Refused, "with"},
		{[]numbers.CodeCount{good, b, a}, errcode.Refused, "most with"},
		{[]numbers.CodeCount{a, b, c}, errcode.Refused, "most often with"},
	} {
		code, how := commonestFailure(test.codes)
		assert.Equal(t, test.code, code)
		assert.Equal(t, test.how, how)
	}
}
