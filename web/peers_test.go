package web

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/internal/rig"
	"example.com/prober/prober/numbers"
	"example.com/prober/web/peers"
)

// columnOf returns a prober with targets. Each word is a name, a colon and the state: f, t, w or o.
func columnOf(name string, words ...string) *column {
	c := &column{Answer: &peers.Answer{
		Peer:   peers.Peer{Name: name, URL: &url.URL{Scheme: "http", Host: "h", Path: "/" + name}},
		ReadAt: time.Now().Add(-5 * time.Second),
	}}
	for _, word := range words {
		of, state, _ := strings.Cut(word, ":")
		t := peers.Target{Name: of, State: peers.State(strings.Index("ftwo", state))}
		switch t.State {
		case peers.Failing:
			t.Code, t.Since = errcode.Refused, c.ReadAt
			c.Failing++
		case peers.Troubled:
			t.Since = c.ReadAt
		}
		c.Targets = append(c.Targets, t)
	}
	c.Total = len(c.Targets)
	return c
}

// down makes a prober that has not answered.
func down(c *column) *column {
	c.Down, c.DownSince = "connection refused", c.ReadAt
	return c
}

func TestTheVerdictSaysFromWhereTargetsFail(t *testing.T) {
	t.Parallel()
	for want, columns := range map[string][]*column{
		"No targets":       {columnOf("a"), columnOf("b")},
		"The target is OK": {columnOf("a", "x:o"), columnOf("b", "x:o")},
		"All 3 targets are OK": {columnOf("a", "x:o", "y:w"), columnOf("b", "x:o", "z:o"), down(columnOf("c", "x:f")),
			columnOf("d", "zz:o")},
		"Waiting for the first bursts":                                    {columnOf("a", "x:w"), columnOf("b", "y:w")},
		"No target fails, but probers have a problem with 1 of 2 targets": {columnOf("a", "x:o", "y:t"), columnOf("b", "x:o")},
		"No target is known to fail, but 1 of 2 targets are unknown":      {columnOf("a", "x:o"), down(columnOf("b", "x:f", "y:f"))},
		"Nothing is known about 1 target":                                 {columnOf("a"), down(columnOf("b", "y:f"))},
		"3 of 4 targets fail: 2 everywhere, 1 from east only":             {columnOf("west", "a:f", "b:f", "c:o", "d:o"), columnOf("east", "a:f", "b:f", "c:f", "d:o")},
		"1 of 2 targets fails: from east only":                            {columnOf("west", "a:o", "b:o"), columnOf("east", "a:f", "b:o"), columnOf("north", "a:o")},
		"1 of 1 target fails: from all probers that answer":               {columnOf("west", "a:f"), down(columnOf("east", "a:o"))},
		"1 of 1 target fails: from several probers but not all":           {columnOf("west", "a:f"), columnOf("east", "a:f"), columnOf("north", "a:w")},
		"4 of 6 targets fail: 3 on two, 1 on one":                         {columnOf("one", "a:f", "b:o", "c:o"), columnOf("two", "d:f", "e:f", "f:f")},
		"6 of 6 targets fail: 2 on 4, 1 on 0, 1 on 1, 2 on other probers": {columnOf("0", "a:f"), columnOf("1", "b:f"), columnOf("2", "c:f"), columnOf("3", "d:f"), columnOf("4", "e:f", "f:f")},
		"1 of 1 target fails: on " + strings.Repeat("n", 31) + "…":        {columnOf(strings.Repeat("n", 64), "a:f")},
	} {
		assert.Equal(t, want, newPeersPage(columns, filter{}, 1).Verdict())
	}
}

func namesOn(p *peersPage) string {
	var all []string
	for _, r := range p.Rows {
		all = append(all, r.Name)
	}
	return strings.Join(all, " ")
}

func TestTargetsThatFailAnywhereComeFirst(t *testing.T) {
	t.Parallel()
	columns := []*column{
		columnOf("self", "a:o", "b:o", "c:t", "d:w", "e:o", "f:f"),
		columnOf("east", "a:o", "b:f", "e:f", "f:f", "g:f"),
		down(columnOf("west", "a:f", "b:o", "h:o", "i:f")),
	}
	p := newPeersPage(columns, filter{}, 1)
	assert.Equal(t, "f g b e a i c h d", namesOn(p))
	assert.Equal(t, []int{4, 1, 2, 1, 1}, p.States(), "failing, troubled, unknown, waiting, OK")
	assert.Equal(t, 4, p.Failing())
	for search, want := range map[filter]string{
		{State: "failing"}:                   "f g b e",
		{State: "unknown"}:                   "i h",
		{State: "ok"}:                        "a",
		{Text: "code=1212"}:                  "f g b e a i",
		{Text: "code!=12.."}:                 "c h d",
		{Text: "G"}:                          "g",
		{Text: "f code=tcp"}:                 "f",
		{Text: "team=shop"}:                  "",
		{Text: "code=9999"}:                  "",
		{Text: "a", State: "failing"}:        "",
		{Text: "e", State: "failing"}:        "e",
		{Text: "nothing has this name ever"}: "",
	} {
		assert.Equal(t, want, namesOn(newPeersPage(columns, search, 1)), "%+v", search)
	}
	assert.Contains(t, newPeersPage(columns, filter{Text: "team=shop"}, 1).Advice[0], "no labels")
	assert.Contains(t, newPeersPage(columns, filter{Text: "code=9999"}, 1).Advice[0], "No error code is like")
	assert.Equal(t, "1 of 9 targets match “e” and are in the state “failing”.", newPeersPage(columns, filter{Text: "e", State: "failing"}, 1).Shown())
	assert.Equal(t, "2 of 9 targets are in the state “unknown”.", newPeersPage(columns, filter{State: "unknown"}, 1).Shown())
}

func TestThePagesOfSeveralProbersHoldEachTargetOnce(t *testing.T) {
	t.Parallel()
	words := make([][]string, 3)
	for i := range 500 {
		for c := range words {
			words[c] = append(words[c], fmt.Sprintf("%03d:%c", i, "ftwo"[(i*7+c*i)%4]))
		}
	}
	columns := []*column{columnOf("a", words[0]...), columnOf("b", words[1]...), columnOf("c", words[2]...)}
	seen, ranks := map[string]bool{}, []rank{}
	pages := newPeersPage(columns, filter{}, 1).Pages
	require.Equal(t, 9, pages)
	for number := 1; number <= pages; number++ {
		p := newPeersPage(columns, filter{}, number)
		assert.Equal(t, fmt.Sprintf("Page %d of 9. Targets that fail come first.", number), p.Shown())
		for _, r := range p.Rows {
			assert.False(t, seen[r.Name])
			seen[r.Name] = true
			s := stand(columns, r.targets)
			ranks = append(ranks, s.rank())
		}
	}
	assert.Len(t, seen, 500)
	assert.IsNonDecreasing(t, ranks)
	assert.Equal(t, 9, newPeersPage(columns, filter{}, 1000).Page)
}

// longColumns returns probers with targets. All their texts are as long as they may be.
func longColumns(probers, targets int, name func(i int) string) []*column {
	now := time.Now()
	list := make([]peers.Target, targets)
	for i := range list {
		list[i] = peers.Target{Name: name(i), State: peers.Failing, Code: errcode.UnknownAuthority, Since: now.AddDate(0, 0, -3)}
	}
	var all []*column
	for i := range probers {
		all = append(all, down(&column{IsSelf: i == 0, Failing: targets, Answer: &peers.Answer{
			Peer:    peers.Peer{Name: fmt.Sprintf("%02d%s", i, strings.Repeat("<", 62)), URL: &url.URL{Scheme: "http", Host: strings.Repeat("h", 249)}},
			Targets: list, Total: 1_000_000, ReadAt: now.AddDate(0, 0, -2),
		}}))
		if i%5 > 0 {
			all[i].Down = ""
		} else {
			all[i].Down = strings.Repeat(`"`, 200)
		}
	}
	return all
}

func TestThePageOfSeveralProbersHasABoundedSize(t *testing.T) {
	t.Parallel()
	s := shellOf(t, "")
	for _, c := range []struct {
		probers, targets int
		name             func(i int) string
	}{
		{4, 10_000, func(i int) string { return fmt.Sprintf("%05d%s", i, strings.Repeat("/", 123)) }},
		{4, 10_000, func(i int) string { return fmt.Sprintf("%05d%s", i, strings.Repeat("'", 123)) }},
		{1, 100, func(i int) string { return fmt.Sprintf("%05d%s", i, strings.Repeat("'", 123)) }},
		{51, 1000, func(i int) string { return fmt.Sprintf("%05d%s", i, strings.Repeat("'", 123)) }},
	} {
		p := newPeersPage(longColumns(c.probers, c.targets, c.name), filter{Text: "/very/long/" + strings.Repeat("'", 200), State: "failing"}, 1)
		p.Rows = newPeersPage(p.Columns, filter{}, 1).Rows
		p.frame = s.frame(time.Now())
		for _, r := range p.Rows {
			s.link(r)
		}
		page, err := s.draw("peers", p)
		require.NoError(t, err)
		t.Logf("%d probers: %d KiB, %d rows", c.probers, len(page)>>10, len(p.Rows))
		assert.Less(t, len(page), maxOverview, "%d probers", c.probers)
	}
}

func TestHostileNamesOfPeersAreShownAndNotObeyed(t *testing.T) {
	t.Parallel()
	s := shellOf(t, "")
	evil := down(columnOf(hostile[:60]))
	evil.Down = hostile
	evil.Targets = []peers.Target{{Name: hostile, State: peers.Failing, Code: 64999, Since: time.Now()}, {Name: "..", State: peers.Troubled}}
	p := newPeersPage([]*column{columnOf("self"), evil}, filter{Text: hostile}, 1)
	p.Rows = newPeersPage(p.Columns, filter{}, 1).Rows
	p.frame = s.frame(time.Now())
	for _, r := range p.Rows {
		s.link(r)
	}
	body, err := s.draw("peers", p)
	require.NoError(t, err)
	page := string(body)
	assert.Contains(t, page, "&lt;script&gt;alert(1)&lt;/script&gt;&#34;&#39;&gt;&lt;img")
	assert.NotContains(t, page, "<img")
	assert.Len(t, regexp.MustCompile(`<script`).FindAllString(page, -1), 1, "the script of the page itself")
	assert.NotContains(t, page, "style=")
	assert.Contains(t, page, "<b>64999</b>", "a code that only another version knows has no page")
	assert.Contains(t, page, "/targets/?name=..")
}

// peersOf gives a shell peers at URLs, and reads them until the test ends. Each peer is named by its number.
func peersOf(t *testing.T, s *Shell, urls ...string) {
	t.Helper()
	o := peers.Options{Log: slog.New(slog.DiscardHandler), Client: &http.Client{Transport: new(http.Transport)}, Name: "self"}
	for i, u := range urls {
		p, err := peers.Parse(fmt.Sprintf("peer%d=%s", i, u))
		require.NoError(t, err)
		o.Peers = append(o.Peers, p)
	}
	set, err := peers.New(o)
	require.NoError(t, err)
	s.opts.Peers = set
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		set.Run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
}

func TestProbersStandSideBySide(t *testing.T) {
	t.Parallel()
	east := httptest.NewServer(shellOf(t, "/tools", "a/b", "only-east").Handler())
	t.Cleanup(east.Close)
	broken := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(broken.Close)
	s := shellOf(t, "/p", "a/b", "only-self")
	peersOf(t, s, east.URL+"/tools", broken.URL)
	rig.Until(t, "both are read", func() bool {
		all := s.opts.Peers.Answers()
		return !all[0].IsAwaited() && !all[1].IsAwaited()
	})

	w := get(t, s, "/p/peers")
	require.Equal(t, http.StatusOK, w.Code)
	page := w.Body.String()
	for _, said := range []string{
		`<body data-live="2">`, `<a href="/p/peers" aria-current="page">Probers</a>`, "<h1>Waiting for the first bursts</h1>",
		"peer1 has given no list of targets since", "it answered 404 Not Found.</p>",
		`<a rel="noreferrer" href="/p/targets/a%2Fb">a/b</a>`, `href="` + east.URL + `/tools/targets/a%2Fb">`,
		`<a rel="noreferrer" href="` + east.URL + `/tools/targets/only-east">only-east</a>`, "<small>never answered</small>",
		`<td class="none" data-label="self">–</td>`, `href="` + broken.URL + `/">peer1</a>`, `action="/p/peers"`,
	} {
		assert.Contains(t, page, said)
	}
	assert.Contains(t, get(t, s, "/p/").Body.String(), `<a href="/p/peers">Probers</a>`)
	assert.Contains(t, get(t, s, "/p/nowhere", "Accept", browser).Body.String(), `<a href="/p/peers">Probers</a> <small>`)

	var answer apiPeers
	require.NoError(t, json.Unmarshal(get(t, s, "/p/api/v1/peers?limit=2").Body.Bytes(), &answer))
	assert.Equal(t, 3, answer.Total)
	require.Len(t, answer.Peers, 3)
	assert.Equal(t, []string{"self", "peer0", "peer1"}, []string{answer.Peers[0].Name, answer.Peers[1].Name, answer.Peers[2].Name})
	assert.Equal(t, []bool{true, true, false}, []bool{answer.Peers[0].Up, answer.Peers[1].Up, answer.Peers[2].Up})
	assert.Equal(t, "it answered 404 Not Found", answer.Peers[2].Error)
	assert.NotNil(t, answer.Peers[2].DownSince)
	assert.Nil(t, answer.Peers[2].ReadAt)
	assert.Equal(t, east.URL+"/tools", answer.Peers[1].URL)
	require.Len(t, answer.Targets, 2)
	assert.Equal(t, apiPeerTarget{Name: "a/b", State: "waiting", States: []apiPeerState{{Peer: "self", State: "waiting"}, {Peer: "peer0", State: "waiting"}}}, answer.Targets[0])
	assert.Equal(t, "only-east", answer.Targets[1].Name)
	for query, matching := range map[string]float64{"?q=only": 2, "?state=waiting": 3, "?state=unknown": 0, "?offset=5": 3} {
		assert.InDelta(t, matching, decode(t, get(t, s, "/p/api/v1/peers"+query), http.StatusOK)["matching"], 0, query)
	}
	for _, query := range []string{"?limit=0", "?offset=-1", "?state=bad"} {
		decode(t, get(t, s, "/p/api/v1/peers"+query), http.StatusBadRequest)
	}
}

func TestWithoutPeersNoPageLeadsToThatOfThem(t *testing.T) {
	t.Parallel()
	s := shellOf(t, "", "a")
	assert.Contains(t, get(t, s, "/peers").Body.String(), "<code>--web.peer=NAME=URL</code>")
	assert.NotContains(t, get(t, s, "/").Body.String(), `"/peers"`)
	assert.Len(t, decode(t, get(t, s, "/api/v1/peers"), http.StatusOK)["targets"], 1)
	peersOf(t, s)
	assert.NotContains(t, get(t, s, "/codes/").Body.String(), `"/peers"`)
}

func TestThisProberSaysOfItsTargetsWhatItsAPISays(t *testing.T) {
	t.Parallel()
	now := time.Now()
	own := numbers.FailureKind{Code: 1006, Count: 9}
	targets := ownTargets([]numbers.Snapshot{
		{About: numbers.About{Name: "b"}, FailingSince: now, Trouble: []numbers.FailureKind{own, {Code: errcode.Refused, Count: 1}}},
		{About: numbers.About{Name: "a"}, TroubledSince: now, Last: &numbers.Burst{Kinds: []numbers.FailureKind{own}}, Trouble: []numbers.FailureKind{{Code: errcode.Refused}, own}},
		{About: numbers.About{Name: "c"}},
	}, now)
	assert.Equal(t, []peers.Target{
		{Name: "a", State: peers.Troubled, Code: 1006, Since: now}, {Name: "b", State: peers.Failing, Code: errcode.Refused, Since: now}, {Name: "c", State: peers.Waiting},
	}, targets)
	for s := range state(numStates) {
		assert.Equal(t, s.String(), peers.State(s).String())
	}
}

// BenchmarkPeers draws the page of 10,000 targets on four probers. A tenth of them fails.
func BenchmarkPeers(b *testing.B) {
	s, now := shellOf(b, ""), time.Now()
	own := ownTargets(snapshots(10_000, 10, now), now)
	var columns []*column
	for i := range 4 {
		columns = append(columns, &column{Answer: &peers.Answer{Peer: peers.Peer{Name: fmt.Sprint("prober-", i), URL: &url.URL{Scheme: "http", Host: "h"}}, Targets: own, Total: len(own), ReadAt: now}})
	}
	for name, f := range map[string]filter{"all": {}, "search": {Text: "code=12.. target"}} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				p := newPeersPage(columns, f, 1)
				p.frame = s.frame(now)
				page, err := s.draw("peers", p)
				require.NoError(b, err)
				b.ReportMetric(float64(len(page))/1024, "KiB/page")
			}
		})
	}
}
