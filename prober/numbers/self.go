package numbers

import (
	"slices"
	"time"
)

// Self is how the prober itself does.
type Self struct {
	// Created is since when it runs.
	Created time.Time
	// Lags are since the start and of all targets.
	Lags
	// KernelClock reports whether the system says when answers arrive.
	KernelClock bool
	// Limits are the ceilings of the process, those that are not set included.
	Limits []Limit
	// ReloadFailed tells that the file was changed since and could not be loaded; Loaded
	// is when the configuration in effect was.
	ReloadFailed bool
	Loaded       time.Time
	// Mistake is the first for which it could not be loaded, with file, line and key, and
	// MoreMistakes says how many there are besides: "3 more mistakes". Both may be empty.
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
	// Mistake is the first for which the targets are those that it had before, "" if they are
	// those that it has.
	Mistake string
	// Targets is how many there are of it.
	Targets int
}

// WrongFiles returns the files of targets that have a mistake.
func (s *Self) WrongFiles() []TargetFile {
	return slices.DeleteFunc(slices.Clone(s.Files), func(f TargetFile) bool { return f.Mistake == "" })
}

// Limit is a ceiling of the process and how much of it is in use.
type Limit struct {
	Name      string
	Most, Now float64 // Most is 0 where it is not set
}

// SetLimits returns the ceilings that are set.
func (s *Self) SetLimits() []Limit {
	return slices.DeleteFunc(slices.Clone(s.Limits), func(l Limit) bool { return l.Most == 0 })
}
