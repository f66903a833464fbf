//go:build !perturb

package http2

import "sync"

// mutex is what the HTTP/2 connections and their pool lock. Built with the tag perturb,
// it yields at random before and after each step, which shows orders of events that
// hardly ever happen otherwise.
type mutex = sync.Mutex

// perturb yields at random where goroutines meet, if built with the tag perturb.
func perturb() {}
