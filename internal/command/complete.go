package command

import (
	"slices"

	"example.com/prober/config"
)

// targetNames returns what a shell may complete the name of a target to. A configuration that
// cannot be read has none.
func (f *fireFlags) targetNames() (names []string) {
	cfg, err := config.Load(f.configFile)
	if err != nil {
		return nil
	}
	for i := range cfg.Targets {
		names = append(names, cfg.Targets[i].Name)
	}
	return names
}

// isCompletion reports whether a shell asks what an argument may be. There is no default command
// then, whose flags would hide the names of the others.
func isCompletion(args []string) bool { return slices.Contains(args, "--completion-bash") }
