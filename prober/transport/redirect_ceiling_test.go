package transport

import (
	"context"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/prober/probe"
)

func TestARedirectThatFindsNoConnectionIsAFailureOfWhatWasSent(t *testing.T) {
	t.Parallel()
	ceiling := probe.NewCeiling(1)
	other := serve(t, peers.HTTP1, fine)
	home := serve(t, peers.HTTP1, func(w http.ResponseWriter, q *http.Request) {
		w.Header().Set("Connection", "close")
		http.Redirect(w, q, other.String(), http.StatusTemporaryRedirect)
	})
	for name, tt := range map[string]struct {
		next func(context.Context, probe.Instant) bool
		err  error
	}{
		"connections": {func(context.Context, probe.Instant) bool { return ceiling.TryAcquire() }, probe.ErrConnectionLimit},
		"rate":        {func(context.Context, probe.Instant) bool { return false }, errHopRate},
	} {
		tr := newTransport(t, Config{
			URL: home, Method: "POST", Body: []byte("order"), FollowRedirects: 3,
			Connections: ceiling, Next: tt.next,
		})
		var r probe.Result
		require.True(t, tr.Reserve(&r))
		now := probe.Now()
		r.Reset(now, now.Add(briefly))
		tr.Do(t.Context(), &r)
		require.ErrorIs(t, r.Err, tt.err, name)
		assert.Equal(t, errcode.LocalResources, errcode.FromError(r.Err), name)
		assert.Equal(t, errcode.PhaseQueue, r.FailedIn(), name)
		require.Len(t, r.HTTP.Hops, 1, name)
		assert.Equal(t, 307, r.HTTP.Hops[0].Status)
		assert.True(t, r.HTTP.Hops[0].Opened)
		assert.False(t, r.Opened)
		assert.Positive(t, r.Sent)
		assert.Positive(t, r.Received)
		if name == "connections" {
			ceiling.Release()
		}
		assert.Zero(t, ceiling.Used(), name)
	}
}

func TestEachRequestOfARedirectIsAskedFor(t *testing.T) {
	t.Parallel()
	overAll(t, redirecting, func(t *testing.T, cfg Config) {
		asked := 0
		to := cfg.URL.Path + "?"
		for range 3 {
			to = "?" + url.Values{"status": {"302"}, "to": {to}}.Encode()
		}
		cfg.URL, cfg.FollowRedirects = redirect(cfg.URL, 302, to), 20
		cfg.Next = func(_ context.Context, until probe.Instant) bool {
			asked++
			assert.NotZero(t, until)
			return true
		}
		r := do(newTransport(t, cfg), patience)
		require.NoError(t, r.Err)
		assert.Len(t, r.HTTP.Hops, 4)
		assert.Equal(t, 4, asked)
	})
}
