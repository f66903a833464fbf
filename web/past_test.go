package web

import (
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/prober/numbers"
	"example.com/prober/web/history"
)

// withHistory gives a shell a Prometheus that always answers with body. In it, $end stands for the end of the query.
func withHistory(t *testing.T, s *Shell, status int, body string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		w.WriteHeader(status)
		_, _ = io.WriteString(w, strings.ReplaceAll(body, "$end", r.Form.Get("end")))
	}))
	t.Cleanup(server.Close)
	openHistory(t, s, server)
}

// openHistory gives a shell what reads a server.
func openHistory(t *testing.T, s *Shell, server *httptest.Server) {
	t.Helper()
	u, err := url.Parse(server.URL)
	require.NoError(t, err)
	store, err := history.New(history.Options{URL: u, Client: server.Client()})
	require.NoError(t, err)
	t.Cleanup(store.Close)
	s.opts.History = store
}

const twoPlaces = `{"status":"success","data":{"resultType":"matrix","result":[
	{"metric":{"location":"east","error_code":"0"},"values":[[$end,"990"]]},
	{"metric":{"location":"east","error_code":"1503"},"values":[[$end,"10"]]},
	{"metric":{"location":"<b>west","error_code":"0"},"values":[[$end,"500"]]}]}}`

// awaitPast draws the history of a target until all the needed data is read.
func awaitPast(t *testing.T, s *Shell, d *numbers.Snapshot, query string) string {
	t.Helper()
	q, err := url.ParseQuery(query)
	require.NoError(t, err)
	var page []byte
	require.Eventually(t, func() bool {
		p := s.pastOf(d, s.readPastChoice(q, d.Name, d.ObjectiveWindow))
		for _, span := range history.Spans(d.ObjectiveWindow) {
			if counts := s.opts.History.Counts(d.Name, span); counts.At.IsZero() && counts.Err == nil {
				return false
			}
		}
		if l := s.opts.History.Latencies(d.Name, p.Chosen.Span); len(p.Rows) > 0 && l.At.IsZero() && l.Err == nil {
			return false
		}
		page, err = s.drawTarget(d, hostileConfig(), s.pastOf(d, s.readPastChoice(q, d.Name, d.ObjectiveWindow)), time.Now())
		return err == nil
	}, time.Minute, time.Millisecond)
	return string(page)
}

func TestTheHistoryOfATargetIsOfOneLocationAtATime(t *testing.T) {
	t.Parallel()
	s := shellOf(t, "", "x")
	withHistory(t, s, http.StatusOK, twoPlaces)
	d := hostileSnapshot()
	d.ObjectiveRatio, d.ObjectiveWindow = 0.98, 28*24*time.Hour
	page := awaitPast(t, s, d, "span=7d&location=east")
	assert.Equal(t, 8, strings.Count(page, `<tr data-key="24h-`)+strings.Count(page, `<tr data-key="7d-`)+
		strings.Count(page, `<tr data-key="28d-`)+strings.Count(page, `<tr data-key="30d-`))
	assert.Contains(t, page, `<tr data-key="7d-east" class="chosen">`)
	assert.Contains(t, days(page), "99 %</td><td class=\"n\">50 %", "ten of the twenty failures that 98 % of a thousand allow")
	assert.Contains(t, page, "Requests of the last 7 days")
	assert.Contains(t, page, "the window of the objective")
	assert.NotContains(t, page, "<b>west")
	assert.Contains(t, page, "location=%3Cb%3Ewest&amp;span=24h#days")
	d.ObjectiveRatio = 0.995
	assert.Contains(t, days(awaitPast(t, s, d, "location=elsewhere&span=1y")), "−100 %")
}

func TestAPageWhosePrometheusFailsSaysSo(t *testing.T) {
	t.Parallel()
	s := shellOf(t, "", "x")
	withHistory(t, s, http.StatusUnprocessableEntity, `{"status":"error","errorType":"execution","error":"<i>too much"}`)
	page := awaitPast(t, s, hostileSnapshot(), "")
	assert.Contains(t, page, "Prometheus could not be read: it answers: &lt;i&gt;too much")
	assert.NotContains(t, page, "Prometheus is being read")
}

func TestAPageWithoutPrometheusHasNoDays(t *testing.T) {
	t.Parallel()
	s := shellOf(t, "", "x")
	assert.NotContains(t, get(t, s, "/targets/x").Body.String(), `id="days"`)
	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm() // a server hears of a client that goes only after the body
		<-r.Context().Done()
	}))
	t.Cleanup(silent.Close)
	openHistory(t, s, silent)
	assert.Contains(t, get(t, s, "/targets/x?span=24h").Body.String(), "Prometheus is being read.", "nobody waits for it")
	withHistory(t, s, http.StatusOK, `{"status":"success","data":{"resultType":"matrix","result":[]}}`)
	assert.Contains(t, awaitPast(t, s, hostileSnapshot(), ""), "Prometheus has no requests of this target.")
}

func TestBudgets(t *testing.T) {
	t.Parallel()
	for used, want := range map[float64]string{0: "100 %", 0.001: "99 %", 0.5: "50 %", 1: "0 %", 1.001: "−1 %", 3: "−200 %"} {
		words, isSpent := budgetWords(used)
		assert.Equal(t, want, words)
		assert.Equal(t, used > 1, isSpent)
	}
}

func TestBadges(t *testing.T) {
	t.Parallel()
	s := shellOf(t, "/prober", "x", "a/b")
	assert.Equal(t, http.StatusNotFound, get(t, s, "/prober/badges/targets/x.svg").Code, "they are off")
	s.opts.EnableBadges = true
	for _, path := range []string{"x.svg", "a/b.svg", "a%2Fb.svg", "x"} {
		w := get(t, s, "/prober/badges/targets/"+path)
		require.Equal(t, http.StatusOK, w.Code, path)
		assert.Equal(t, "image/svg+xml", w.Header().Get("Content-Type"))
		assert.Equal(t, "cross-origin", w.Header().Get("Cross-Origin-Resource-Policy"))
		assert.Contains(t, w.Body.String(), "availability since start: unknown")
	}
	for _, path := range []string{"targets/y.svg", "groups/team/shop.svg", "groups/team/.svg", "else"} {
		assert.Equal(t, http.StatusNotFound, get(t, s, "/prober/badges/"+path).Code, path)
	}
	withHistory(t, s, http.StatusOK, twoPlaces)
	require.Eventually(t, func() bool { return !s.opts.History.Counts("x", history.Week).At.IsZero() }, time.Minute, time.Millisecond)
	assert.Contains(t, get(t, s, "/prober/badges/targets/x.svg?span=7d").Body.String(), "availability 7 days: 99.33 %", "of both locations")
}

func TestTheColourOfABadgeIsThatOfTheObjective(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		of        share
		objective float64
		colour    string
	}{
		{share{}, 0.9, badgeUnknown}, {share{100, 50}, 0, badgePlain}, {share{100, 10}, 0.9, badgeMet}, {share{100, 11}, 0.9, badgeMissed},
	} {
		b := newBadge(hostile, c.of, c.objective)
		assert.Equal(t, c.colour, b.Colour)
		svg, err := shellOf(t, "").draw("badge", b)
		require.NoError(t, err)
		assert.NotContains(t, string(svg), "<script")
		for d := xml.NewDecoder(strings.NewReader(string(svg))); ; {
			_, err := d.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			require.NoError(t, err)
		}
	}
}

// days returns the table of the days of a page.
func days(page string) string {
	_, table, _ := strings.Cut(page, `<table class="days">`)
	table, _, _ = strings.Cut(table, "</table>")
	return table
}
