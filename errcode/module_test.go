package errcode_test

import (
	"os/exec"
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestAnotherModuleCanUseTheCodes tests the example module; a replace directive points it at
// this module.
func TestAnotherModuleCanUseTheCodes(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"vet", "./..."}, {"test", "-count=1", "./..."}} {
		cmd := exec.CommandContext(t.Context(), "go", args...)
		cmd.Dir = "../examples/errcode"
		out, err := cmd.CombinedOutput()
		assert.NoError(t, err, "%v\n%s", args, out)
	}
}
