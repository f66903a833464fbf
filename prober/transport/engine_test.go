package transport

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/prober/prober/internal/lab"
	"example.com/prober/prober/probe"
)

// newTransport completes cfg for tests and closes what is idle at their end.
func newTransport(t testing.TB, cfg Config) *Transport {
	t.Helper()
	if cfg.Method == "" {
		cfg.Method = "GET"
	}
	if cfg.ConnectTimeout == 0 {
		cfg.ConnectTimeout = lab.Patience
	}
	if cfg.TLSTimeout == 0 {
		cfg.TLSTimeout = lab.Patience
	}
	tr, err := New(cfg)
	require.NoError(t, err)
	t.Cleanup(func() {
		tr.CloseIdle()
		tr.Wait()
	})
	return tr
}

// do performs one request that is due now.
func do(tr *Transport, timeout time.Duration) *probe.Result {
	var r probe.Result
	now := probe.Now()
	r.Reset(now, now.Add(timeout))
	tr.Do(context.Background(), &r)
	return &r
}
