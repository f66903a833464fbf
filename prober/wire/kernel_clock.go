package wire

import "os"

// KernelClock stands for the kernel's noting when segments arrive, which it does as long as
// anybody wants to know. To begin with it takes the kernel a moment, in which what arrives
// has no time: so one is kept for as long as connections come and go.
type KernelClock struct{ keeper *os.File }

// IsAvailable reports whether the kernel notes when segments arrive.
func (c *KernelClock) IsAvailable() bool { return c.keeper != nil }

// Close gives back the descriptor that the clock holds.
func (c *KernelClock) Close() {
	if c.keeper != nil {
		_ = c.keeper.Close() // nothing was written to it
	}
}
