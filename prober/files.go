package prober

import (
	"strings"

	"example.com/prober/config"
	"example.com/prober/prober/numbers"
)

// filesOf returns the state of the target files of a configuration.
func filesOf(cfg *config.Config) []numbers.TargetFile {
	files := make([]numbers.TargetFile, len(cfg.TargetFiles))
	for i, f := range cfg.TargetFiles {
		files[i] = numbers.TargetFile{Name: strings.ToValidUTF8(f.Name, "\ufffd"), Targets: len(f.Targets)}
		if f.Err != nil {
			files[i].Mistake = f.Mistake()
		}
	}
	return files
}
