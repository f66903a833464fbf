package prober

import (
	"slices"
	"sync"

	"example.com/prober/prober/probe"
)

// engines are the engines of one target whose last request has not ended. There are
// several while the engine from before a reload drains.
type engines struct {
	mu  sync.Mutex
	all []probe.Engine
}

func (e *engines) add(one probe.Engine) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.all = append(e.all, one)
}

func (e *engines) remove(one probe.Engine) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.all = slices.DeleteFunc(e.all, func(other probe.Engine) bool { return other == one })
}

// open returns how many connections the engines have open. Connections of an engine that
// drains are still open, and still count under the ceiling.
func (e *engines) open() (n int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, one := range e.all {
		n += one.Open()
	}
	return n
}
