package rig

import (
	"runtime/debug"
	"slices"
)

// IsRaceDetected reports whether this program was built with the race detector.
func IsRaceDetected() bool {
	info, ok := debug.ReadBuildInfo()
	return ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}
