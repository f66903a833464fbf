package transport

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/option"
)

func TestAPanicIsTheFailureOfOneRequest(t *testing.T) {
	t.Parallel()
	answer := func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("hello")) }
	for version, cfg := range map[string]Config{
		"HTTP/1.1":        {URL: serve(t, peers.HTTP1TLS, answer), TLS: option.TLS{InsecureSkipVerify: true}},
		"HTTP/2":          {URL: serve(t, peers.HTTP2, answer), TLS: option.TLS{InsecureSkipVerify: true}},
		"HTTP/2 in clear": {URL: serve(t, peers.H2C, answer), HTTPVersion: option.H2C},
		"HTTP/3":          {URL: serve(t, peers.HTTP3, answer), HTTPVersion: option.OnlyHTTP3, TLS: option.TLS{InsecureSkipVerify: true}},
	} {
		for place, bug := range map[string]func(cfg *Config, armed *bool){
			"where the body is judged": func(cfg *Config, armed *bool) {
				cfg.CheckBody = func([]byte) error {
					if *armed {
						panic("a bug in what judges the body")
					}
					return nil
				}
			},
			"where the credentials come from": func(cfg *Config, armed *bool) {
				cfg.Authorization = func() (string, error) {
					if *armed {
						panic("a bug in what has the credentials")
					}
					return "", nil
				}
			},
		} {
			t.Run(version+", "+place, func(t *testing.T) {
				t.Parallel()
				armed := true
				cfg := cfg
				bug(&cfg, &armed)
				tr := newTransport(t, cfg)
				r := do(tr, patience)
				require.Equal(t, errcode.Panic, errcode.FromError(r.Err), "%v", r.Err)
				assert.Contains(t, r.Err.Error(), "panic_test.go", "the stack")
				armed = false
				assert.NoError(t, do(tr, patience).Err)
				tr.CloseIdle()
				assert.Zero(t, tr.Open())
			})
		}
	}
}

func TestAPanicWithLocksHeldLeavesNothingLocked(t *testing.T) {
	t.Parallel()
	u := serve(t, peers.H2C, func(http.ResponseWriter, *http.Request) {})
	tr := newTransport(t, Config{URL: u, HTTPVersion: option.H2C})
	sound := tr.requests[0].call.http2
	tr.requests[0].call.http2.Opening, tr.requests[0].call.http2.Later = []byte("short"), []byte("short")
	for range 3 {
		r := do(tr, patience)
		require.Equal(t, errcode.Panic, errcode.FromError(r.Err), "%v", r.Err)
	}
	tr.requests[0].call.http2 = sound
	require.NoError(t, do(tr, patience).Err)
	assert.Zero(t, tr.h2.State().Dialing)
	assert.Zero(t, tr.h2.State().Waiting)
}
