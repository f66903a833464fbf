package prober

import (
	"slices"
	"sync"
)

// engines are those of one target whose last request has not ended: more than one
// while what a reload has changed still drains.
type engines struct {
	mu  sync.Mutex
	all []engine
}

func (e *engines) add(one engine) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.all = append(e.all, one)
}

func (e *engines) remove(one engine) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.all = slices.DeleteFunc(e.all, func(other engine) bool { return other == one })
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
