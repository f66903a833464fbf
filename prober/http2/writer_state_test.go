package http2

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// transition is a row of the table of the writer. done lists the actions visible before somebody sees the next state.
type transition struct {
	from, event, to, action string
	done                    []string
}

func (tr transition) row() [4]string { return [4]string{tr.from, tr.event, tr.to, tr.action} }

func transitions() []transition {
	did := func(what ...string) []string { return what }
	failed := did("tells that it cannot write", "closes")
	return []transition{
		{"idle", "flush", "passing", "gather", did("gathers", "writes")},
		{"idle", "pass", "passing", "write", did("writes")},
		{"idle", "rest", "resting", "write", did("writes")},
		{"idle", "soon", "waiting", "start", did("starts")},
		{"idle", "end", "done", "leave", did("says goodbye", "closes TLS")},
		{"passing", "written", "idle", "-", nil},
		{"passing", "full", "waiting", "start", did("starts")},
		{"passing", "failed", "broken", "close", failed},
		{"passing", "end", "lastPass", "-", nil},
		{"resting", "written", "idle", "-", nil},
		{"resting", "full", "waiting", "start", did("starts")},
		{"resting", "failed", "broken", "close", failed},
		{"resting", "end", "lastRest", "-", nil},
		{"waiting", "written", "idle", "-", nil},
		{"waiting", "failed", "broken", "close", failed},
		{"waiting", "end", "lastWait", "interrupt", did("interrupts")},
		{"broken", "end", "done", "leave", did("closes")},
		{"lastPass", "written", "done", "leave", did("says goodbye", "closes TLS")},
		{"lastRest", "written", "lastWait", "start", did("starts")},
		{"lastWait", "written", "done", "leave", did("says goodbye", "closes TLS")},
	}
}

func TestTheWriterOfHTTP2GoesThroughItsTable(t *testing.T) {
	t.Parallel()
	source := readWriterSource(t)
	var walked [][4]string
	for _, tr := range transitions() {
		walked = append(walked, tr.row())
		t.Run(tr.from+" "+tr.event, func(t *testing.T) {
			t.Parallel()
			rig := newWriterRig()
			event := writerEvent(source.value(t, "event", tr.event))
			rig.reach(t, writerState(source.value(t, "writer", tr.from)), func() { rig.fire(t, event) })
			assert.Equal(t, tr.to, source.name(t, "writer", int(rig.state)))
			assert.Equal(t, tr.done, rig.done)
			assert.Equal(t, tr.to == "done", isClosedChan(rig.w.lastFrames.left) && rig.state == writerDone)
		})
	}
	assert.ElementsMatch(t, source.table, walked, "the table in the comment and the cases of this test")
}

// An event without a row for a state leaves the state and causes nothing.
func TestTheTableOfTheWriterIsComplete(t *testing.T) {
	t.Parallel()
	source := readWriterSource(t)
	for from, fromName := range source.names["writer"] {
		for event, eventName := range source.names["event"] {
			to, action := writerState(from).next(writerEvent(event))
			got := [4]string{fromName, eventName, source.name(t, "writer", int(to)), source.name(t, "action", int(action))}
			want := [4]string{fromName, eventName, fromName, "-"}
			for _, row := range source.table {
				if row[0] == fromName && row[1] == eventName {
					want = row
				}
			}
			assert.Equal(t, want, got)
		}
	}
}

func TestOneFunctionAloneChangesTheStateOfTheWriter(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	var where []string
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		require.NoError(t, err)
		for _, d := range parsed.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && setsState(f) {
				where = append(where, f.Name.Name)
			}
		}
	}
	assert.Equal(t, []string{"fire"}, where)
}

// setsState reports whether f assigns to a field named state.
func setsState(f *ast.FuncDecl) (sets bool) {
	ast.Inspect(f, func(n ast.Node) bool {
		if assign, ok := n.(*ast.AssignStmt); ok {
			for _, to := range assign.Lhs {
				field, ok := to.(*ast.SelectorExpr)
				sets = sets || ok && field.Sel.Name == "state"
			}
		}
		return true
	})
	return sets
}

// writerSource is the information in the source of the writer.
type writerSource struct {
	table [][4]string
	// names are the names of the states, events and actions, by the common prefix of the constants. The name of
	// actionNone is -.
	names map[string][]string
}

func (s writerSource) value(t *testing.T, kind, name string) int {
	t.Helper()
	at := slices.Index(s.names[kind], name)
	require.GreaterOrEqual(t, at, 0, "%s %s", kind, name)
	return at
}

func (s writerSource) name(t *testing.T, kind string, value int) string {
	t.Helper()
	require.Less(t, value, len(s.names[kind]))
	return s.names[kind][value]
}

func readWriterSource(t *testing.T) writerSource {
	t.Helper()
	files, err := filepath.Glob("*writer_state.go")
	require.NoError(t, err)
	require.Len(t, files, 1)
	parsed, err := parser.ParseFile(token.NewFileSet(), files[0], nil, parser.ParseComments)
	require.NoError(t, err)
	s := writerSource{names: make(map[string][]string)}
	for _, d := range parsed.Decls {
		group, ok := d.(*ast.GenDecl)
		if !ok {
			continue
		}
		for _, spec := range group.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				if spec.Name.Name == "writerState" {
					s.table = readTable(t, group.Doc.Text())
				}
			case *ast.ValueSpec:
				s.add(spec.Names[0].Name)
			}
		}
	}
	require.NotEmpty(t, s.table)
	return s
}

func (s writerSource) add(constant string) {
	for _, kind := range []string{"writer", "event", "action"} {
		if name, ok := strings.CutPrefix(constant, kind); ok {
			name = strings.ToLower(name[:1]) + name[1:]
			if name == "none" {
				name = "-"
			}
			s.names[kind] = append(s.names[kind], name)
		}
	}
}

// readTable returns the rows of the table in doc, without its head.
func readTable(t *testing.T, doc string) [][4]string {
	t.Helper()
	var rows [][4]string
	for line := range strings.Lines(doc) {
		if strings.HasPrefix(line, "\t") {
			words := strings.Fields(line)
			require.Len(t, words, 4, "a row of the table")
			rows = append(rows, [4]string(words))
		}
	}
	require.Equal(t, [4]string{"from", "event", "to", "action"}, rows[0])
	return rows[1:]
}

func isClosedChan(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func TestAWriterWhosePeerHungUpLeavesTheConnectionToItsReader(t *testing.T) {
	t.Parallel()
	for _, hungUp := range []error{syscall.EPIPE, syscall.ECONNRESET} {
		rig := newWriterRig()
		rig.reach(t, writerPassing, func() { rig.watch(); rig.fate = hungUp })
		assert.Equal(t, writerBroken, rig.state)
		assert.Equal(t, []string{"tells that it cannot write"}, rig.done)
		assert.ErrorIs(t, rig.w.err, hungUp)
	}
}

func TestAnHTTP2ConnectionEndsWithoutAWordWhereNobodyWouldHearIt(t *testing.T) {
	t.Parallel()
	t.Run("the peer does not read", func(t *testing.T) {
		t.Parallel()
		rig := newWriterRig()
		rig.keep()
		rig.reach(t, writerIdle, func() { rig.fire(t, eventEnd) })
		assert.Equal(t, []string{"closes"}, rig.done)
	})
	t.Run("the peer has ended it", func(t *testing.T) {
		t.Parallel()
		rig := newWriterRig()
		rig.watch()
		rig.locked(func() { rig.w.end(errCutOff) })
		rig.look()
		assert.Equal(t, []string{"closes"}, rig.done)
	})
	t.Run("a write fails meanwhile", func(t *testing.T) {
		t.Parallel()
		rig := newWriterRig()
		rig.reach(t, writerLastPass, func() { rig.watch(); rig.fate = errWrite })
		assert.Equal(t, []string{"tells that it cannot write", "closes"}, rig.done)
		assert.Equal(t, writerDone, rig.state)
	})
}
