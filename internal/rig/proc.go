package rig

import "github.com/stretchr/testify/require"

// Descriptors returns how many file descriptors the program has open. It needs
// Linux.
func (p *Process) Descriptors() int {
	p.t.Helper()
	n, err := p.Child.Descriptors()
	require.NoError(p.t, err)
	return n
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
	kib, err := p.Status(name)
	require.NoError(p.t, err)
	return kib >> 10
}
