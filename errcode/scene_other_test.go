//go:build !linux

package errcode_test

// allScenes lists those that can be played here.
func allScenes() []scene { return scenes() }
