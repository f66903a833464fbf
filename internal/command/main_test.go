package command

import (
	"testing"

	"example.com/prober/internal/rig"
)

func TestMain(m *testing.M) {
	rig.ManyAtOnce()
	m.Run()
}
