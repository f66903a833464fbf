// Package e2e tests the prober against other programs: nginx answers it, Prometheus scrapes it. The programs come from
// Debian. The tests run only with PROBER_E2E=1; then a missing program is a failure.
package e2e

import (
	"testing"

	"example.com/prober/internal/rig"
)

// prober is the path of the program under test.
var prober string

// TestMain builds the program, with the race detector if the tests have it. Without PROBER_E2E it says so once, and no
// test runs.
func TestMain(m *testing.M) {
	if !rig.HasPrograms() {
		rig.RunNone(m, "e2e: no test runs, they need the programs of others: make e2e")
		return
	}
	rig.RunWith(m, &prober)
}
