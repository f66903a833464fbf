package command

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/internal/rig"
)

// latecomer is a server that ends connections at once until it has a status to answer with.
type latecomer struct {
	url string

	status, refused, answered atomic.Int64
}

func newLatecomer(t *testing.T) *latecomer {
	t.Helper()
	l := &latecomer{}
	l.url = "http://" + peers.Listen(t, func(c net.Conn) {
		if l.status.Load() == 0 {
			l.refused.Add(1)
			return
		}
		for buf := make([]byte, 4096); peers.ReadRequest(c, buf); {
			l.answered.Add(1)
			_, _ = fmt.Fprintf(c, "HTTP/1.1 %d Status\r\nContent-Length: 0\r\n\r\n", l.status.Load())
		}
	}).Address()
	return l
}

func TestFireWaitsUntilARequestSucceeds(t *testing.T) {
	t.Parallel()
	l := newLatecomer(t)
	var stdout, stderr rig.Output
	ended := make(chan int, 1)
	go func() {
		ended <- Run(t.Context(), []string{"fire", l.url, "--wait=10m", "--burst.requests=3"}, &stdout, &stderr)
	}()
	rig.Until(t, "it has tried", func() bool { return l.refused.Load() >= 1 })
	l.status.Store(http.StatusServiceUnavailable)
	rig.Until(t, "it has tried again", func() bool { return l.answered.Load() >= 1 })
	l.status.Store(http.StatusOK)
	require.Equal(t, ExitOK, <-ended, stderr.String())
	assert.Contains(t, stderr.String(), "prober: waiting for "+l.url+", 10m0s at most: 122")
	assert.Contains(t, stderr.String(), "prober: waiting for "+l.url+", 10m0s at most: 1503 http_503\n")
	assert.Contains(t, stdout.String(), "3 due: 3 succeeded")
}

func TestFireDoesNotWaitForWhatTheConfigurationForbids(t *testing.T) {
	t.Parallel()
	file := rig.WriteFile(t, t.TempDir(), "prober.yml", "network: {deny: [127.0.0.0/8]}\ntargets: []\n")
	code, stdout, stderr := fireAt(t.Context(), "http://127.0.0.1:1/", "--config.file="+file, "--wait=10m")
	assert.Equal(t, ExitError, code)
	assert.Empty(t, stdout)
	assert.Contains(t, stderr, "prober: http://127.0.0.1:1/ cannot succeed: "+errcode.BlockedIP.String()+" ")
}

func TestFireGivesUpATargetThatNeverSucceeds(t *testing.T) {
	t.Parallel()
	l := newLatecomer(t)
	code, stdout, stderr := fireAt(t.Context(), l.url, "--wait=200ms")
	assert.Equal(t, ExitError, code)
	assert.Empty(t, stdout)
	assert.Contains(t, stderr, "prober: "+l.url+" did not succeed within 200ms")
	assert.Zero(t, l.answered.Load())
}

func TestFireCanBeInterruptedWhileItWaits(t *testing.T) {
	t.Parallel()
	l := newLatecomer(t)
	ctx, interrupt := context.WithCancel(t.Context())
	var stdout, stderr rig.Output
	ended := make(chan int, 1)
	go func() { ended <- Run(ctx, []string{"fire", l.url, "--wait=10m"}, &stdout, &stderr) }()
	rig.Until(t, "it waits", func() bool { return l.refused.Load() >= 1 && strings.Contains(stderr.String(), "waiting") })
	interrupt()
	assert.Equal(t, ExitSignal+int(syscall.SIGINT), <-ended)
	assert.Contains(t, stderr.String(), "prober: interrupted while waiting for the target\n")
}
