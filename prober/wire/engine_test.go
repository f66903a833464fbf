package wire

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/prober/internal/lab"
	"example.com/prober/prober/probe"
)

// newTestDialer completes p for tests. Its ports and TLS are those of the web.
func newTestDialer(t testing.TB, p Plan) *Dialer {
	t.Helper()
	p.Ports = map[string]uint16{"http": 80, "https": 443}
	p.Secure, p.Forwards = p.URL.Scheme == "https", p.URL.Scheme == "http"
	if p.ConnectTimeout == 0 {
		p.ConnectTimeout = lab.Patience
	}
	p.TLSTimeout = lab.Patience
	d, err := NewDialer(p)
	require.NoError(t, err)
	return d
}

// dialOnce makes a link for a request that is due now, closes it, and returns what the
// request came to.
func dialOnce(d *Dialer, timeout time.Duration) *probe.Result {
	var r probe.Result
	now := probe.Now()
	r.Reset(now, now.Add(timeout))
	r.Begin()
	l, err := d.Dial(context.Background(), &r)
	if err != nil {
		r.Fail(&errcode.PhaseError{Err: err})
		return &r
	}
	l.Close(false)
	r.Finish(probe.Now())
	return &r
}
