package numbers

import (
	"slices"
	"time"
)

// Self describes the prober itself.
type Self struct {
	// Created is when it started.
	Created time.Time
	// Lags are over all targets, since the start.
	Lags
	// KernelClock reports whether the system says when answers arrive.
	KernelClock bool
	// Limits are the ceilings of the process, including unset ones.
	Limits []Limit
	// ReloadFailed means that the file has changed and could not be loaded. Loaded is when
	// the configuration in effect was loaded.
	ReloadFailed bool
	Loaded       time.Time
	// Mistake is the first mistake in the file, with file, line and key. MoreMistakes says
	// how many more there are: "3 more mistakes". Both may be empty.
	Mistake, MoreMistakes string
	// Files are the files of targets besides the configuration.
	Files []TargetFile
	// Shard and Shards are 0 and 1 for a prober that runs alone.
	Shard, Shards int
	// DroppedLogLines is how many lines of the log were dropped.
	DroppedLogLines uint64
}

// TargetFile is a file of targets.
type TargetFile struct {
	// Name is valid UTF-8.
	Name string
	// Mistake is the first mistake in the file, "" without one. With a mistake, the file's
	// targets stay as they were.
	Mistake string
	// Targets is how many targets the file has.
	Targets int
}

// WrongFiles returns the files of targets that have a mistake.
func (s *Self) WrongFiles() []TargetFile {
	return slices.DeleteFunc(slices.Clone(s.Files), func(f TargetFile) bool { return f.Mistake == "" })
}

// Limit is a ceiling of the process and how much of it is in use.
type Limit struct {
	Name      string
	Most, Now float64 // Most is 0 if not set
}

// SetLimits returns the ceilings that are set.
func (s *Self) SetLimits() []Limit {
	return slices.DeleteFunc(slices.Clone(s.Limits), func(l Limit) bool { return l.Most == 0 })
}
