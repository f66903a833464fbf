//go:build perturb

package http2

import (
	"math/rand/v2"
	"runtime"
	"sync"
)

// mutex yields at random before and after each step.
type mutex struct{ m sync.Mutex }

func (m *mutex) Lock() {
	perturb()
	m.m.Lock()
	perturb()
}

func (m *mutex) Unlock() {
	perturb()
	m.m.Unlock()
	perturb()
}

// perturb yields at random, several times in a row now and then.
func perturb() {
	const often, most = 4, 20
	if rand.IntN(often) != 0 {
		return
	}
	for range rand.IntN(most) {
		runtime.Gosched()
	}
}
