//go:build unix

package rig_test

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/prober/internal/rig"
)

// childOf is an environment variable. It makes a process the child in which a test comes to a bad end.
const childOf = "RIG_TEST_CHILD_OF"

// parentOfAnother starts a program and prints the process ids of both.
const parentOfAnother = `sleep 1000 & echo "pids $$ $!"; wait`

// startTwo starts a program and its child. It returns the process ids of both.
func startTwo(t *testing.T) string {
	t.Helper()
	p := rig.Start(t, exec.CommandContext(t.Context(), "sh", "-c", parentOfAnother))
	return p.Await(`pids (\d+ \d+)\n`)
}

// awaitEnd waits until both processes are gone.
func awaitEnd(t *testing.T, pids string) {
	t.Helper()
	for text := range strings.FieldsSeq(pids) {
		pid, err := strconv.Atoi(text)
		require.NoError(t, err)
		rig.Until(t, "the end of process "+text, func() bool { return syscall.Kill(pid, 0) != nil })
	}
}

func TestTheEndOfATestIsTheEndOfAllThatItStarted(t *testing.T) {
	t.Parallel()
	var pids string
	t.Run("a test", func(t *testing.T) { pids = startTwo(t) })
	awaitEnd(t, pids)
}

func TestATestThatDoesNotCleanUpLeavesNothingRunning(t *testing.T) {
	if os.Getenv(childOf) == t.Name() {
		_, _ = os.Stdout.WriteString("started " + startTwo(t) + "\n")
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL) // a panic would still clean up
	}
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), childOf+"="+t.Name(), rig.WithoutPause)
	out, err := cmd.CombinedOutput()
	require.Error(t, err)
	_, pids, found := strings.Cut(string(out), "started ")
	require.True(t, found, "%s", out)
	pids, _, _ = strings.Cut(pids, "\n")
	awaitEnd(t, pids)
}
