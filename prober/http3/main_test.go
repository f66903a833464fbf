package http3

import (
	"testing"

	"example.com/prober/internal/rig"
)

func TestMain(m *testing.M) { rig.VerifyTestMain(m) }
