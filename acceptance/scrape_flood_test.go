package acceptance

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"example.com/prober/internal/rig"
)

// flood is a client that asks again and again and reads no answer.
type flood struct {
	asked  atomic.Int64
	cancel context.CancelFunc
	ended  sync.WaitGroup
}

// startFlood calls ask, which opens a new connection, until the flood is stopped.
func startFlood(t *testing.T, ask func(ctx context.Context, f *flood) error) *flood {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	f := &flood{cancel: cancel}
	f.ended.Go(func() {
		for ctx.Err() == nil {
			_ = ask(ctx, f) // it is cut off now and then, and comes again
		}
	})
	t.Cleanup(f.stop)
	return f
}

func (f *flood) stop() {
	f.cancel()
	f.ended.Wait()
}

// resetting opens one stream after another on a connection without room for answers. It resets each at once, or never.
func resetting(address, method string, path func(n int64) string, pool *tls.Config, resets bool) func(context.Context, *flood) error {
	return func(ctx context.Context, f *flood) error {
		config := pool.Clone()
		config.NextProtos = []string{"h2"}
		c, err := (&tls.Dialer{Config: config}).DialContext(ctx, "tcp", address)
		if err != nil {
			return err
		}
		defer c.Close()
		spare := context.AfterFunc(ctx, func() { _ = c.Close() })
		defer spare()
		go func() { _, _ = io.Copy(io.Discard, c) }()
		framer := http2.NewFramer(c, nil)
		if _, err := io.WriteString(c, http2.ClientPreface); err != nil {
			return err
		}
		if err := framer.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 0}); err != nil {
			return err
		}
		var block bytes.Buffer
		encoder := hpack.NewEncoder(&block)
		for stream := uint32(1); ; stream += 2 {
			block.Reset()
			for _, field := range [][2]string{{":method", method}, {":scheme", "https"}, {":authority", address}, {":path", path(f.asked.Add(1))}} {
				_ = encoder.WriteField(hpack.HeaderField{Name: field[0], Value: field[1]})
			}
			err := framer.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: block.Bytes(), EndHeaders: true, EndStream: true})
			if err == nil && resets {
				err = framer.WriteRSTStream(stream, http2.ErrCodeCancel)
			}
			if err != nil {
				return err
			}
		}
	}
}

// hangingUp asks over HTTP/1 and hangs up.
func hangingUp(address, path string, config *tls.Config) func(context.Context, *flood) error {
	return func(ctx context.Context, f *flood) error {
		c, err := (&tls.Dialer{Config: config}).DialContext(ctx, "tcp", address)
		if err != nil {
			return err
		}
		defer c.Close()
		f.asked.Add(1)
		_, err = fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", path, address)
		return err
	}
}

// demand asks on a connection of its own, reads the whole answer and returns its status.
func demand(ctx context.Context, method, url string, config *tls.Config) (status int, err error) {
	client := http.Client{
		Timeout:   time.Minute,
		Transport: &http.Transport{DisableKeepAlives: true, ForceAttemptHTTP2: true, TLSClientConfig: config.Clone()},
	}
	q, err := http.NewRequestWithContext(ctx, method, url, http.NoBody)
	if err != nil {
		return 0, err
	}
	answer, err := client.Do(q)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	_, err = io.Copy(io.Discard, answer.Body)
	return answer.StatusCode, err
}

// TestNoClientKeepsOthersFromAnswers has one client flood the daemon without reading answers. Each of the other clients
// wants twelve answers of its kind. The flood takes all processors, so no other test may run beside it.
func TestNoClientKeepsOthersFromAnswers(t *testing.T) {
	dir := t.TempDir()
	authority := newAuthority(t, dir, "ca")
	authority.sign(t, "server")
	web := rig.WriteFile(t, dir, "web.yml", "tls_server_config: {cert_file: %s, key_file: %s}\n", filepath.Join(dir, "server.pem"), filepath.Join(dir, "server-key.pem"))
	var config strings.Builder
	config.WriteString("targets:\n")
	for i := range 100 {
		fmt.Fprintf(&config, "  - {name: t%d, url: 'http://127.0.0.1:1/', interval: 1h, burst: {requests: 1}}\n", i)
	}
	d := rig.StartDaemon(t, "prober", config.String(), "--web.config.file="+web, "--web.enable-lifecycle")
	address := strings.TrimPrefix(d.URL, "http://")
	trust := authority.client(t, "").Transport.(*http.Transport).TLSClientConfig
	metrics := func(int64) string { return "/metrics" }
	page := func(n int64) string { return fmt.Sprintf("/?q=%d", n) }
	api := func(n int64) string { return fmt.Sprintf("/api/v1/targets?q=%d", n) }
	reload := func(int64) string { return "/-/reload" }
	for name, ask := range map[string]func(context.Context, *flood) error{
		"scrapes that are reset":      resetting(address, http.MethodGet, metrics, trust, true),
		"scrapes that are not read":   resetting(address, http.MethodGet, metrics, trust, false),
		"scrapes that are hung up on": hangingUp(address, "/metrics", trust),
		"pages that are reset":        resetting(address, http.MethodGet, page, trust, true),
		"pages that are not read":     resetting(address, http.MethodGet, page, trust, false),
		"the API, reset":              resetting(address, http.MethodGet, api, trust, true),
		"reloads that are reset":      resetting(address, http.MethodPost, reload, trust, true),
	} {
		t.Run(name, func(t *testing.T) {
			f := startFlood(t, ask)
			rig.Until(t, "a flood", func() bool { return f.asked.Load() > 100 })
			var others sync.WaitGroup
			for _, wanted := range [][2]string{
				{http.MethodGet, "/metrics"}, {http.MethodGet, "/-/healthy"}, {http.MethodGet, "/targets/t1"}, {http.MethodGet, "/api/v1/targets"}, {http.MethodPost, "/-/reload"},
			} {
				others.Go(func() {
					for range 12 {
						status, err := demand(t.Context(), wanted[0], "https://"+address+wanted[1], trust)
						assert.NoError(t, err, "%v", wanted)
						assert.Equal(t, http.StatusOK, status, "%v", wanted)
					}
				})
			}
			others.Wait()
			f.stop()
			require.False(t, d.HasEnded())
		})
	}
}
