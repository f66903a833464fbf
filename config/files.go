package config

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"gopkg.in/yaml.v3"
)

// maxFileSize bounds the configuration and each file that it refers to, in bytes.
const maxFileSize = 16 << 20

// fileStore reads each file once.
type fileStore struct {
	folder string
	// paths of all files in the order in which they were asked for.
	paths   []string
	results map[string]fileResult
	checked map[string]error
	// inlined holds what stands in the configuration itself: aliases can lead
	// thousands of targets to the same megabytes.
	inlined map[*yaml.Node][]byte
}

type fileResult struct {
	content []byte
	err     error
}

func newFileStore(configPath string) *fileStore {
	return &fileStore{
		folder:  filepath.Dir(configPath),
		paths:   []string{configPath},
		results: map[string]fileResult{},
		checked: map[string]error{},
		inlined: map[*yaml.Node][]byte{},
	}
}

// read returns nil for an empty file.
func (s *fileStore) read(name string) ([]byte, error) {
	path := name
	if !filepath.IsAbs(path) {
		path = filepath.Join(s.folder, path)
	}
	result, ok := s.results[path]
	if !ok {
		s.paths = append(s.paths, path)
		result.content, result.err = readFile(path)
		s.results[path] = result
	}
	return result.content, result.err
}

// inline returns the text of a node, the same bytes each time.
func (s *fileStore) inline(n *yaml.Node) []byte {
	content, ok := s.inlined[n]
	if !ok {
		content = []byte(n.Value)
		s.inlined[n] = content
	}
	return content
}

// sums returns the hash of each file that was read, nil for none.
func (s *fileStore) sums() map[string][sha256.Size]byte {
	if len(s.results) == 0 {
		return nil
	}
	sums := make(map[string][sha256.Size]byte, len(s.results))
	for path, result := range s.results {
		sums[path] = sha256.Sum256(result.content)
	}
	return sums
}

// once runs an expensive check of file contents once for each key.
func (s *fileStore) once(key string, check func() error) error {
	err, ok := s.checked[key]
	if !ok {
		err = check()
		s.checked[key] = err
	}
	return err
}

// readFile names no path in its errors.
func readFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, pathless(err)
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("not a regular file")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, pathless(err)
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, maxFileSize+1))
	if err != nil {
		return nil, pathless(err)
	}
	if len(content) > maxFileSize {
		return nil, fmt.Errorf("larger than %s", formatSize(maxFileSize))
	}
	if len(content) == 0 {
		return nil, nil
	}
	return content, nil
}

func pathless(err error) error {
	var pathError *fs.PathError
	if errors.As(err, &pathError) {
		return pathError.Err
	}
	return err
}

// file is a key that names a file, whose content becomes a part of the configuration.
type file struct {
	path    *string
	content *[]byte
	// check may be nil.
	check func([]byte) error
	// secret files are not even named.
	secret bool
}

func (f file) decode(c cursor, n *yaml.Node) {
	if !c.checkPath(n) {
		return
	}
	content, err := c.files.read(n.Value)
	if err == nil && f.check != nil {
		err = c.files.once(c.path+" "+n.Value, func() error { return f.check(content) })
	}
	switch {
	case err != nil && f.secret:
		c.fail("cannot use the file: %s", err)
	case err != nil:
		c.fail("cannot use %q: %s", n.Value, err)
	default:
		*f.path, *f.content = n.Value, content
	}
}

func (c cursor) checkPath(n *yaml.Node) bool {
	switch {
	case n.Kind != yaml.ScalarNode:
		c.fail("must be the path of a file, not %s", kindName(n))
	case n.Value == "":
		c.fail("must not be empty")
	default:
		return true
	}
	return false
}

func (f file) encode() *yaml.Node {
	switch {
	case *f.path == "":
		return nil
	case f.secret:
		return plainNode(redaction)
	}
	return textNode(*f.path)
}

func (f file) reset() { *f.path, *f.content = "", nil }
