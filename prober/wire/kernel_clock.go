package wire

import "os"

// KernelClock keeps the kernel noting when segments arrive. The kernel does so as long as
// anybody wants to know. When it begins, it takes a moment, and segments in that moment
// have no time. So one socket stays open while connections come and go.
type KernelClock struct{ keeper *os.File }

// IsAvailable reports whether the kernel notes when segments arrive.
func (c *KernelClock) IsAvailable() bool { return c.keeper != nil }

// Close gives back the descriptor of the clock.
func (c *KernelClock) Close() {
	if c.keeper != nil {
		_ = c.keeper.Close() // nothing was written to it
	}
}
