package acceptance

import (
	"os"
	"os/exec"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/internal/command"
	"example.com/prober/internal/rig"
)

func TestASignalMakesTheExitCodeOfABurst(t *testing.T) {
	t.Parallel()
	for name, signal := range map[string]syscall.Signal{"Ctrl-C": syscall.SIGINT, "SIGTERM": syscall.SIGTERM} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPeer(t, make(chan struct{})) // it never answers
			fire := rig.Start(t, exec.CommandContext(t.Context(), "prober", "fire", p.URL+"/shop", "--shutdown.grace=10ms"))
			p.Await(t, "/shop", 2)
			fire.Signal(signal)
			assert.Equal(t, command.ExitSignal+int(signal), fire.Wait().ExitCode())
			assert.Contains(t, fire.Output(), "interrupted after", "there is a report")
		})
	}
}

func TestASecondSignalEndsABurstAtOnce(t *testing.T) {
	t.Parallel()
	p := newPeer(t, make(chan struct{}))
	fire := rig.Start(t, exec.CommandContext(t.Context(), "prober", "fire", p.URL+"/shop", "--shutdown.grace=1h"))
	p.Await(t, "/shop", 2)
	fire.Signal(syscall.SIGINT)
	fire.Await("prober: interrupted: waiting for (2) requests in flight")
	fire.Signal(syscall.SIGINT)
	status, ok := fire.Wait().Sys().(syscall.WaitStatus)
	require.True(t, ok)
	assert.Equal(t, syscall.SIGINT, status.Signal())
	assert.NotContains(t, fire.Output(), "interrupted after", "there is no report")
}

func TestABurstWhoseReportNobodyReadsFails(t *testing.T) {
	t.Parallel()
	r, w, err := os.Pipe()
	require.NoError(t, err)
	require.NoError(t, r.Close())
	t.Cleanup(func() { w.Close() })
	released := make(chan struct{})
	close(released)
	p := newPeer(t, released)
	cmd := exec.CommandContext(t.Context(), "prober", "fire", p.URL+"/shop")
	cmd.Stdout = w
	fire := rig.Start(t, cmd)
	assert.Equal(t, command.ExitError, fire.Wait().ExitCode())
	assert.Contains(t, fire.Output(), "prober: write the report: ")
	assert.Contains(t, fire.Output(), "broken pipe")
}
