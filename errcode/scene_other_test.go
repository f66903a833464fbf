//go:build !linux

package errcode_test

// allScenes lists the scenes for this platform.
func allScenes() []scene { return scenes() }
