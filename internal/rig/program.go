package rig

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// HasPrograms reports whether tests may run programs of other projects. They may if PROBER_E2E is 1, as in `make e2e`.
// Installed programs do not matter.
func HasPrograms() bool { return os.Getenv("PROBER_E2E") == "1" }

// Program returns the path of a program from a Debian package. It skips the test unless [HasPrograms] allows it. If it
// is allowed, a missing program is a failure.
func Program(t *testing.T, name, debianPackage string) string {
	t.Helper()
	if !HasPrograms() {
		t.Skipf("it runs %s; make e2e tries it", name)
	}
	for _, where := range []string{name, "/usr/sbin/" + name} { // sbin is not on every user's PATH
		if path, err := exec.LookPath(where); err == nil {
			return path
		}
	}
	require.FailNow(t, name+" is not installed; the Debian package "+debianPackage+" has it")
	return ""
}

// Build compiles the prober with the given environment and flags of go build, and writes it to path. It runs in any
// folder of the module.
func Build(ctx context.Context, path string, env []string, flags ...string) error {
	args := append([]string{"build", "-buildvcs=false", "-o", path}, flags...)
	cmd := exec.CommandContext(ctx, "go", append(args, "example.com/prober")...) //nolint:gosec // our own flags
	cmd.Env = append(cmd.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%v: %w: %s", cmd.Args, err, out)
	}
	return nil
}

// RunWith builds the prober, with the race detector if the tests have it. It stores the path of the program in path and
// runs the tests of m.
func RunWith(m *testing.M, path *string) {
	dir, err := os.MkdirTemp("", "prober-tests-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	*path = filepath.Join(dir, "prober")
	if err := Build(context.Background(), *path, nil, fmt.Sprintf("-race=%t", IsRaceDetected())); err != nil {
		panic(err)
	}
	m.Run()
}

// RunNone prints in one line why the tests of m do not run, and runs none of them.
func RunNone(m *testing.M, why string) {
	fmt.Fprintln(os.Stderr, why)
	flag.Parse()
	_ = flag.Set("test.run", "^$") // the flag is there: package testing has it
	m.Run()
}
