package history

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/prober/numbers"
)

// prometheus is a server with the API of a Prometheus.
type prometheus struct {
	*httptest.Server
	mu      sync.Mutex
	queries []string
	answer  http.HandlerFunc
}

func newPrometheus(t *testing.T, answer http.HandlerFunc) *prometheus {
	t.Helper()
	p := &prometheus{answer: answer}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		p.mu.Lock()
		p.queries = append(p.queries, r.Form.Get("query"))
		answer := p.answer
		p.mu.Unlock()
		answer(w, r)
	}))
	t.Cleanup(p.Close)
	return p
}

func (p *prometheus) set(answer http.HandlerFunc) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answer = answer
}

func (p *prometheus) asked() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.queries
}

func (p *prometheus) store(t *testing.T, matchers string) *Store {
	t.Helper()
	u, err := ParseURL(p.URL + "/")
	require.NoError(t, err)
	s, err := New(Options{URL: u, Matchers: matchers, Client: p.Client()})
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return s
}

// settle waits for the reads in progress.
func settle(t *testing.T, s *Store) {
	t.Helper()
	require.Eventually(t, func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.waiting == 0
	}, time.Minute, time.Millisecond)
}

// series is one series of a matrix: a value at each step of the query.
type series struct {
	labels map[string]string
	value  func(step int) string
}

// matrix answers a query over time with series.
func matrix(all ...series) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		start, _ := strconv.ParseFloat(r.Form.Get("start"), 64)
		end, _ := strconv.ParseFloat(r.Form.Get("end"), 64)
		step, _ := strconv.ParseFloat(r.Form.Get("step"), 64)
		result := []any{}
		for _, s := range all {
			values := []any{}
			for i := 0; start+float64(i)*step <= end; i++ {
				if v := s.value(i); v != "" {
					values = append(values, []any{start + float64(i)*step, v})
				}
			}
			result = append(result, map[string]any{"metric": s.labels, "values": values})
		}
		succeed(w, "matrix", result)
	}
}

func succeed(w io.Writer, kind string, result any) {
	_ = json.NewEncoder(w).Encode(map[string]any{"status": "success", "data": map[string]any{"resultType": kind, "result": result}})
}

func always(v string) func(int) string { return func(int) string { return v } }

func labels(pairs ...string) map[string]string {
	all := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		all[pairs[i]] = pairs[i+1]
	}
	return all
}

func TestRequestsOfEachLocationAreCountedByTheirCodes(t *testing.T) {
	t.Parallel()
	p := newPrometheus(t, matrix(
		series{labels("location", "west", "error_code", "0"), always("10.4")},
		series{labels("location", "east", "error_code", "0"), always("90.2")},
		series{labels("location", "east", "error_code", "1503"), func(i int) string { return []string{"", "2", "7.6"}[i%3] }},
		series{labels("location", "east", "error_code", "1006"), always("1")},
		series{labels("location", "east", "error_code", "no number"), always("1e6")},
		series{labels("location", "east", "error_code", "1500"), always("NaN")},
	))
	s := p.store(t, `job="prober"`)
	assert.Empty(t, s.Counts("shop", Day).Places, "nobody waits")
	settle(t, s)
	got := s.Counts("shop", Day)
	require.NoError(t, got.Err)
	assert.WithinDuration(t, time.Now(), got.At, time.Hour)
	require.Len(t, got.Places, 2)
	east, west := got.Places[0], got.Places[1]
	assert.Equal(t, "east", east.Location)
	assert.Equal(t, "west", west.Location)
	require.Len(t, east.Slices, 48)
	assert.Equal(t, 30*time.Minute, east.Slices[0].Duration)
	assert.Equal(t, 30*time.Minute, east.Slices[2].Start.Sub(east.Slices[1].Start))
	assert.Equal(t, []numbers.FailureKind{{Code: errcode.Code(1503), Count: 8}, {Code: errcode.Code(1006), Count: 1}}, east.Slices[2].Kinds)
	requests, failed, own := east.Total()
	assert.Equal(t, []uint64{48*90 + 16*10 + 48, 16 * 10, 48}, []uint64{requests, failed, own})
	requests, failed, own = west.Total()
	assert.Equal(t, []uint64{480, 0, 0}, []uint64{requests, failed, own})
	assert.Equal(t, []string{`sum by (location, error_code) (increase(prober_requests_total{job="prober",target="shop"}[30m]))`}, p.asked())
}

func TestLatenciesAreThoseOfRequestsThatSucceeded(t *testing.T) {
	t.Parallel()
	p := newPrometheus(t, func(w http.ResponseWriter, r *http.Request) {
		value := map[string]string{"0.5,": "0.01", "0.95": "0.2", "0.99": "+Inf"}[strings.TrimPrefix(r.Form.Get("query"), "histogram_quantile(")[:4]]
		matrix(series{labels(), func(i int) string {
			if i == 0 {
				return "NaN"
			}
			return value
		}})(w, r)
	})
	s := p.store(t, "")
	s.Latencies(`a"b\c`, Week)
	settle(t, s)
	got := s.Latencies(`a"b\c`, Week)
	require.NoError(t, got.Err)
	require.Len(t, got.Places, 1)
	require.Len(t, got.Places[0].Slices, 42)
	assert.Zero(t, got.Places[0].Slices[0].P50)
	last := got.Places[0].Slices[41]
	assert.Equal(t, []time.Duration{10 * time.Millisecond, 200 * time.Millisecond, 0}, []time.Duration{last.P50, last.P95, last.P99})
	assert.Len(t, p.asked(), 3)
	assert.Contains(t, p.asked()[0], `{target="a\"b\\c",error_code="0"}[4h]`)
}

func TestTheShareOfAGroup(t *testing.T) {
	t.Parallel()
	p := newPrometheus(t, func(w http.ResponseWriter, _ *http.Request) {
		sample := func(code, value string) any {
			return map[string]any{"metric": labels("error_code", code), "value": []any{1, value}}
		}
		succeed(w, "vector", []any{sample("0", "97.6"), sample("1503", "2"), sample("1001", "5")})
	})
	s := p.store(t, "")
	assert.Zero(t, s.Group("team", `sh"op`, Month))
	settle(t, s)
	got := s.Group("team", `sh"op`, Month)
	assert.EqualValues(t, 100, got.Requests)
	assert.EqualValues(t, 2, got.Failed)
	assert.Contains(t, p.asked()[0], `last_over_time(prober_target_info{team="sh\"op"}[30d])`)
}

func TestAFailedReadKeepsWhatIsKnownAndSaysWhy(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		why    string
	}{
		"a refusal": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusUnprocessableEntity)
			_, _ = io.WriteString(w, `{"status":"error","errorType":"execution","error":"too many samples"}`)
		}, "too many samples"},
		"an outage":      {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }, "503"},
		"no JSON":        {func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>") }, "not one of Prometheus"},
		"another type":   {func(w http.ResponseWriter, _ *http.Request) { succeed(w, "vector", []any{}) }, "not a matrix"},
		"half an answer": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "EOF"},
		"an endless answer": {func(w http.ResponseWriter, _ *http.Request) {
			for line := strings.Repeat(" ", 64<<10); ; {
				if _, err := io.WriteString(w, line); err != nil {
					return
				}
			}
		}, "more than 8 MiB"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPrometheus(t, matrix(series{labels("error_code", "0"), always("1")}))
			s := p.store(t, "")
			now := time.Now()
			var mu sync.Mutex
			s.now = func() time.Time {
				mu.Lock()
				defer mu.Unlock()
				return now
			}
			pass := func(d time.Duration) {
				mu.Lock()
				defer mu.Unlock()
				now = now.Add(d)
			}
			s.Counts("shop", Day)
			settle(t, s)
			first := s.Counts("shop", Day)
			require.NoError(t, first.Err)
			pass(2 * time.Minute)
			p.set(c.answer)
			s.Counts("shop", Day)
			settle(t, s)
			asked := len(p.asked())
			got := s.Counts("shop", Day)
			require.ErrorContains(t, got.Err, c.why)
			assert.Equal(t, first.Places, got.Places)
			assert.Equal(t, first.At, got.At)
			settle(t, s)
			assert.Len(t, p.asked(), asked, "a failure stands for a while")
			p.set(matrix(series{labels("error_code", "0"), always("2")}))
			pass(time.Minute)
			s.Counts("shop", Day)
			settle(t, s)
			got = s.Counts("shop", Day)
			require.NoError(t, got.Err)
			requests, _, _ := got.Places[0].Total()
			assert.EqualValues(t, 96, requests)
		})
	}
}

// Another host would get the credentials.
func TestARedirectToAnotherHostIsNotFollowed(t *testing.T) {
	t.Parallel()
	other := newPrometheus(t, matrix())
	p := newPrometheus(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.URL+r.URL.Path, http.StatusTemporaryRedirect)
	})
	s := p.store(t, "")
	s.Counts("shop", Day)
	settle(t, s)
	require.ErrorContains(t, s.Counts("shop", Day).Err, "it redirects to another host")
	assert.Empty(t, other.asked())
}

func TestClosingEndsAReadThatGetsNoAnswer(t *testing.T) {
	t.Parallel()
	begun := make(chan struct{})
	p := newPrometheus(t, func(_ http.ResponseWriter, r *http.Request) {
		close(begun)
		<-r.Context().Done()
	})
	s := p.store(t, "")
	s.Counts("shop", Day)
	<-begun
	s.Close()
	require.Error(t, s.Counts("shop", Day).Err)
	s.Counts("other", Day)
	assert.Len(t, p.asked(), 1, "no read begins after the end")
}

func TestReadsAreBounded(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	var under, most int
	var mu sync.Mutex
	p := newPrometheus(t, nil)
	p.set(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		under++
		most = max(most, under)
		mu.Unlock()
		<-release
		mu.Lock()
		under--
		mu.Unlock()
		matrix()(w, r)
	})
	s := p.store(t, "")
	for i := range 3 * maxKept {
		s.Counts(fmt.Sprint("target-", i), Day)
	}
	assert.LessOrEqual(t, len(s.kept), maxKept+maxReading+maxWaiting)
	close(release)
	settle(t, s)
	assert.LessOrEqual(t, most, maxReading)
	assert.LessOrEqual(t, len(p.asked()), maxReading+maxWaiting)
}

func TestSpans(t *testing.T) {
	t.Parallel()
	assert.Equal(t, []Span{Day, Week, Month}, Spans(0))
	assert.Equal(t, []Span{Day, Week, Month}, Spans(30*24*time.Hour))
	assert.Equal(t, []Span{Day, Week, 28 * Day, Month}, Spans(28*24*time.Hour))
	for span, want := range map[Span]string{
		Day: "24h, 24 hours, 30m0s", Week: "7d, 7 days, 4h0m0s", Month: "30d, 30 days, 16h0m0s", 90 * Day: "90d, 90 days, 48h0m0s",
		Span(time.Hour): "1h, 1 hour, 5m0s", Span(36 * time.Hour): "36h, 36 hours, 1h0m0s", Span(90 * time.Minute): "1h30m0s, 1h30m0s, 5m0s",
	} {
		assert.Equal(t, want, fmt.Sprintf("%s, %s, %s", span, span.Words(), span.slice()))
		assert.LessOrEqual(t, time.Duration(span), maxSlices*span.slice())
	}
}

func TestFlagsThatCannotBe(t *testing.T) {
	t.Parallel()
	for text, why := range map[string]string{
		"localhost:9090": "http://", "http://": "no host", "http://u:p@h/": "user name", "http://h/?a=b": "query", ":": "not a URL",
	} {
		_, err := ParseURL(text)
		require.ErrorContains(t, err, why, text)
	}
	for _, good := range []string{"", `job="prober"`, `job=~"a|b", cluster!="x\"y"`} {
		require.NoError(t, CheckMatchers(good), good)
	}
	for _, bad := range []string{`{job="prober"}`, `job=prober`, `job="a"}`, `job="a`, `1job="a"`} {
		require.Error(t, CheckMatchers(bad), bad)
	}
}
