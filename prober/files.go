package prober

import (
	"errors"
	"strings"

	"example.com/prober/config"
	"example.com/prober/prober/numbers"
)

// filesOf returns how the files of targets of a configuration do.
func filesOf(cfg *config.Config) []numbers.TargetFile {
	files := make([]numbers.TargetFile, len(cfg.TargetFiles))
	for i, f := range cfg.TargetFiles {
		files[i] = numbers.TargetFile{Name: strings.ToValidUTF8(f.Name, "\ufffd"), Targets: len(f.Targets)}
		if f.Err != nil {
			files[i].Mistake = firstOf(f.Err).Error()
		}
	}
	return files
}

// firstOf returns the first of several errors.
func firstOf(err error) error {
	if many, ok := errors.AsType[interface {
		error
		Unwrap() []error
	}](err); ok && len(many.Unwrap()) > 0 {
		return many.Unwrap()[0]
	}
	return err
}
