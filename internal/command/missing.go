package command

import (
	"errors"
	"fmt"
	"io/fs"
)

// orInit returns the error of reading a configuration. Where there is none to read, it says what
// writes one.
func orInit(err error) error {
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return fmt.Errorf("%w; prober init writes one, and prober demo runs without one", err)
}
