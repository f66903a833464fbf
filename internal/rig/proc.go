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
func (p *Process) PeakMemory() int { return p.memory("VmHWM") }

// OwnPeakMemory is PeakMemory without the pages of the program's file, which the
// kernel takes back when memory is short.
func (p *Process) OwnPeakMemory() int { return p.memory("VmHWM") - p.memory("RssFile") }

// memory returns a figure of /proc/PID/status in MiB.
func (p *Process) memory(name string) int {
	p.t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	require.NoError(p.t, err)
	found := regexp.MustCompile(`(?m)^` + name + `:\s+(\d+) kB$`).FindSubmatch(status)
	require.NotNil(p.t, found, "%s in %s", name, status)
	kib, err := strconv.Atoi(string(found[1]))
	require.NoError(p.t, err)
	return kib >> 10
}
