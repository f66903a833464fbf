package config

import (
	"errors"
	"fmt"
	"path/filepath"

	"example.com/prober/config/form"
)

// FirstMistake returns the first reason why a configuration was not loaded, and says how many more there are: "3 more
// mistakes". A mistake in a file names the file without its folder. Both are empty if err is nil. more is also empty if
// there are no more.
func FirstMistake(err error) (first, more string) {
	if err == nil {
		return "", ""
	}
	errs, ok := errors.AsType[form.Errors](err)
	if !ok {
		return err.Error(), ""
	}
	one := errs[0]
	one.File = filepath.Base(one.File)
	switch n := len(errs) - 1; {
	case n == 0:
		return one.Error(), ""
	case n == 1:
		return one.Error(), "1 more mistake"
	case n < form.MaxErrors:
		return one.Error(), fmt.Sprintf("%d more mistakes", n)
	default:
		return one.Error(), fmt.Sprintf("at least %d more mistakes", form.MaxErrors)
	}
}
