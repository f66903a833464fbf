package report

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// file is a file under another name until it is complete.
type file struct {
	name string // as given
	path string // the final path; links are followed
	out  *os.File
}

// create begins a file beside the one that it will replace. It takes over the mode of the old file.
func create(name string) (*file, error) {
	f := &file{name: name, path: filepath.Clean(name)}
	was, err := os.Stat(name)
	switch {
	case err == nil && !was.Mode().IsRegular():
		return nil, fmt.Errorf("%q: exists already, and is not a file", name)
	case err == nil:
		if f.path, err = filepath.EvalSymlinks(name); err != nil {
			return nil, fmt.Errorf("%q: %w", name, err)
		}
	case !errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%q: %w", name, err)
	}
	if f.path, err = filepath.Abs(f.path); err != nil {
		return nil, fmt.Errorf("%q: %w", name, err)
	}
	if f.out, err = begin(f.path); err != nil {
		return nil, fmt.Errorf("%q: cannot be created: %w", name, err)
	}
	if was != nil {
		if err := f.out.Chmod(was.Mode().Perm()); err != nil {
			f.discard()
			return nil, fmt.Errorf("%q: %w", name, err)
		}
	}
	return f, nil
}

// begin creates a file in the folder of path, so it can be renamed to path.
func begin(path string) (*os.File, error) {
	folder, base := filepath.Split(path)
	const most = 200 // bytes of the name; 255 are allowed, and the rest is for the additions
	temporary := filepath.Join(folder, "."+base[:min(len(base), most)]+"."+rand.Text()[:8]+".tmp")
	//nolint:gosec // G302: others may read a report, as far as the umask allows
	return os.OpenFile(temporary, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o666)
}

// commit gives the file its name.
func (f *file) commit() error {
	if err := f.out.Close(); err != nil {
		f.discard()
		return err
	}
	if err := os.Rename(f.out.Name(), f.path); err != nil {
		f.discard()
		return err
	}
	return nil
}

// discard removes the file.
func (f *file) discard() {
	_ = f.out.Close() // it may be closed already
	_ = os.Remove(f.out.Name())
}
