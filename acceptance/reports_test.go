package acceptance

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/internal/command"
	"example.com/prober/internal/rig"
)

func TestASecondSignalLeavesNothingOfTheReports(t *testing.T) {
	t.Parallel()
	p := newPeer(t, make(chan struct{})) // it never answers
	folder := t.TempDir()
	before := filepath.Join(folder, "before.html")
	require.NoError(t, os.WriteFile(before, []byte("before"), 0o600))
	fire := rig.Start(t, exec.CommandContext(t.Context(), "prober", "fire", p.URL+"/shop", "--shutdown.grace=10m",
		"--report="+before, "--report="+filepath.Join(folder, "burst.csv")))
	p.Await(t, "/shop", 2)
	names := namesIn(t, folder)
	require.Len(t, names, 3, "they are begun before the burst")
	fire.Signal(syscall.SIGINT)
	rig.Until(t, "it waits for the requests in flight", func() bool { return strings.Contains(fire.Output(), "a second Ctrl-C ends at once") })
	fire.Signal(syscall.SIGINT)
	status, ok := fire.Wait().Sys().(syscall.WaitStatus)
	require.True(t, ok)
	assert.Equal(t, syscall.SIGINT, status.Signal(), "as without reports")
	assert.Equal(t, []string{"before.html"}, namesIn(t, folder))
	text, err := os.ReadFile(before)
	require.NoError(t, err)
	assert.Equal(t, "before", string(text))
}

func TestASignalHasTheReportsSayWhatWasDone(t *testing.T) {
	t.Parallel()
	p := newPeer(t, make(chan struct{})) // it never answers
	folder := t.TempDir()
	fire := rig.Start(t, exec.CommandContext(t.Context(), "prober", "fire", p.URL+"/shop", "--shutdown.grace=10ms",
		"--report="+filepath.Join(folder, "burst.md"), "--report="+filepath.Join(folder, "burst.csv")))
	p.Await(t, "/shop", 2)
	fire.Signal(syscall.SIGTERM)
	assert.Equal(t, command.ExitSignal+int(syscall.SIGTERM), fire.Wait().ExitCode())
	assert.Equal(t, []string{"burst.csv", "burst.md"}, namesIn(t, folder))
	text, err := os.ReadFile(filepath.Join(folder, "burst.md"))
	require.NoError(t, err)
	assert.Contains(t, string(text), "the burst was interrupted")
}

// namesIn lists the files in a folder, including hidden ones.
func namesIn(t *testing.T, folder string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	require.NoError(t, err)
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}
