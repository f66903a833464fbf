package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// pattern is an entry of target_files with the files it matched.
type pattern struct {
	// text is a path. Each of its elements may be a pattern of filepath.Match. Relative paths are below folder.
	text, folder string
	// names are paths, relative to folder unless text is absolute.
	names []string
}

func checkFilePattern(s string) error {
	switch _, err := filepath.Match(s, ""); {
	case s == "":
		return errors.New("must not be empty")
	case err != nil:
		return errors.New("must be a path or a pattern such as targets.d/*.yml: a [ has no ]")
	case strings.Contains(s, "**"):
		return errors.New("must not contain **: a * stands for a part of one name, and does not reach subfolders")
	case strings.HasSuffix(s, "/"):
		return errors.New("must name files, not a folder: write targets.d/*.yml")
	}
	return nil
}

// isPlain reports whether the pattern is the path of one file. That file must exist.
func (p *pattern) isPlain() bool { return !isPattern(p.text) }

func isPattern(s string) bool { return strings.ContainsAny(s, `*?[\`) }

// match returns the names of the files that the pattern matches now, in alphabetical order. A * matches no name
// that begins with a dot, and the pattern matches no folders. match fails if it cannot read a folder: there may
// be files in it all the same. filepath.Glob is of no use here: it passes over folders that cannot be read, and
// a target file would be gone without a word.
func (p *pattern) match() ([]string, error) {
	if p.isPlain() {
		return []string{filepath.Clean(p.text)}, nil
	}
	names, rest := []string{""}, p.text
	if filepath.IsAbs(rest) {
		names, rest = []string{"/"}, strings.TrimLeft(rest, "/")
	}
	for rest != "" {
		element, below, _ := strings.Cut(rest, "/")
		rest = strings.TrimLeft(below, "/")
		var err error
		if names, err = p.step(names, element, rest == ""); err != nil {
			return nil, err
		}
	}
	slices.Sort(names)
	return names, nil
}

// step matches the next element of the pattern in these folders, and returns the names of the matches.
func (p *pattern) step(folders []string, element string, isLast bool) ([]string, error) {
	var matched []string
	for _, folder := range folders {
		if !isPattern(element) {
			name := filepath.Join(folder, element)
			if !isLast || p.isFile(name) {
				matched = append(matched, name)
			}
			continue
		}
		entries, err := os.ReadDir(p.path(folder))
		if err != nil && !isNoFolder(err) {
			return nil, fmt.Errorf("cannot read the folder %q: %w", filepath.Clean(folder), pathless(err))
		}
		for _, entry := range entries {
			name := filepath.Join(folder, entry.Name())
			is, _ := filepath.Match(element, entry.Name())
			isHidden := entry.Name()[0] == '.' && element[0] != '.'
			if is && !isHidden && (!isLast || p.isFile(name)) {
				matched = append(matched, name)
			}
		}
		if len(matched) > maxTargetFiles {
			return nil, fmt.Errorf("it matches more than %d files", maxTargetFiles)
		}
	}
	return matched, nil
}

// isFile reports whether name exists and is not a folder. A dangling symbolic link is a file.
func (p *pattern) isFile(name string) bool {
	info, err := os.Stat(p.path(name))
	if err != nil {
		// Whoever put the link there means a file, so it is read, and its absence is a mistake.
		_, err = os.Lstat(p.path(name))
		return err == nil
	}
	return !info.IsDir()
}

func (p *pattern) path(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(p.folder, name)
}

// isNoFolder reports whether err means a missing folder. A lack of permission is another error.
func isNoFolder(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}

func pathless(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	return err
}
