package transport

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"net"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/option"
	"example.com/prober/prober/probe"
)

func TestIdentifiersAreUnique(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var ids, traces []string
	overAll(t, func(_ http.ResponseWriter, q *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		ids = append(ids, q.Header.Get("X-Request-Id"))
		traces = append(traces, q.Header.Get("Traceparent"))
	}, func(t *testing.T, cfg Config) {
		cfg.IDHeader, cfg.Traceparent = "X-Request-ID", true
		tr := newTransport(t, cfg)
		for range 3 {
			r := do(tr, patience)
			require.NoError(t, r.Err)
			mu.Lock()
			assert.Contains(t, strings.Join(traces, " "), "-"+r.HTTP.TraceID.String()+"-")
			mu.Unlock()
		}
	})
	t.Cleanup(func() {
		require.Len(t, ids, 9)
		seen := map[string]bool{}
		for i := range ids {
			assert.Regexp(t, "^[0-9a-f]{32}$", ids[i])
			assert.Regexp(t, "^00-[0-9a-f]{32}-[0-9a-f]{16}-01$", traces[i])
			assert.False(t, seen[ids[i]] || seen[traces[i]])
			seen[ids[i]], seen[traces[i]] = true, true
		}
	})
}

func TestNothingIsAddedUnlessAskedFor(t *testing.T) {
	t.Parallel()
	overAll(t, func(w http.ResponseWriter, q *http.Request) {
		for name := range q.Header {
			w.Header().Add("X-Seen", name)
		}
	}, func(t *testing.T, cfg Config) {
		cfg.KeepHeader = []string{"X-Seen"}
		r := do(newTransport(t, cfg), patience)
		require.NoError(t, r.Err)
		var seen []string
		AnyField(r, "X-Seen", func(value []byte) bool {
			seen = append(seen, string(value))
			return false
		})
		assert.Equal(t, []string{"User-Agent"}, seen)
		assert.Zero(t, r.HTTP.TraceID)
	})
}

func TestCredentialsAreThoseOfTheMoment(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 20<<10)
	seen := make(chan []string, 1)
	overAll(t, func(_ http.ResponseWriter, q *http.Request) { seen <- q.Header["Authorization"] }, func(t *testing.T, cfg Config) {
		current := ""
		cfg.Authorization = func() (string, error) { return current, nil }
		cfg.IDHeader = "X-Request-Id"
		tr := newTransport(t, cfg)
		for _, current = range []string{"Bearer a", "", "Bearer " + long, "Bearer b"} {
			require.NoError(t, do(tr, patience).Err)
			if current == "" {
				assert.Empty(t, <-seen)
				continue
			}
			assert.Equal(t, []string{current}, <-seen)
		}
	})
}

func TestRequestWithoutCredentialsIsNotSent(t *testing.T) {
	t.Parallel()
	for name, credentials := range map[string]func() (string, error){
		"none":          func() (string, error) { return "", errcode.New(errcode.FromStatus(401), "no token") },
		"unfit for one": func() (string, error) { return "Bearer a\r\nX-Injected: b", nil },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := peers.Listen(t, peers.Answering(peers.OKAnswer))
			r := do(newTransport(t, Config{URL: p.URL("http"), Authorization: credentials}), patience)
			assert.Error(t, r.Err)
			assert.Equal(t, errcode.PhaseQueue, r.FailedIn())
			assert.Zero(t, p.Connections())
		})
	}
}

// answeringUploads returns a script that answers requests with content of size bytes. It
// allocates nothing for them.
func answeringUploads(size int64) func(net.Conn) {
	answer := []byte(peers.OKAnswer)
	return func(c net.Conn) {
		in := bufio.NewReader(c)
		for {
			for line := []byte("-"); len(line) > 0; {
				var err error
				if line, err = in.ReadSlice('\n'); err != nil {
					return
				}
				line = bytes.TrimSuffix(line[:len(line)-1], []byte("\r"))
			}
			if _, err := in.Discard(int(size)); err != nil {
				return
			}
			if _, err := c.Write(answer); err != nil {
				return
			}
		}
	}
}

// steadyState returns how many allocations a request of tr takes.
func steadyState(t *testing.T, tr *Transport) float64 {
	t.Helper()
	var r probe.Result
	exchange := func() {
		again(context.Background(), tr, &r, patience)
		if r.Err != nil || r.HTTP.BodyErr != nil || r.HTTP.Status != 200 {
			t.Fatal("the exchange failed:", r.Err, r.HTTP.BodyErr)
		}
	}
	exchange()
	return testing.AllocsPerRun(200, exchange)
}

func TestSteadyStateAllocatesNothingWhateverIsAskedFor(t *testing.T) {
	hello := regexp.MustCompile("^hel+o$")
	unmet := errors.New("another body")
	for name, tt := range map[string]Config{
		"identifiers": {IDHeader: "X-Request-Id", Traceparent: true},
		"credentials": {Authorization: func() (string, error) { return "Bearer abcdefghijklmnopqrstuvwxyz0123456789", nil }},
		"a field":     {KeepHeader: []string{"Content-Type"}},
		"redirects":   {FollowRedirects: 3},
		"compression": {Compression: []string{"gzip"}},
		"the body": {CheckBody: func(body []byte) error {
			if !hello.Match(body) {
				return unmet
			}
			return nil
		}},
		"a long body to send": {Method: "POST", BodySize: 100 << 10},
	} {
		t.Run(name+" over HTTP/1.1", func(t *testing.T) {
			cfg := tt
			cfg.URL = peers.Listen(t, answeringUploads(cfg.BodySize)).URL("http")
			assert.Zero(t, steadyState(t, newTransport(t, cfg)))
		})
		t.Run(name+" over HTTP/2", func(t *testing.T) {
			cfg := tt
			cfg.URL, cfg.HTTPVersion = peers.Listen(t, fastPeer(t)).URL("http"), option.H2C
			if cfg.BodySize > 0 {
				t.Skip("the peer gives no window")
			}
			assert.Zero(t, steadyState(t, newTransport(t, cfg)))
		})
	}
}
