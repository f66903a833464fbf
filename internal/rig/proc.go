package rig

import "github.com/stretchr/testify/require"

// Descriptors returns the number of open file descriptors of the program. It needs Linux.
func (p *Process) Descriptors() int {
	p.t.Helper()
	n, err := p.Child.Descriptors()
	require.NoError(p.t, err)
	return n
}

// PeakMemory returns the largest resident memory of the program so far, in MiB. It needs Linux.
func (p *Process) PeakMemory() int { return p.memory("VmHWM") }

// OwnPeakMemory is PeakMemory without the pages of the program's file. The kernel takes these back if memory is short.
func (p *Process) OwnPeakMemory() int { return p.memory("VmHWM") - p.memory("RssFile") }

// memory returns a figure of /proc/PID/status in MiB.
func (p *Process) memory(name string) int {
	p.t.Helper()
	kib, err := p.Status(name)
	require.NoError(p.t, err)
	return kib >> 10
}
