package layout

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// top is the folder of the module.
const top = "../.."

// repository is every Go file of the module.
type repository struct {
	files       *token.FileSet
	code, tests []source
}

// source is one Go file of the module, parsed.
type source struct {
	room  string // its directory, relative to the module; "" for the root
	path  string // relative to the module
	test  bool
	built bool // on this platform
	lines int
	file  *ast.File
}

// parsed parses the files once for all tests. The tests do not change them.
var parsed = sync.OnceValues(parseModule)

func parse(t *testing.T) *repository {
	t.Helper()
	m, err := parsed()
	require.NoError(t, err)
	return m
}

// parseModule parses the Go files of every package of this module, those for other platforms too.
func parseModule() (*repository, error) {
	listed, err := goCommand("list", "-e", "-json", "./...")
	if err != nil {
		return nil, err
	}
	m := &repository{files: token.NewFileSet()}
	for list := json.NewDecoder(bytes.NewReader(listed)); ; {
		var p struct {
			ImportPath                                                   string
			GoFiles, CgoFiles, IgnoredGoFiles, TestGoFiles, XTestGoFiles []string
		}
		err := list.Decode(&p)
		if errors.Is(err, io.EOF) {
			return m, nil
		}
		if err != nil {
			return nil, err
		}
		dir := strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/")
		for _, name := range slices.Concat(p.GoFiles, p.CgoFiles, p.IgnoredGoFiles, p.TestGoFiles, p.XTestGoFiles) {
			if err := m.parseFile(dir, name, !slices.Contains(p.IgnoredGoFiles, name)); err != nil {
				return nil, err
			}
		}
	}
}

func (m *repository) parseFile(dir, name string, built bool) error {
	path := filepath.Join(dir, name)
	text, err := os.ReadFile(filepath.Join(top, path))
	if err != nil {
		return err
	}
	file, err := parser.ParseFile(m.files, path, text, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	s := source{
		room:  dir,
		path:  path,
		test:  strings.HasSuffix(name, "_test.go"),
		built: built,
		lines: bytes.Count(text, []byte("\n")),
		file:  file,
	}
	if s.test {
		m.tests = append(m.tests, s)
	} else {
		m.code = append(m.code, s)
	}
	return nil
}

// goCommand runs a command of Go in the folder of the module.
func goCommand(args ...string) ([]byte, error) {
	cmd := exec.Command("go", args...)
	cmd.Dir = top
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%v: %w: %s", cmd.Args, err, &stderr)
	}
	return out, nil
}

// find returns the files of the module that match one of the patterns, relative to it.
func find(t *testing.T, patterns ...string) (paths []string) {
	t.Helper()
	for _, pattern := range patterns {
		found, err := fs.Glob(os.DirFS(top), pattern)
		require.NoError(t, err)
		paths = append(paths, found...)
	}
	require.NotEmpty(t, paths)
	return paths
}

// noImports leaves every import of a package unresolved.
type noImports struct{}

func (noImports) Import(path string) (*types.Package, error) {
	return nil, errors.New("not looked at: " + path)
}

func packageVariables(file *ast.File) []*ast.ValueSpec {
	var specs []*ast.ValueSpec
	for _, decl := range file.Decls {
		if d, ok := decl.(*ast.GenDecl); ok && d.Tok == token.VAR {
			for _, spec := range d.Specs {
				specs = append(specs, spec.(*ast.ValueSpec))
			}
		}
	}
	return specs
}

// written lists the variables that the file assigns to, in whole or in part, or takes the address of.
func written(file *ast.File) []*ast.Ident {
	var ids []*ast.Ident
	add := func(exprs ...ast.Expr) {
		for _, expr := range exprs {
			if id := root(expr); id != nil {
				ids = append(ids, id)
			}
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			add(n.Lhs...)
		case *ast.IncDecStmt:
			add(n.X)
		case *ast.RangeStmt:
			add(n.Key, n.Value)
		case *ast.UnaryExpr:
			if id, ok := n.X.(*ast.Ident); ok && n.Op == token.AND {
				add(id)
			}
		}
		return true
	})
	return ids
}

// root returns the variable of expr, or the variable that expr is a part of; nil if there is none.
func root(expr ast.Expr) *ast.Ident {
	for {
		switch e := expr.(type) {
		case *ast.Ident:
			return e
		case *ast.IndexExpr:
			expr = e.X
		case *ast.ParenExpr:
			expr = e.X
		case *ast.SelectorExpr:
			expr = e.X
		case *ast.StarExpr:
			expr = e.X
		default:
			return nil
		}
	}
}
