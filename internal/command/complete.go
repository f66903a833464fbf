package command

import (
	"slices"

	"example.com/prober/config"
)

// targetNames returns the names of targets for completion in a shell. It returns none if it cannot read the
// configuration.
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

// isCompletion reports whether a shell asks for completions. Then there is no default command: its flags would hide the
// names of the other commands.
func isCompletion(args []string) bool { return slices.Contains(args, "--completion-bash") }
