package layout

import (
	"go/ast"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// architecture returns the page that describes the house.
func architecture(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile(filepath.Join(top, "docs", "architecture.md"))
	require.NoError(t, err)
	return string(page)
}

func TestArchitectureNamesOnlyWhatTheCodeHas(t *testing.T) {
	t.Parallel()
	known := parse(t).names()
	keys, err := os.ReadFile(filepath.Join(top, "docs", "configuration.md"))
	require.NoError(t, err)
	file := regexp.MustCompile(`\.(go|md|html|yml|txt)$`)
	named := regexp.MustCompile("`(\\w+(?:\\.\\w+)+)`").FindAllStringSubmatch(architecture(t), -1)
	assert.NotEmpty(t, named)
	for _, m := range named {
		if name := m[1]; !file.MatchString(name) && !strings.Contains(string(keys), name) {
			assert.True(t, known[name], "%s is declared nowhere", name)
		}
	}
}

// The page draws an arrow for each permission of the house, and no other.
func TestArchitectureDrawsTheArrowsOfTheHouse(t *testing.T) {
	t.Parallel()
	drawn := map[string][]string{}
	for _, m := range regexp.MustCompile(`(?m)^([a-z0-9/]+) -> ([a-z0-9/, ]+)$`).FindAllStringSubmatch(architecture(t), -1) {
		drawn[m[1]] = strings.Split(m[2], ", ")
	}
	for room, may := range house {
		if room == "" {
			room = "main"
		}
		arrows := slices.Sorted(slices.Values(drawn[room]))
		assert.Equal(t, slices.Sorted(slices.Values(may.packages)), arrows, "arrows of %s", room)
		delete(drawn, room)
	}
	assert.Empty(t, drawn, "arrows of rooms that do not exist")
}

// names are the declared names as a page may spell them: package.Name, Type.Member and package.Type.Member.
func (m *repository) names() map[string]bool {
	names := map[string]bool{}
	for _, s := range m.code {
		pkg := s.file.Name.Name
		add := func(owner, name string) {
			if owner != "" {
				name = owner + "." + name
				names[name] = true
			}
			names[pkg+"."+name] = true
		}
		for _, decl := range s.file.Decls {
			switch d := decl.(type) {
			case *ast.FuncDecl:
				add(receiver(d), d.Name.Name)
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					addSpec(add, spec)
				}
			}
		}
	}
	return names
}

func addSpec(add func(owner, name string), spec ast.Spec) {
	switch s := spec.(type) {
	case *ast.ValueSpec:
		for _, id := range s.Names {
			add("", id.Name)
		}
	case *ast.TypeSpec:
		add("", s.Name.Name)
		var members *ast.FieldList
		switch t := s.Type.(type) {
		case *ast.StructType:
			members = t.Fields
		case *ast.InterfaceType:
			members = t.Methods
		default:
			return
		}
		for _, member := range members.List {
			for _, id := range member.Names {
				add(s.Name.Name, id.Name)
			}
		}
	}
}

// receiver returns the name of a method's type, "" for a function.
func receiver(d *ast.FuncDecl) string {
	if d.Recv == nil {
		return ""
	}
	t := d.Recv.List[0].Type
	if pointer, ok := t.(*ast.StarExpr); ok {
		t = pointer.X
	}
	if id, ok := t.(*ast.Ident); ok {
		return id.Name
	}
	return ""
}
