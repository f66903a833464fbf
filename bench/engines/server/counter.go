//go:build linux

package main

import (
	"encoding/binary"
	"os"
	"sync"
	"syscall"
)

// counter is a number in a file. Others can read it at any time, and changing it costs no system call.
type counter struct {
	mu     sync.Mutex
	n      uint64
	mapped []byte
}

func newCounter(path string) (*counter, error) {
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	const size = 8
	if err := f.Truncate(size); err != nil {
		return nil, err
	}
	mapped, err := syscall.Mmap(int(f.Fd()), 0, size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
	return &counter{mapped: mapped}, err
}

func (c *counter) add() {
	c.mu.Lock()
	c.n++
	binary.NativeEndian.PutUint64(c.mapped, c.n)
	c.mu.Unlock()
}
