package form

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

// MaxFileSize bounds the configuration and each file it refers to, in bytes.
const MaxFileSize = 16 << 20

// Files reads each file once.
type Files struct {
	*store

	// below is the folder of the current part of the configuration, relative to the folder of the whole; "" if it is
	// the same.
	below string
	// inlined holds contents from the configuration itself: aliases can lead thousands of targets to the same
	// megabytes.
	inlined map[*yaml.Node][]byte
}

// store is shared by all parts of a configuration.
type store struct {
	folder string
	// Paths of all files in the order of their first use.
	Paths   []string
	results map[string]fileResult
	derived map[string]derived
}

type fileResult struct {
	content []byte
	sum     [sha256.Size]byte
	err     error
	// dropped means that the file has content which is not kept.
	dropped bool
}

// derived is a value computed from the contents of files.
type derived struct {
	value any
	err   error
}

// NewFiles returns the store of the files in a configuration. Their paths are relative to its folder.
func NewFiles(configPath string) *Files {
	return &Files{inlined: map[*yaml.Node][]byte{}, store: &store{
		folder:  filepath.Dir(configPath),
		Paths:   []string{configPath},
		results: map[string]fileResult{},
		derived: map[string]derived{},
	}}
}

// In returns the same store for the part of the configuration in the file called name: paths in it are relative to its
// own folder.
func (s *Files) In(name string) *Files {
	below := filepath.Dir(name)
	if below == "." {
		below = ""
	}
	return &Files{store: s.store, below: below, inlined: map[*yaml.Node][]byte{}}
}

// Again returns the same store for a text that is decoded once more.
func (s *Files) Again() *Files {
	return &Files{store: s.store, below: s.below, inlined: map[*yaml.Node][]byte{}}
}

// Name returns the name of the file at a path in this part of the configuration: relative to the folder of the whole,
// unless the path is absolute.
func (s *Files) Name(path string) string {
	if s.below == "" || path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(s.below, path)
}

// Path returns the path of the file called name.
func (s *Files) Path(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(s.folder, name)
}

// Read returns the content of a file, nil if it is empty.
func (s *Files) Read(name string) ([]byte, error) { return s.read(s.Path(name), false) }

// ReadPart reads a file that is a part of the configuration, and keeps only its hash.
func (s *Files) ReadPart(name string) ([]byte, error) { return s.read(s.Path(name), true) }

// read returns the content of a file. If drop is set, only the hash is kept. The file is read a second time if its
// content has been dropped.
func (s *Files) read(path string, drop bool) ([]byte, error) {
	result, known := s.results[path]
	if known && !result.dropped {
		return result.content, result.err
	}
	content, err := ReadFile(path)
	if !known {
		s.Paths = append(s.Paths, path)
		result.sum = sumOf(content, err)
	}
	// The hash of the first reading stays. If the file has changed since, one of its users has the old content, and
	// whoever compares the hash learns of the change.
	result.content, result.err, result.dropped = content, err, false
	if drop && err == nil {
		result.content, result.dropped = nil, true
	}
	s.results[path] = result
	return content, err
}

// SumOf returns the hash of a file's current content, as in [Files.Sums]. For an unreadable file it is the hash of the
// error.
func SumOf(path string) [sha256.Size]byte { return sumOf(ReadFile(path)) }

func sumOf(content []byte, err error) [sha256.Size]byte {
	if err != nil {
		content = []byte(err.Error())
	}
	return sha256.Sum256(content)
}

// Inline returns the text of a node, the same bytes each time.
func (s *Files) Inline(n *yaml.Node) []byte {
	content, ok := s.inlined[n]
	if !ok {
		content = []byte(n.Value)
		s.inlined[n] = content
	}
	return content
}

// Sums returns the hash of each file that was read, nil if there are none.
func (s *Files) Sums() map[string][sha256.Size]byte {
	if len(s.results) == 0 {
		return nil
	}
	sums := make(map[string][sha256.Size]byte, len(s.results))
	for path, result := range s.results {
		sums[path] = result.sum
	}
	return sums
}

// Once runs an expensive check of file contents once for each key.
func (s *Files) Once(key string, check func() error) error {
	_, err := s.Derive("check "+key, func() (any, error) { return nil, check() })
	return err
}

// Derive returns the result of from. It calls from once for each key.
func (s *Files) Derive(key string, from func() (any, error)) (any, error) {
	d, ok := s.derived[key]
	if !ok {
		d.value, d.err = from()
		s.derived[key] = d
	}
	return d.value, d.err
}

var errNotRegular = errors.New("not a regular file")

// ReadFile returns the content of a file of a bounded size. Its errors name no path. It does not wait for anybody who
// writes, whatever takes the place of the file meanwhile.
func ReadFile(path string) ([]byte, error) {
	// To open a device may have an effect, so a look at it comes first.
	info, err := os.Stat(path)
	if err != nil {
		return nil, pathless(err)
	}
	if !info.Mode().IsRegular() {
		return nil, errNotRegular
	}
	return readNow(path)
}

// readNow reads what is at path now.
func readNow(path string) ([]byte, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|openAtOnce, 0)
	if err != nil {
		return nil, pathless(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, pathless(err)
	}
	if !info.Mode().IsRegular() {
		return nil, errNotRegular
	}
	content, err := io.ReadAll(io.LimitReader(f, MaxFileSize+1))
	if err != nil {
		return nil, pathless(err)
	}
	if len(content) > MaxFileSize {
		return nil, fmt.Errorf("larger than %s", formatSize(MaxFileSize))
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

// File is a key that names a file. The content of the file becomes a part of the configuration.
type File struct {
	Path    *string
	Content *[]byte
	// Check may be nil.
	Check func([]byte) error
	// Secret hides even the name of the file.
	Secret bool
}

// Decode implements [Value].
func (f File) Decode(c Cursor, n *yaml.Node) {
	if !c.checkPath(n) {
		return
	}
	name := c.Files.Name(n.Value)
	content, err := c.Files.Read(name)
	if err == nil && f.Check != nil {
		err = c.Files.Once(c.Path+" "+name, func() error { return f.Check(content) })
	}
	switch {
	case err != nil && f.Secret:
		c.Fail("cannot use the file: %s", err)
	case err != nil:
		c.Fail("cannot use %q: %s", n.Value, err)
	default:
		*f.Path, *f.Content = name, content
	}
}

func (c Cursor) checkPath(n *yaml.Node) bool {
	switch {
	case n.Kind != yaml.ScalarNode:
		c.Fail("must be the path of a file, not %s", KindName(n))
	case n.Value == "":
		c.Fail("must not be empty")
	default:
		return true
	}
	return false
}

// Encode implements [Value].
func (f File) Encode() *yaml.Node {
	switch {
	case *f.Path == "":
		return nil
	case f.Secret:
		return PlainNode(Redaction)
	}
	return TextNode(*f.Path)
}

// Reset implements [Value].
func (f File) Reset() { *f.Path, *f.Content = "", nil }
