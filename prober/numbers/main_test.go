package numbers

import (
	"testing"

	"example.com/prober/e2e/rig"
)

func TestMain(m *testing.M) { rig.VerifyTestMain(m) }
