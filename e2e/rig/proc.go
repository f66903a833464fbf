package rig

import (
	"fmt"
	"os"
	"regexp"
	"strconv"

	"github.com/stretchr/testify/require"
)

// Descriptors returns how many file descriptors the program has open. It needs
// Linux.
func (p *Process) Descriptors() int {
	p.t.Helper()
	open, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", p.cmd.Process.Pid))
	require.NoError(p.t, err)
	return len(open)
}

// PeakMemory returns the most memory that the program has had resident at once,
// in MiB. It needs Linux.
func (p *Process) PeakMemory() int {
	p.t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	require.NoError(p.t, err)
	peak := regexp.MustCompile(`(?m)^VmHWM:\s+(\d+) kB$`).FindSubmatch(status)
	require.NotNil(p.t, peak)
	kib, err := strconv.Atoi(string(peak[1]))
	require.NoError(p.t, err)
	return kib >> 10
}
