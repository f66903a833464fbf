// Package e2e tests the prober against programs that others wrote: nginx answers
// it, Prometheus scrapes it. The programs come from Debian; a test whose program
// is missing is skipped, or fails where PROBER_E2E=1 asks for all of them.
package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"example.com/prober/e2e/rig"
)

// prober is the path of the program under test.
var prober string

// TestMain builds the program, with the race detector if the tests have it.
func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "prober-e2e-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	prober = filepath.Join(dir, "prober")
	build := exec.Command("go", "build", fmt.Sprintf("-race=%t", rig.IsRaceDetected()), "-o", prober, "example.com/prober")
	if out, err := build.CombinedOutput(); err != nil {
		panic(fmt.Sprintf("%v: %v\n%s", build.Args, err, out))
	}
	m.Run()
}

// program returns the path of a program that a Debian package has.
func program(t *testing.T, name, debianPackage string) string {
	t.Helper()
	for _, where := range []string{name, "/usr/sbin/" + name} { // sbin is not on every user's PATH
		if path, err := exec.LookPath(where); err == nil {
			return path
		}
	}
	if os.Getenv("PROBER_E2E") == "1" {
		t.Fatalf("%s is not installed; the Debian package %s has it", name, debianPackage)
	}
	t.Skipf("%s is not installed; the Debian package %s has it", name, debianPackage)
	return ""
}
