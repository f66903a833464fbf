package peers

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
)

// other is a prober with a handler that a test can change.
type other struct {
	*httptest.Server
	answer atomic.Pointer[http.HandlerFunc]
	asked  atomic.Int64
}

func newOther(t *testing.T, answer http.HandlerFunc) *other {
	t.Helper()
	o := new(other)
	o.set(answer)
	o.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o.asked.Add(1)
		(*o.answer.Load())(w, r)
	}))
	t.Cleanup(o.Close)
	return o
}

func (o *other) set(answer http.HandlerFunc) { o.answer.Store(&answer) }

// listing answers as the API does for targets. Each target is a JSON object.
func listing(targets ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		limit, _ := strconv.Atoi(r.URL.Query().Get("limit"))
		offset, _ := strconv.Atoi(r.URL.Query().Get("offset"))
		from := min(offset, len(targets))
		to := min(from+limit, len(targets))
		fmt.Fprintf(w, `{"targets": [%s], "total": %d, "matching": 0, "offset": %d, "more": {"a": [1]}}`, strings.Join(targets[from:to], ","), len(targets), offset)
	}
}

func fine(name string) string {
	return fmt.Sprintf(`{"name": %q, "state": "ok", "failures_now": [], "by_request": [{"name": "x", "codes": []}]}`, name)
}

// setOf returns peers at URLs. Each is named by its number. The test reads them itself.
func setOf(t *testing.T, client *http.Client, urls ...string) *Set {
	t.Helper()
	o := Options{Log: slog.New(slog.DiscardHandler), Client: client, Name: "self"}
	for i, url := range urls {
		p, err := Parse(strconv.Itoa(i) + "=" + url)
		require.NoError(t, err)
		o.Peers = append(o.Peers, p)
	}
	s, err := New(o)
	require.NoError(t, err)
	return s
}

// readOnce reads the only peer and returns its answer.
func (s *Set) readOnce(ctx context.Context) *Answer {
	s.read(ctx, s.readers[0])
	return s.Answers()[0]
}

func TestAPeerSaysHowItsTargetsDo(t *testing.T) {
	t.Parallel()
	o := newOther(t, listing(
		`{"name": "b", "state": "failing", "failing_since": "2026-01-02T03:04:05Z", "troubled_since": "2026-01-02T00:00:00Z", "failures_now": [{"code": 1006}, {"code": 1212}, {"code": 1502}]}`,
		`{"name": "c", "state": "troubled", "failing_since": null, "troubled_since": "2026-01-02T03:04:06Z", "failures_now": [{"code": 1212}, {"code": 1006}]}`,
		`{"name": "d", "state": "waiting", "failures_now": null}`,
		`{"name": "a<b>", "state": "ok", "troubled_since": "2026-01-02T03:04:06Z"}`,
		`{"name": "e", "state": "failing", "failing_since": null, "failures_now": [{"code": 64999}]}`,
	))
	s := setOf(t, o.Client(), o.URL+"/below/")
	assert.True(t, s.Answers()[0].IsAwaited())
	a := s.readOnce(t.Context())
	at := func(second int) time.Time { return time.Date(2026, 1, 2, 3, 4, second, 0, time.UTC) }
	assert.Equal(t, []Target{
		{Name: "a<b>", State: OK},
		{Name: "b", State: Failing, Code: errcode.Refused, Since: at(5)},
		{Name: "c", State: Troubled, Code: 1006, Since: at(6)},
		{Name: "d", State: Waiting},
		{Name: "e", State: Failing, Code: 64999},
	}, a.Targets)
	assert.Equal(t, 5, a.Total)
	assert.False(t, a.IsDown())
	assert.False(t, a.IsAwaited())
	assert.False(t, a.ReadAt.IsZero())
}

func TestALongListIsReadInParts(t *testing.T) {
	t.Parallel()
	var targets []string
	for i := range 2500 {
		targets = append(targets, fine(fmt.Sprintf("%05d", 9999-i)))
	}
	o := newOther(t, listing(targets...))
	a := setOf(t, o.Client(), o.URL).readOnce(t.Context())
	require.Empty(t, a.Down)
	assert.Len(t, a.Targets, 2500)
	assert.Equal(t, "07500", a.Targets[0].Name)
	assert.Equal(t, int64(3), o.asked.Load())
}

func TestOnlySoManyTargetsAreKept(t *testing.T) {
	t.Parallel()
	targets := make([]string, MaxTargets+1500)
	for i := range targets {
		targets[i] = `{"name": "` + strconv.Itoa(i) + `", "state": "ok"}`
	}
	o := newOther(t, listing(targets...))
	a := setOf(t, o.Client(), o.URL).readOnce(t.Context())
	require.Empty(t, a.Down)
	assert.Len(t, a.Targets, MaxTargets)
	assert.Equal(t, MaxTargets+1500, a.Total)
}

// While a list is read, a target that begins to fail moves to a part already read.
func TestATargetThatMovesWhileTheListIsReadStays(t *testing.T) {
	t.Parallel()
	var targets []string
	for i := range 1500 {
		targets = append(targets, fine(fmt.Sprintf("%05d", i)))
	}
	o := newOther(t, listing(targets...))
	s := setOf(t, o.Client(), o.URL)
	require.Len(t, s.readOnce(t.Context()).Targets, 1500)
	moved := append([]string{targets[1400]}, append(append([]string{}, targets[:1400]...), targets[1401:]...)...)
	o.set(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("offset") == "0" {
			listing(targets...)(w, r)
			return
		}
		listing(moved...)(w, r)
	})
	a := s.readOnce(t.Context())
	require.Empty(t, a.Down)
	require.Len(t, a.Targets, 1500)
	for i, target := range a.Targets {
		assert.Equal(t, fmt.Sprintf("%05d", i), target.Name)
	}
	o.set(listing(targets[:10]...))
	assert.Len(t, s.readOnce(t.Context()).Targets, 10, "what is removed goes")
}

func TestAnAnswerThatIsNoListIsSaidInWords(t *testing.T) {
	t.Parallel()
	plain := func(text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) }
	}
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		want   string
	}{
		"503":        {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }, "it answered 503 Service Unavailable"},
		"401":        {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }, "it answered 401 Unauthorized"},
		"799":        {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(799) }, "it answered 799"},
		"HTML":       {plain("<html>\x1b[31m" + strings.Repeat("a", 1000)), `its answer is not JSON: it begins with "<html>\x1b[31maaaa`},
		"nothing":    {plain(""), "its answer is empty"},
		"cut":        {plain(`{"targets": [{"name": "a", "sta`), "its answer ends early"},
		"half":       {plain(`{"targets": []`), "its answer ends early"},
		"list":       {plain(`[1]`), `its answer has "[" where a "{" should be`},
		"null":       {plain(`null`), `its answer has "<nil>" where a "{" should be`},
		"other":      {plain(`{"error": "no such path"}`), `its answer has no list of targets: "{\"error\": \"no such path\"}"`},
		"text":       {plain(`{"targets": "none"}`), `its answer has "none" where a "[" should be`},
		"state":      {plain(`{"targets": [{"name": "a", "state": "ok"}, {"name": "b", "state": "<b>"}]}`), `targets[1]: there is no state "<b>"`},
		"name":       {plain(`{"targets": [{"name": "", "state": "ok"}]}`), "targets[0]: its name must have 1 to 128 bytes"},
		"long name":  {plain(`{"targets": [{"name": "` + strings.Repeat("a", 129) + `", "state": "ok"}]}`), "targets[0]: its name must have 1 to 128 bytes"},
		"bell":       {plain(`{"targets": [{"name": "a\u0007", "state": "ok"}]}`), "targets[0]: its name must have 1 to 128 bytes that can be printed"},
		"direction":  {plain(`{"targets": [{"name": "a\u202eb", "state": "ok"}]}`), "targets[0]: its name must have 1 to 128 bytes that can be printed"},
		"type":       {plain(`{"targets": [{"name": 1}]}`), "its answer is not a list of targets: name is a number"},
		"code":       {plain(`{"targets": [{"name": "a", "failures_now": [{"code": 70000}]}]}`), "its answer is not a list of targets: failures_now.code is a number"},
		"time":       {plain(`{"targets": [{"name": "a", "failing_since": "x"}]}`), "parsing time"},
		"deep":       {plain(`{"a": ` + strings.Repeat("[", 20_000)), "its answer"},
		"no limit":   {plain(`{"targets": [` + strings.Repeat(`{"name": "a", "state": "ok"},`, 1001) + `1]}`), "it gives more than the 1000 targets that it was asked for"},
		"one target": {plain(`{"targets": [{"name": "` + strings.Repeat("a", 2*maxTarget)), "its answer has more than 4 MiB about one target"},
		"50 MiB":     {plain(`{"targets": [` + strings.Repeat(`{"name": "a", "state": "ok", "url": "`+strings.Repeat("a", 100<<10)+`"},`, 500)), "its answer is longer than 32 MiB"},
		"redirects":  {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.String(), http.StatusFound) }, "it redirects more than 3 times"},
		"other host": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://example.invalid/a?token=s3cret", http.StatusFound)
		}, `it redirects to another host, "http://example.invalid"`},
		"other port": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.1:1/", http.StatusFound)
		}, `it redirects to another host, "http://127.0.0.1:1"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOther(t, c.answer)
			s := setOf(t, o.Client(), o.URL)
			a := s.readOnce(t.Context())
			assert.True(t, strings.HasPrefix(a.Down, c.want), "%s", a.Down)
			assert.LessOrEqual(t, len(a.Down), 204)
			assert.True(t, a.HasAnswered)
			assert.True(t, a.IsDown())
			assert.False(t, a.IsAwaited())
			assert.True(t, a.ReadAt.IsZero())
			assert.Empty(t, s.turn, "the next reader has its turn")
			o.set(listing(fine("a")))
			a = s.readOnce(t.Context())
			assert.Empty(t, a.Down)
			assert.Len(t, a.Targets, 1)
		})
	}
}

func TestARedirectOnTheSameHostIsFollowed(t *testing.T) {
	t.Parallel()
	o := newOther(t, func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, "/moved") {
			http.Redirect(w, r, "/moved"+r.URL.String(), http.StatusFound)
			return
		}
		listing(fine("a"))(w, r)
	})
	s := setOf(t, o.Client(), o.URL)
	assert.Len(t, s.readOnce(t.Context()).Targets, 1)
	client := &http.Client{Transport: o.Client().Transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	assert.Equal(t, "it answered 302 Found", setOf(t, client, o.URL).readOnce(t.Context()).Down, "the client follows none")
}

func TestAPeerThatVanishesKeepsItsLastTargets(t *testing.T) {
	t.Parallel()
	o := newOther(t, listing(fine("a"), fine("b")))
	s := setOf(t, o.Client(), o.URL)
	good := s.readOnce(t.Context())
	require.Empty(t, good.Down)
	o.set(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	bad := s.readOnce(t.Context())
	assert.Equal(t, "EOF", bad.Down)
	assert.False(t, bad.HasAnswered)
	assert.Equal(t, good.Targets, bad.Targets)
	assert.Equal(t, good.ReadAt, bad.ReadAt)
	assert.Equal(t, good.ReadAt, bad.DownSince)
	o.set(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	bad = s.readOnce(t.Context())
	assert.Equal(t, "it answered 502 Bad Gateway", bad.Down)
	assert.Equal(t, good.ReadAt, bad.DownSince, "it has been down all the time")
	o.set(listing(fine("c")))
	back := s.readOnce(t.Context())
	assert.Empty(t, back.Down)
	assert.Equal(t, "c", back.Targets[0].Name)

	gone := setOf(t, o.Client(), o.URL)
	o.Close()
	assert.Contains(t, gone.readOnce(t.Context()).Down, "connection refused")
	assert.NotContains(t, gone.Answers()[0].Down, "api/v1")
}

func TestAPeerThatSaysNothingIsGivenUp(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]http.HandlerFunc{
		"no header": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"no end": func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, `{"targets": [`+fine("a"))
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOther(t, answer)
			s := setOf(t, o.Client(), o.URL)
			s.maxWait = 50 * time.Millisecond
			a := s.readOnce(t.Context())
			assert.Equal(t, "it did not answer within 50ms", a.Down)
			assert.False(t, a.HasAnswered)
			assert.Empty(t, s.turn)
		})
	}
}

func TestAFileOfASecretIsNotNamed(t *testing.T) {
	t.Parallel()
	client := &http.Client{Transport: transport(func(*http.Request) (*http.Response, error) {
		_, err := os.ReadFile("/nowhere/at/all")
		return nil, fmt.Errorf("unable to read file /nowhere/at/all: %w", err)
	})}
	assert.Equal(t, "unable to read file <redacted>: open <redacted>: no such file or directory", setOf(t, client, "http://h").readOnce(t.Context()).Down)
}

func TestNoURLOfAnotherServerIsShown(t *testing.T) {
	t.Parallel()
	client := &http.Client{Transport: transport(func(*http.Request) (*http.Response, error) {
		return nil, fmt.Errorf("no token: %w", &url.Error{Op: "Post", URL: "https://t.example/?a=s3cret", Err: io.ErrClosedPipe})
	})}
	assert.Equal(t, io.ErrClosedPipe.Error(), setOf(t, client, "http://h").readOnce(t.Context()).Down)
}

type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func answered(status int, body string, header http.Header) (*http.Response, error) {
	return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(strings.NewReader(body))}, nil
}

func TestAPeerIsReadAgainAndAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var asked, hung, busy atomic.Int64
		client := &http.Client{Transport: transport(func(r *http.Request) (*http.Response, error) {
			switch r.URL.Host {
			case "hangs":
				hung.Add(1)
				<-r.Context().Done()
				return nil, r.Context().Err()
			case "busy":
				if busy.Add(1)%2 == 1 {
					return answered(http.StatusServiceUnavailable, "", http.Header{"Retry-After": {"1"}})
				}
			default:
				asked.Add(1)
			}
			return answered(http.StatusOK, `{"targets": [{"name": "a", "state": "ok"}], "total": 1}`, http.Header{})
		})}
		s := setOf(t, client, "http://fine", "http://hangs", "http://busy")
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			s.Run(ctx)
		}()
		time.Sleep(29 * time.Second)
		synctest.Wait()
		all := s.Answers()
		assert.Equal(t, int64(3), asked.Load())
		assert.Len(t, all[0].Targets, 1)
		assert.Equal(t, int64(2), hung.Load())
		assert.Equal(t, "it did not answer within 5s", all[1].Down)
		assert.Equal(t, 29*time.Second, time.Since(all[1].DownSince), "since it was asked first")
		assert.Equal(t, int64(6), busy.Load())
		assert.Empty(t, all[2].Down, "a prober that draws too much answers a second later")
		time.Sleep(2 * time.Second)
		cancel()
		<-ended
		assert.Equal(t, int64(3), hung.Load())
		assert.Equal(t, "it did not answer within 5s", s.Answers()[1].Down, "the end of the prober is no fault of a peer")
	})
}

// A reader of a slow peer must not keep others from decoding.
func TestASlowPeerKeepsNoOtherWaiting(t *testing.T) {
	t.Parallel()
	begun := make(chan struct{})
	slow := newOther(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, `{"targets": [`+fine("a"))
		_ = http.NewResponseController(w).Flush()
		close(begun)
		<-r.Context().Done()
	})
	quick := newOther(t, listing(fine("b")))
	s := setOf(t, slow.Client(), slow.URL, quick.URL)
	s.maxWait = time.Minute
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.read(ctx, s.readers[0])
	}()
	<-begun
	s.read(t.Context(), s.readers[1])
	assert.Len(t, s.Answers()[1].Targets, 1)
	cancel()
	<-ended
	assert.True(t, s.Answers()[0].IsAwaited())
}
