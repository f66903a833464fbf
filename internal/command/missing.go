package command

import (
	"errors"
	"fmt"
	"io/fs"
)

// orInit returns an error of reading a configuration. If the file is missing, it names the command that writes one.
func orInit(err error) error {
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return fmt.Errorf("%w; prober init writes a configuration, and prober demo needs none", err)
}
