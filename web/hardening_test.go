package web

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/config"
	"example.com/prober/prober"
)

// serving returns a function that connects to the shell's own server with its time-outs. The connections are pipes, so
// hours pass at once in a synctest bubble.
func serving(t *testing.T, o Options) (connect func() net.Conn) {
	t.Helper()
	o.Log, o.TelemetryPath, o.EnableLifecycle, o.EnablePprof = slog.New(slog.DiscardHandler), "/metrics", true, true
	o.Registry = prometheus.NewRegistry()
	if o.Reload == nil {
		o.Reload = func() error { return nil }
	}
	o.Config = func() ([]byte, error) { return bytes.Repeat([]byte("# a long line\n"), 1<<16), nil }
	o.Manager = prober.NewManager(prober.Options{Log: o.Log, Metrics: config.Metrics{Buckets: []float64{1}}})
	l := pipes{calls: make(chan net.Conn), closed: make(chan struct{})}
	server := New(o).Server()
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	t.Cleanup(func() {
		require.NoError(t, server.Close())
		assert.ErrorIs(t, <-ended, http.ErrServerClosed)
	})
	return func() net.Conn {
		here, there := net.Pipe()
		l.calls <- there
		return here
	}
}

// pipes is a listener that accepts the connections sent on calls.
type pipes struct {
	calls  chan net.Conn
	closed chan struct{}
}

func (p pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.calls:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p pipes) Close() error {
	close(p.closed)
	return nil
}

func (p pipes) Addr() net.Addr { return &net.TCPAddr{} }

// closedAfter waits for the server to close the connection, and returns how long that took. It reads nothing from the
// connection.
func closedAfter(t *testing.T, c net.Conn, drip []byte) time.Duration {
	t.Helper()
	start := time.Now()
	for {
		if _, err := c.Write(drip); err != nil {
			return time.Since(start)
		}
		require.Less(t, time.Since(start), time.Hour)
		time.Sleep(time.Second)
	}
}

func TestSlowClientsAreCutOff(t *testing.T) {
	t.Parallel()
	const head = "GET /-/healthy HTTP/1.1\r\nHost: x\r\n"
	for name, test := range map[string]struct {
		sent, drip string
		within     time.Duration
	}{
		"who says nothing":                        {"", "", readTimeout},
		"who sends a header byte by byte":         {head + "X-Slow: ", "a", readTimeout},
		"who sends header lines without end":      {head, "X: y\r\n", readTimeout},
		"who sends the request line byte by byte": {"GET /", "a", readTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := serving(t, Options{})()
				defer c.Close()
				_, err := io.WriteString(c, test.sent)
				require.NoError(t, err)
				go io.Copy(io.Discard, c) //nolint:errcheck // the answer is of no matter
				if test.drip == "" {
					synctest.Wait()
				}
				assert.LessOrEqual(t, closedAfter(t, c, []byte(test.drip)), test.within+time.Second)
			})
		})
	}
}

func TestWhoDoesNotReadTheAnswerIsCutOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := serving(t, Options{})()
		defer c.Close()
		_, err := io.WriteString(c, "GET /config HTTP/1.1\r\nHost: x\r\n\r\n")
		require.NoError(t, err)
		time.Sleep(writeTimeout + time.Second)
		n, err := io.Copy(io.Discard, c)
		require.NoError(t, err)
		assert.Less(t, n, int64(1<<16), "the answer went on")
	})
}

func TestAConnectionWithoutRequestsIsClosed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := serving(t, Options{})()
		defer c.Close()
		status, _ := request(t, c, "GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n")
		assert.Equal(t, http.StatusOK, status)
		start := time.Now()
		_, err := c.Read(make([]byte, 1))
		require.ErrorIs(t, err, io.EOF)
		assert.Equal(t, idleTimeout, time.Since(start))
	})
}

// A body that comes slowly, or never, holds nothing up, as no handler reads one.
func TestABodyIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		reloaded := false
		c := serving(t, Options{Reload: func() error {
			reloaded = true
			return errors.New("no")
		}})()
		defer c.Close()
		start := time.Now()
		status, _ := request(t, c, "POST /-/reload HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000000\r\n\r\nx")
		assert.Equal(t, http.StatusInternalServerError, status)
		assert.Zero(t, time.Since(start))
		assert.True(t, reloaded)
		_, err := c.Read(make([]byte, 1))
		require.ErrorIs(t, err, io.EOF)
		assert.LessOrEqual(t, time.Since(start), readTimeout+time.Second)
	})
}

func TestHugeRequestsAreRefused(t *testing.T) {
	t.Parallel()
	for name, sent := range map[string]string{
		"a header that is long":    "GET /-/healthy HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("a", 2*maxHeaderBytes) + "\r\n\r\n",
		"headers that are many":    "GET /-/healthy HTTP/1.1\r\nHost: x\r\n" + strings.Repeat("X: a\r\n", maxHeaderBytes) + "\r\n",
		"a request line, too long": "GET /" + strings.Repeat("a", 2*maxHeaderBytes) + " HTTP/1.1\r\nHost: x\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := serving(t, Options{})()
				defer c.Close()
				status, last := request(t, c, sent)
				assert.Equal(t, http.StatusRequestHeaderFieldsTooLarge, status)
				assert.True(t, last)
			})
		})
	}
}

func TestManyDifferentPagesTakeAPartOfTheTimeOnly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newPageCache()
		asker := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody)
		const takes = 100 * time.Millisecond
		draw := func() ([]byte, error) {
			time.Sleep(takes)
			return []byte("page"), nil
		}
		start := time.Now()
		ended := make(chan error, maxWaiting)
		for i := range maxWaiting {
			go func() {
				_, err := g.get(asker, strconv.Itoa(i), draw)
				ended <- err
			}()
		}
		synctest.Wait()
		_, err := g.get(asker, "one more", draw)
		require.ErrorIs(t, err, errBusy)
		for range maxWaiting {
			require.NoError(t, <-ended)
		}
		assert.Equal(t, (maxWaiting-1)*drawingShare*takes-freeDrawing+takes, time.Since(start))
	})
}

// request sends text and reads the whole answer. It returns the status, and reports whether the connection ends with
// the answer.
func request(t *testing.T, c net.Conn, text string) (status int, last bool) {
	t.Helper()
	go io.WriteString(c, text) //nolint:errcheck // the server need not take all of it
	answer, err := http.ReadResponse(bufio.NewReader(c), nil)
	require.NoError(t, err)
	_, err = io.Copy(io.Discard, answer.Body)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	return answer.StatusCode, answer.Close
}
