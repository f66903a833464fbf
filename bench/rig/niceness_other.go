//go:build !linux

package rig

// niceness returns 0: other systems have none.
func niceness() int { return 0 }
