package main

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/e2e/rig"
	"example.com/prober/errcode"
	"example.com/prober/prober/numbers"
)

// latecomer is a listener that ends connections at once until it is up.
type latecomer struct {
	net.Listener

	up      atomic.Bool
	refused atomic.Int64
}

// Accept implements net.Listener.
func (l *latecomer) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil || l.up.Load() {
			return c, err
		}
		l.refused.Add(1)
		_ = c.Close() // it has no more to say
	}
}

// newLatecomer serves answers of a status once its listener is up.
func newLatecomer(t *testing.T, status int) (l *latecomer, url string, answered *atomic.Int64) {
	t.Helper()
	answered = new(atomic.Int64)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		answered.Add(1)
		w.WriteHeader(status)
	}))
	l = &latecomer{Listener: server.Listener}
	server.Listener = l
	server.Start()
	t.Cleanup(server.Close)
	return l, server.URL, answered
}

func TestFireWaitsUntilTheTargetTakesConnections(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]int{http.StatusOK: exitOK, http.StatusTeapot: exitError} {
		l, url, answered := newLatecomer(t, status)
		var stdout, stderr rig.Output
		ended := make(chan int, 1)
		go func() {
			ended <- run(t.Context(), []string{"fire", url, "--wait=10m", "--burst.requests=3"}, &stdout, &stderr)
		}()
		rig.Until(t, "it has tried twice", func() bool { return l.refused.Load() >= 2 })
		l.up.Store(true)
		require.Equal(t, want, <-ended, stderr.String())
		assert.Contains(t, stderr.String(), "prober: waiting for "+url+", 10m0s at most: 122")
		assert.Contains(t, stdout.String(), "3 due:")
		assert.EqualValues(t, 4, answered.Load(), "the burst, and the one that ended the wait")
	}
}

func TestFireGivesUpATargetThatTakesNoConnections(t *testing.T) {
	t.Parallel()
	_, url, answered := newLatecomer(t, http.StatusOK)
	code, stdout, stderr := fireAt(t.Context(), url, "--wait=200ms")
	assert.Equal(t, exitError, code)
	assert.Empty(t, stdout)
	assert.Contains(t, stderr, "prober: "+url+" took no connection within 200ms")
	assert.Zero(t, answered.Load())
}

func TestFireCanBeInterruptedWhileItWaits(t *testing.T) {
	t.Parallel()
	l, url, _ := newLatecomer(t, http.StatusOK)
	ctx, interrupt := context.WithCancel(t.Context())
	var stdout, stderr rig.Output
	ended := make(chan int, 1)
	go func() { ended <- run(ctx, []string{"fire", url, "--wait=10m"}, &stdout, &stderr) }()
	rig.Until(t, "it waits", func() bool { return l.refused.Load() >= 1 && strings.Contains(stderr.String(), "waiting") })
	interrupt()
	assert.Equal(t, exitError, <-ended)
	assert.Contains(t, stderr.String(), "prober: interrupted while it waited for the target\n")
}

func TestOnlyFailuresToConnectAreWaitedFor(t *testing.T) {
	t.Parallel()
	waited := map[errcode.Code]bool{errcode.ProxyConnect: true, errcode.TLSTimeout: true}
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
}
