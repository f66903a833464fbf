package prober

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/config"
	"example.com/prober/errcode"
	"example.com/prober/prober/numbers"
)

// fired fires the only target of a configuration in a folder and returns the report.
func fired(t *testing.T, text, folder string, shard Shard) numbers.Report {
	t.Helper()
	cfg, err := config.Parse([]byte(text), filepath.Join(folder, "prober.yml"))
	require.NoError(t, err)
	o := Options{Log: slog.New(slog.DiscardHandler), Metrics: cfg.Metrics, Shard: shard}
	shot, err := NewShot(o, cfg.Targets[0], cfg.Network)
	require.NoError(t, err)
	shot.Fire(t.Context(), context.Background())
	report := shot.Report()
	assertConserved(t, report.Snapshot)
	return report
}

// recorded is a server that notes its requests.
type recorded struct {
	*httptest.Server

	mu  sync.Mutex
	all []received
}

type received struct {
	path, query, header, body string
}

func newRecorded(t *testing.T, answer http.HandlerFunc) *recorded {
	t.Helper()
	s := new(recorded)
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		s.all = append(s.all, received{r.URL.Path, r.URL.Query().Get("q"), r.Header.Get("X-Value"), string(body)})
		s.mu.Unlock()
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		answer(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

// hardValues are rows of a file that try to break out of their places.
func hardValues() []string {
	return []string{
		"plain", `"quoted" \ back`, "two\r\nlines", "a%41&b=c#d/e?f+g", "💡 é", "", "  ", "{{ term }}", "<&>'`", strings.Repeat("x", 1<<20),
	}
}

func writeCSV(t *testing.T, folder string, rows []string) {
	t.Helper()
	f, err := os.Create(filepath.Join(folder, "values.csv"))
	require.NoError(t, err)
	w := csv.NewWriter(f)
	require.NoError(t, w.Write([]string{"number", "value"}))
	for i, row := range rows {
		require.NoError(t, w.Write([]string{fmt.Sprint(i), row}))
	}
	w.Flush()
	require.NoError(t, w.Error())
	require.NoError(t, f.Close())
}

// Each value of a file arrives unchanged: in a path, a query, a form, a JSON text, and as a
// whole body.
func TestValuesOfAFileArriveAsTheyAre(t *testing.T) {
	t.Parallel()
	s := newRecorded(t, func(http.ResponseWriter, *http.Request) {})
	folder := t.TempDir()
	writeCSV(t, folder, hardValues())
	rows := hardValues()
	for i, row := range rows { // as package csv reads it
		rows[i] = strings.ReplaceAll(row, "\r\n", "\n")
	}
	short := rows[:len(rows)-1] // no URL has a megabyte
	for place, of := range map[string]struct {
		request string
		got     func(received) string
		want    []string
	}{
		"query": {`{name: a, path: '/?q={{ v }}&z=1'}`, func(r received) string { return r.query }, short},
		"path":  {`{name: a, path: '/a/{{ v }}'}`, func(r received) string { return r.path[len("/a/"):] }, short},
		"text":  {`{name: a, method: POST, body: '{{ v }}', headers: {Content-Type: text/plain}}`, func(r received) string { return r.body }, rows},
		"form": {`{name: a, method: POST, body: 'v={{ v }}', headers: {Content-Type: application/x-www-form-urlencoded}}`, func(r received) string {
			form, _ := http.NewRequest(http.MethodPost, "/", strings.NewReader(r.body))
			form.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			return form.FormValue("v")
		}, rows},
		"json": {`{name: a, method: POST, body: '{"v": "{{ v }}", "n": {{ n }}}'}`, func(r received) string {
			var v struct {
				V string
				N int
			}
			assert.NoError(t, json.Unmarshal([]byte(r.body), &v))
			return v.V
		}, rows},
	} {
		s.all = nil
		report := fired(t, fmt.Sprintf(`
targets:
  - name: t
    url: %s
    burst: {requests: %d, concurrency: 3}
    data:
      v: {file: values.csv, column: value}
      n: {file: values.csv, column: number}
    requests: [%s]
`, s.URL, len(of.want), of.request), folder, Shard{})
		assert.True(t, report.OK(), "%s: %v", place, report.Codes)
		var got []string
		for _, r := range s.all {
			got = append(got, of.got(r))
		}
		assert.ElementsMatch(t, of.want, got, place)
	}
}

func TestAUniqueRowIsUsedOnceOverAllShards(t *testing.T) {
	t.Parallel()
	s := newRecorded(t, func(http.ResponseWriter, *http.Request) {})
	folder := t.TempDir()
	var rows []string
	for i := range 103 {
		rows = append(rows, fmt.Sprint("row", i))
	}
	writeCSV(t, folder, rows)
	failed := uint64(0)
	for shard := range 5 {
		report := fired(t, fmt.Sprintf(`
targets:
  - name: t
    url: %s
    sharding: load
    burst: {requests: 120, concurrency: 10}
    data: {v: {file: values.csv, column: value, pick: unique}}
    requests: [{name: a, path: '/?q={{ v }}'}]
`, s.URL), folder, Shard{Ordinal: shard, Total: 5})
		failed += report.Failed
		for _, f := range report.Failures {
			assert.Equal(t, errcode.Template, f.Code)
		}
	}
	assert.EqualValues(t, 120-103, failed)
	var got []string
	for _, r := range s.all {
		got = append(got, r.query)
	}
	assert.ElementsMatch(t, rows, got)
}

// shopAnswers is a shop with a login: its cart wants the token and the cookie.
func shopAnswers(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/login":
		var who struct{ User string }
		if json.NewDecoder(r.Body).Decode(&who) != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		http.SetCookie(w, &http.Cookie{Name: "sid", Value: "of-" + who.User[:1]})
		fmt.Fprintf(w, `{"access_token": "token-of-%s"}`, who.User)
	case "/cart":
		sid, err := r.Cookie("sid")
		if err != nil || r.Header.Get("Authorization") != "Bearer token-of-"+r.URL.Query().Get("q") || sid.Value != "of-"+r.URL.Query().Get("q")[:1] {
			w.WriteHeader(http.StatusUnauthorized)
		}
	}
}

func TestAJourneyUsesWhatItsStepsCapture(t *testing.T) {
	t.Parallel()
	s := newRecorded(t, shopAnswers)
	const text = `
targets:
  - name: checkout
    url: %s
    cookies: %v
    burst: {requests: 40, concurrency: 8}
    data: {user: {values: [ann, bob, eve], pick: random}}
    journey:
      - {name: login, method: POST, path: /login, headers: {Content-Type: application/json}, body: '{"user": "{{ user }}"}', capture: {token: {json: %s}}}
      - {name: cart, path: '/cart?q={{ user }}', headers: {Authorization: 'Bearer {{ token }}'}, expect: {status: [200]}}
`
	report := fired(t, fmt.Sprintf(text, s.URL, true, "access_token"), t.TempDir(), Shard{})
	assert.EqualValues(t, 80, report.Succeeded, "%v %v", report.Codes, report.Failures)
	assert.EqualValues(t, 40, report.Snapshot.Journey.Count(numbers.JourneySuccess))
	users := map[string]int{}
	for _, r := range s.all {
		if r.path == "/cart" {
			users[r.query]++
		}
	}
	assert.Equal(t, []string{"ann", "bob", "eve"}, slices.Sorted(maps.Keys(users)))

	report = fired(t, fmt.Sprintf(text, s.URL, false, "access_token"), t.TempDir(), Shard{})
	assert.EqualValues(t, 40, ended(report.Snapshot, numbers.JourneyFailure, "cart"), "no cookie, no cart")

	report = fired(t, fmt.Sprintf(text, s.URL, true, "acess_token"), t.TempDir(), Shard{})
	assert.EqualValues(t, 40, ended(report.Snapshot, numbers.JourneyFailure, "login"))
	for _, f := range report.Failures {
		assert.Equal(t, errcode.Capture, f.Code)
		assert.NotContains(t, f.Text, "token-of")
	}
}
