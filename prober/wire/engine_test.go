package wire

import (
	"context"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/prober/probe"
)

const (
	// patience is how long a test waits for what is certain to come.
	patience = 2 * time.Minute
	// briefly and amply are how long it waits for what does not come: briefly if nothing
	// else has to happen before, amply if a peer has to be heard.
	briefly = 300 * time.Millisecond
	amply   = 2 * time.Second
)

func addressList(texts ...string) (all []netip.Addr) {
	for _, text := range texts {
		all = append(all, netip.MustParseAddr(text))
	}
	return all
}

// newTestDialer completes p for tests. Its ports and TLS are those of the web.
func newTestDialer(t testing.TB, p Plan) *Dialer {
	t.Helper()
	p.Ports = map[string]uint16{"http": 80, "https": 443}
	p.Secure, p.Forwards = p.URL.Scheme == "https", p.URL.Scheme == "http"
	if p.ConnectTimeout == 0 {
		p.ConnectTimeout = patience
	}
	p.TLSTimeout = patience
	d, err := NewDialer(p)
	require.NoError(t, err)
	return d
}

// dialOnce makes a link for a request due now, closes it, and returns the result of the
// request.
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
