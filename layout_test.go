package main_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	module = "example.com/prober"

	maxFileLines     = 400
	maxFunctionLines = 60
	screenLines      = 35 // nine functions in ten fit on one screen
)

// room is what the code of one package, its tests aside, may import besides the standard library.
type room struct {
	packages []string // of this module, relative to it
	modules  []string // of others: an import path and all below it
}

// house has a room for each package of the program. An arrow missing here is missing on purpose.
var house = map[string]room{
	"": {
		packages: []string{"config", "demo", "errcode", "prober", "web"},
		modules: []string{
			"github.com/alecthomas/kingpin/v2",
			"github.com/alecthomas/units", // the sizes of flags, as kingpin reads them
			"github.com/coreos/go-systemd/v22/activation",
			"github.com/mdlayher/vsock",
			"github.com/prometheus/client_golang",
			"github.com/prometheus/common",
			"github.com/prometheus/exporter-toolkit",
			"github.com/schollz/progressbar/v3", // the bar of fire; it needs the next and two small ones
			"golang.org/x/term",                 // whether there is a terminal to draw it on
		},
	},
	"config": {
		packages: []string{"config/form", "policy"},
		modules:  []string{"gopkg.in/yaml.v3"},
	},
	"config/form": {
		modules: []string{"github.com/prometheus/common", "gopkg.in/yaml.v3"},
	},
	"demo": {},
	"errcode": {
		modules: []string{"golang.org/x/net/http2"},
	},
	"internal/peers": { // of tests alone
		packages: []string{"errcode", "internal/peers/certs"},
		modules: []string{
			"github.com/andybalholm/brotli",
			"github.com/klauspost/compress/zstd",
			"golang.org/x/crypto/ocsp",
			"golang.org/x/net/dns/dnsmessage",
			"golang.org/x/net/http2",
		},
	},
	"internal/peers/certs": {},
	"prober": {
		packages: []string{"config", "errcode", "prober/probe", "prober/tcp", "prober/transport"},
		modules: []string{
			"github.com/prometheus/client_model",
			"github.com/prometheus/common",
			"golang.org/x/sys/unix", // timerfd
			"golang.org/x/time/rate",
			"google.golang.org/protobuf/types/known/timestamppb", // a field type of client_model
		},
	},
	"prober/probe": {packages: []string{"errcode"}},
	"prober/tcp":   {packages: []string{"errcode", "prober/probe", "prober/wire"}},
	"policy": {
		modules: []string{"golang.org/x/net/idna"},
	},
	"prober/transport": {
		packages: []string{"errcode", "policy", "prober/probe"},
		modules: []string{
			"github.com/andybalholm/brotli",
			"github.com/klauspost/compress",
			"golang.org/x/net/dns/dnsmessage",
			"golang.org/x/net/http2",
			"golang.org/x/net/proxy",
		},
	},
	"web": {
		packages: []string{"config", "errcode", "prober"},
		modules: []string{
			"github.com/klauspost/compress", // its gzip takes a third of the time of the library's
			"github.com/prometheus/client_golang",
			"github.com/prometheus/client_model",
			"github.com/prometheus/common",
			"github.com/prometheus/exporter-toolkit",
			"google.golang.org/protobuf/proto", // encodes client_model
		},
	},
}

// outbuildings import what they need, and no room imports them: each has its own commands and test code.
var outbuildings = []string{"bench", "dashboards", "deploy", "docs", "e2e", "errcode/internal", "gauntlet"}

// source is one Go file of the module, parsed.
type source struct {
	room  string // its directory, relative to the module, whose root is ""
	path  string // relative to the module
	test  bool
	built bool // on this platform
	lines int
	file  *ast.File
}

func TestPackagesImportOnlyWhatTheirRoomAllows(t *testing.T) {
	t.Parallel()
	_, code, _ := parseModule(t)
	for _, s := range code {
		if slices.ContainsFunc(outbuildings, func(root string) bool { return isBelow(s.room, root) }) {
			continue
		}
		allowed, known := house[s.room]
		if !assert.True(t, known, "package %q has no room in the house of this test", s.room) {
			continue
		}
		for _, spec := range s.file.Imports {
			path, err := strconv.Unquote(spec.Path.Value)
			require.NoError(t, err)
			assert.True(t, allowed.has(path), "%s imports %s", s.path, path)
		}
	}
}

func TestFilesAndFunctionsAreShort(t *testing.T) {
	t.Parallel()
	files, code, _ := parseModule(t)
	functions, long := 0, 0
	for _, s := range code {
		assert.LessOrEqual(t, s.lines, maxFileLines, "lines of %s", s.path)
		for _, decl := range s.file.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok {
				continue
			}
			lines := files.Position(f.End()).Line - files.Position(f.Pos()).Line + 1
			assert.LessOrEqual(t, lines, maxFunctionLines, "lines of %s at %s", f.Name, files.Position(f.Pos()))
			functions++
			if lines > screenLines {
				long++
			}
		}
	}
	assert.LessOrEqual(t, 10*long, functions, "functions above %d lines, times ten", screenLines)
}

func TestNothingHappensBehindInit(t *testing.T) {
	t.Parallel()
	files, code, _ := parseModule(t)
	for _, s := range code {
		for _, decl := range s.file.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok && f.Recv == nil {
				assert.NotEqual(t, "init", f.Name.Name, files.Position(f.Pos()))
			}
		}
	}
}

func TestNothingSleepsOutsideABubble(t *testing.T) {
	t.Parallel()
	files, code, tests := parseModule(t)
	for _, s := range slices.Concat(code, tests) {
		bubble := s.test && slices.ContainsFunc(s.file.Imports, func(spec *ast.ImportSpec) bool {
			return spec.Path.Value == `"testing/synctest"`
		})
		ast.Inspect(s.file, func(n ast.Node) bool {
			if selector, ok := n.(*ast.SelectorExpr); ok && types.ExprString(selector) == "time.Sleep" {
				assert.True(t, bubble, "time.Sleep at %s", files.Position(n.Pos()))
			}
			return true
		})
	}
}

func TestPackagesHaveNoMutableState(t *testing.T) {
	t.Parallel()
	files, code, _ := parseModule(t)
	rooms := map[string][]*ast.File{}
	for _, s := range code {
		if s.built {
			rooms[s.room] = append(rooms[s.room], s.file)
		}
	}
	shared := regexp.MustCompile(`\b(sync\.(Map|Mutex|Pool|RWMutex|WaitGroup)|atomic\.[A-Z]\w*)\b|^make\(`)
	for _, room := range rooms {
		// What other packages declare is not needed to tell this package's variables from local ones.
		info := &types.Info{Defs: map[*ast.Ident]types.Object{}, Uses: map[*ast.Ident]types.Object{}}
		config := types.Config{Importer: noImports{}, Error: func(error) {}}
		pkg, _ := config.Check("", files, room, info)

		for _, file := range room {
			for _, spec := range packageVariables(file) {
				for _, expr := range append(spec.Values, spec.Type) {
					if expr != nil {
						assert.NotRegexp(t, shared, types.ExprString(expr), files.Position(spec.Pos()))
					}
				}
			}
			for _, id := range written(file) {
				v, ok := info.Uses[id].(*types.Var)
				assert.False(t, ok && v.Parent() == pkg.Scope(), "%s is written at %s", id.Name, files.Position(id.Pos()))
			}
		}
	}
}

func TestModulesReplaceNothing(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"go.mod", "tools/go.mod", "dashboards/houserules/go.mod"} {
		var mod struct{ Replace []any }
		require.NoError(t, json.Unmarshal(goCommand(t, "mod", "edit", "-json", path), &mod))
		assert.Empty(t, mod.Replace, path)
	}
}

func TestNoFileNamesAMachine(t *testing.T) {
	t.Parallel()
	machine := regexp.MustCompile(`/(?:work|farm|root)/|proxy\.golang|registry\.npmjs|deb\.debian`)
	require.NoError(t, filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case path == ".git", path == "bin":
			return filepath.SkipDir
		case !entry.Type().IsRegular(), entry.Name() == "go.sum":
			return nil
		}
		text, err := os.ReadFile(path)
		if err == nil && !bytes.ContainsRune(text, 0) {
			assert.Empty(t, string(machine.Find(text)), path)
		}
		return err
	}))
}

// has tells whether the room may import path.
func (r room) has(path string) bool {
	if first, _, _ := strings.Cut(path, "/"); !strings.Contains(first, ".") {
		return true // the standard library
	}
	if own, ok := strings.CutPrefix(path, module+"/"); ok {
		return slices.Contains(r.packages, own)
	}
	return slices.ContainsFunc(r.modules, func(root string) bool { return isBelow(path, root) })
}

func isBelow(path, root string) bool {
	return path == root || strings.HasPrefix(path, root+"/")
}

// parseModule parses the Go files of every package of this module, those for other platforms too.
func parseModule(t *testing.T) (files *token.FileSet, code, tests []source) {
	t.Helper()
	files = token.NewFileSet()
	list := json.NewDecoder(bytes.NewReader(goCommand(t, "list", "-e", "-json", "./...")))
	for {
		var p struct {
			ImportPath                                                   string
			GoFiles, CgoFiles, IgnoredGoFiles, TestGoFiles, XTestGoFiles []string
		}
		err := list.Decode(&p)
		if errors.Is(err, io.EOF) {
			return files, code, tests
		}
		require.NoError(t, err)
		dir := strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/")
		for _, name := range slices.Concat(p.GoFiles, p.CgoFiles, p.IgnoredGoFiles, p.TestGoFiles, p.XTestGoFiles) {
			s := parseFile(t, files, dir, name)
			s.built = !slices.Contains(p.IgnoredGoFiles, name)
			if s.test {
				tests = append(tests, s)
			} else {
				code = append(code, s)
			}
		}
	}
}

func parseFile(t *testing.T, files *token.FileSet, dir, name string) source {
	t.Helper()
	path := filepath.Join(dir, name)
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	file, err := parser.ParseFile(files, path, text, parser.SkipObjectResolution)
	require.NoError(t, err)
	return source{
		room:  dir,
		path:  path,
		test:  strings.HasSuffix(name, "_test.go"),
		lines: bytes.Count(text, []byte("\n")),
		file:  file,
	}
}

func goCommand(t *testing.T, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, stderr.String())
	return out
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

// root is the variable that expr is, or is a part of; nil if there is none.
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
