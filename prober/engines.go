package prober

import (
	"slices"
	"sync"

	"example.com/prober/prober/transport"
)

// engines are those of one target whose last request has not ended: more than one
// while what a reload has changed still drains.
type engines struct {
	mu  sync.Mutex
	all []transport.Engine
}

func (e *engines) add(one transport.Engine) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.all = append(e.all, one)
}

func (e *engines) remove(one transport.Engine) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.all = slices.DeleteFunc(e.all, func(other transport.Engine) bool { return other == one })
}

// open returns how many connections they have open.
func (e *engines) open() (n int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, one := range e.all {
		n += one.Open()
	}
	return n
}
