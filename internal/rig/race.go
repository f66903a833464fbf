package rig

import (
	"runtime/debug"
	"slices"
)

// IsRaceDetected reports whether this program has the race detector in it.
func IsRaceDetected() bool {
	info, ok := debug.ReadBuildInfo()
	return ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}
