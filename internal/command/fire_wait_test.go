package command

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/internal/rig"
	"example.com/prober/prober/numbers"
)

// latecomer is a server that ends connections at once until it is up.
type latecomer struct {
	url string

	up                atomic.Bool
	refused, answered atomic.Int64
}

// newLatecomer answers with a status once it is up.
func newLatecomer(t *testing.T, status int) *latecomer {
	t.Helper()
	l := &latecomer{}
	answer := fmt.Sprintf("HTTP/1.1 %d Status\r\nContent-Length: 0\r\n\r\n", status)
	l.url = "http://" + peers.Listen(t, func(c net.Conn) {
		if !l.up.Load() {
			l.refused.Add(1)
			return
		}
		for buf := make([]byte, 4096); peers.ReadRequest(c, buf); {
			l.answered.Add(1)
			_, _ = io.WriteString(c, answer)
		}
	}).Address()
	return l
}

func TestFireWaitsUntilTheTargetTakesConnections(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ status, exit int }{
		"a target that is well":   {http.StatusOK, ExitOK},
		"a target that is unwell": {http.StatusTeapot, ExitError},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLatecomer(t, c.status)
			var stdout, stderr rig.Output
			ended := make(chan int, 1)
			go func() {
				ended <- Run(t.Context(), []string{"fire", l.url, "--wait=10m", "--burst.requests=3"}, &stdout, &stderr)
			}()
			rig.Until(t, "it has tried twice", func() bool { return l.refused.Load() >= 2 })
			l.up.Store(true)
			require.Equal(t, c.exit, <-ended, stderr.String())
			assert.Contains(t, stderr.String(), "prober: waiting for "+l.url+", 10m0s at most: 122")
			assert.Contains(t, stdout.String(), "3 due:")
			assert.EqualValues(t, 4, l.answered.Load(), "the burst, and the one that ended the wait")
		})
	}
}

func TestFireGivesUpATargetThatTakesNoConnections(t *testing.T) {
	t.Parallel()
	l := newLatecomer(t, http.StatusOK)
	code, stdout, stderr := fireAt(t.Context(), l.url, "--wait=200ms")
	assert.Equal(t, ExitError, code)
	assert.Empty(t, stdout)
	assert.Contains(t, stderr, "prober: "+l.url+" took no connection within 200ms")
	assert.Zero(t, l.answered.Load())
}

func TestFireCanBeInterruptedWhileItWaits(t *testing.T) {
	t.Parallel()
	l := newLatecomer(t, http.StatusOK)
	ctx, interrupt := context.WithCancel(t.Context())
	var stdout, stderr rig.Output
	ended := make(chan int, 1)
	go func() { ended <- Run(ctx, []string{"fire", l.url, "--wait=10m"}, &stdout, &stderr) }()
	rig.Until(t, "it waits", func() bool { return l.refused.Load() >= 1 && strings.Contains(stderr.String(), "waiting") })
	interrupt()
	assert.Equal(t, ExitError, <-ended)
	assert.Contains(t, stderr.String(), "prober: interrupted while it waited for the target\n")
}

func TestOnlyFailuresToConnectAreWaitedFor(t *testing.T) {
	t.Parallel()
	waited := map[errcode.Code]bool{errcode.ProxyConnect: true, errcode.TLSTimeout: true, errcode.QUICHandshakeTimeout: true}
	for code := range errcode.All() {
		switch code.Range() {
		case errcode.RangeDNS:
			waited[code] = code != errcode.BlockedIP && code != errcode.BlockedHost
		case errcode.RangeTCP:
			waited[code] = code != errcode.ClosedInHeaders
		}
		assert.Equal(t, waited[code], isUnconnected(numbers.Failure{Code: code, Phase: errcode.PhaseProcessing}), "%v", code)
	}
	for phase, want := range map[errcode.Phase]bool{
		errcode.PhaseResolve: true, errcode.PhaseConnect: true, errcode.PhaseTLS: true,
		errcode.PhaseQueue: false, errcode.PhaseSend: false, errcode.PhaseProcessing: false, errcode.PhaseTransfer: false,
	} {
		assert.Equal(t, want, isUnconnected(numbers.Failure{Code: errcode.RequestTimeout, Phase: phase}), "%v", phase)
	}
	assert.False(t, isUnconnected(numbers.Failure{Code: errcode.NoSuchHost, Phase: errcode.PhaseNone}), "a DNS server that has answered")
}
