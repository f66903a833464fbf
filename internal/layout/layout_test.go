// Package layout holds the rules for the form of this repository: which package may import which, the length of a file,
// forbidden code. They are tests, and have no code of their own.
package layout

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/types"
	"io/fs"
	"maps"
	"os"
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
	maxFileLines     = 400
	maxFunctionLines = 60
	screenLines      = 35 // nine functions in ten fit on one screen
)

func TestPackagesImportOnlyWhatTheirRoomAllows(t *testing.T) {
	t.Parallel()
	for name, paths := range imported(t) {
		if isOutbuilding(name) {
			continue
		}
		allowed, known := house[name]
		if !assert.True(t, known, "package %q has no room in the house of this test", name) {
			continue
		}
		for path, by := range paths {
			assert.True(t, allowed.has(path), "%s imports %s", by, path)
		}
	}
}

func TestRoomsExistAndUseAllThatTheyMayImport(t *testing.T) {
	t.Parallel()
	rooms := imported(t)
	for name, allowed := range house {
		paths, exists := rooms[name]
		if !assert.True(t, exists, "the house has a room for %q, which is no package with code", name) {
			continue
		}
		assert.False(t, isOutbuilding(name), "%q is a room and an outbuilding", name)
		for _, inner := range allowed.packages {
			assert.Contains(t, paths, module+"/"+inner, "%q may import it, and does not", name)
		}
		for _, root := range allowed.modules {
			used := slices.ContainsFunc(slices.Collect(maps.Keys(paths)), func(path string) bool { return isBelow(path, root) })
			assert.True(t, used, "%q may import %s, and does not", name, root)
		}
	}
	for _, root := range outbuildings {
		isThere := slices.ContainsFunc(slices.Collect(maps.Keys(rooms)), func(name string) bool { return isBelow(name, root) })
		assert.True(t, isThere, "the outbuilding %q has no code", root)
	}
}

// Regardless of the table: schedules and numbers know no engine, engines know neither, and none of them knows the
// configuration, not even through another room.
func TestRoomsBelowProberReachNothingAboveOrBesideThem(t *testing.T) {
	t.Parallel()
	rooms := imported(t)
	pure := []string{"errcode", "template", "prober/load", "prober/numbers", "prober/probe"}
	for name := range rooms {
		if !isBelow(name, "prober") || name == "prober" {
			continue
		}
		for _, reached := range reach(rooms, name) {
			switch {
			case slices.Contains(pure[2:], name):
				assert.Contains(t, pure, reached, "%q reaches it", name)
			default:
				assert.NotContains(t, []string{"config", "prober", "prober/load", "prober/numbers", "web", "internal/command"}, reached, "%q reaches it", name)
			}
		}
	}
}

func TestTheProgramHasNothingOfTestsInIt(t *testing.T) {
	t.Parallel()
	rooms := imported(t)
	for _, name := range append(reach(rooms, ""), "") {
		assert.NotContains(t, rooms[name], "testing", "%q is in the program", name)
	}
}

func TestFilesAndFunctionsAreShort(t *testing.T) {
	t.Parallel()
	m := parse(t)
	functions, long := 0, 0
	for _, s := range m.code {
		assert.LessOrEqual(t, s.lines, maxFileLines, "lines of %s", s.path)
		for _, decl := range s.file.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok {
				continue
			}
			lines := m.files.Position(f.End()).Line - m.files.Position(f.Pos()).Line + 1
			assert.LessOrEqual(t, lines, maxFunctionLines, "lines of %s at %s", f.Name, m.files.Position(f.Pos()))
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
	m := parse(t)
	for _, s := range m.code {
		for _, decl := range s.file.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok && f.Recv == nil {
				assert.NotEqual(t, "init", f.Name.Name, m.files.Position(f.Pos()))
			}
		}
	}
}

func TestNothingSleepsOutsideABubble(t *testing.T) {
	t.Parallel()
	m := parse(t)
	for _, s := range slices.Concat(m.code, m.tests) {
		bubble := s.test && slices.ContainsFunc(s.file.Imports, func(spec *ast.ImportSpec) bool {
			return spec.Path.Value == `"testing/synctest"`
		})
		ast.Inspect(s.file, func(n ast.Node) bool {
			if selector, ok := n.(*ast.SelectorExpr); ok && types.ExprString(selector) == "time.Sleep" {
				assert.True(t, bubble, "time.Sleep at %s", m.files.Position(n.Pos()))
			}
			return true
		})
	}
}

func TestPackagesHaveNoMutableState(t *testing.T) {
	t.Parallel()
	m := parse(t)
	rooms := map[string][]*ast.File{}
	for _, s := range m.code {
		if s.built {
			rooms[s.room] = append(rooms[s.room], s.file)
		}
	}
	shared := regexp.MustCompile(`\b(sync\.(Map|Mutex|Pool|RWMutex|WaitGroup)|atomic\.[A-Z]\w*)\b|^make\(`)
	for _, room := range rooms {
		// The declarations of other packages are not needed to tell this package's variables from local ones.
		info := &types.Info{Defs: map[*ast.Ident]types.Object{}, Uses: map[*ast.Ident]types.Object{}}
		config := types.Config{Importer: noImports{}, Error: func(error) {}}
		pkg, _ := config.Check("", m.files, room, info)

		for _, file := range room {
			for _, spec := range packageVariables(file) {
				for _, expr := range append(spec.Values, spec.Type) {
					if expr != nil {
						assert.NotRegexp(t, shared, types.ExprString(expr), m.files.Position(spec.Pos()))
					}
				}
			}
			for _, id := range written(file) {
				v, ok := info.Uses[id].(*types.Var)
				assert.False(t, ok && v.Parent() == pkg.Scope(), "%s is written at %s", id.Name, m.files.Position(id.Pos()))
			}
		}
	}
}

func TestModulesReplaceNothing(t *testing.T) {
	t.Parallel()
	for _, path := range find(t, "go.mod", "*/go.mod", "*/*/go.mod") {
		var mod struct{ Replace []any }
		text, err := goCommand("mod", "edit", "-json", path)
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(text, &mod))
		if strings.HasPrefix(path, "examples/") {
			continue // an example shows how another module finds this one without a proxy
		}
		assert.Empty(t, mod.Replace, path)
	}
}

func TestNoFileNamesAMachine(t *testing.T) {
	t.Parallel()
	machine := regexp.MustCompile(`/(?:work|farm|root)/|proxy\.golang|registry\.npmjs|deb\.debian`)
	require.NoError(t, fs.WalkDir(os.DirFS(top), ".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case path == ".git" && !entry.IsDir(): // of a worktree
			return nil
		case path == ".git", path == "bin":
			return fs.SkipDir
		case !entry.Type().IsRegular(), entry.Name() == "go.sum":
			return nil
		}
		text, err := os.ReadFile(filepath.Join(top, path))
		if err == nil && !bytes.ContainsRune(text, 0) {
			assert.Empty(t, string(machine.Find(text)), path)
		}
		return err
	}))
}

// has reports whether the room may import path.
func (r room) has(path string) bool {
	if first, _, _ := strings.Cut(path, "/"); !strings.Contains(first, ".") {
		return true // the standard library
	}
	if own, ok := strings.CutPrefix(path, module+"/"); ok {
		return slices.Contains(r.packages, own)
	}
	return slices.ContainsFunc(r.modules, func(root string) bool { return isBelow(path, root) })
}

// imported returns the imports of each package's code, with one of the importing files.
func imported(t *testing.T) map[string]map[string]string {
	t.Helper()
	rooms := map[string]map[string]string{}
	for _, s := range parse(t).code {
		if rooms[s.room] == nil {
			rooms[s.room] = map[string]string{}
		}
		for _, spec := range s.file.Imports {
			path, err := strconv.Unquote(spec.Path.Value)
			require.NoError(t, err)
			rooms[s.room][path] = s.path
		}
	}
	return rooms
}

// reach returns the rooms that a room imports, directly or not.
func reach(rooms map[string]map[string]string, name string) (reached []string) {
	for next := []string{name}; len(next) > 0; next = next[1:] {
		for path := range rooms[next[0]] {
			if inner, own := strings.CutPrefix(path, module+"/"); own && !slices.Contains(reached, inner) {
				reached, next = append(reached, inner), append(next, inner)
			}
		}
	}
	return reached
}

func isOutbuilding(name string) bool {
	return slices.ContainsFunc(outbuildings, func(root string) bool { return isBelow(name, root) })
}

func isBelow(path, root string) bool {
	return path == root || strings.HasPrefix(path, root+"/")
}
