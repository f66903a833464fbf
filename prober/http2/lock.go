//go:build !perturb

package http2

import "sync"

// mutex is the type of the mutexes of HTTP/2 connections and their pool. With the build tag perturb, it yields at
// random before and after each step, to provoke rare orders of events.
type mutex = sync.Mutex

// perturb yields at random between the steps of goroutines, but only with the build tag perturb.
func perturb() {}
