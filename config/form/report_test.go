package form

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
)

func mistakesOf(t *testing.T, err error) Errors {
	t.Helper()
	var errs Errors
	require.ErrorAs(t, err, &errs)
	return errs
}

func TestReportsOnSeveralFilesAreBoundedTogether(t *testing.T) {
	t.Parallel()
	main := NewReport("main.yml", nil)
	reports := []*Report{main}
	for file := range 3 {
		r := main.Beside(fmt.Sprintf("%d.yml", file))
		reports = append(reports, r)
		for line := range MaxErrors {
			r.add(&yaml.Node{Line: MaxErrors - line}, "", "key", "is wrong")
		}
	}
	errs := mistakesOf(t, Join(reports))
	require.Len(t, errs, MaxErrors+1)
	assert.Equal(t, Error{File: "0.yml", Line: 1, Path: "key", Msg: "is wrong"}, errs[0], "by line")
	assert.Equal(t, Error{Msg: "and 200 more mistakes"}, errs[MaxErrors])
	for _, r := range reports[1:] {
		assert.Equal(t, MaxErrors, r.Found())
		assert.Equal(t, r.File, mistakesOf(t, r.Err())[0].File, "each file has a mistake of its own to show")
	}
}

func TestAMistakeInDefaultsIsReportedOnceForAllFiles(t *testing.T) {
	t.Parallel()
	main := NewReport("main.yml", nil)
	s := NewScope(main, nil)
	key := &yaml.Node{Line: 7}
	s.Mark("a", key)
	var reports []*Report
	for _, file := range []string{"1.yml", "2.yml"} {
		r := main.Beside(file)
		item := s.For(r, nil).Part("item", s)
		item.Conflict("goes with nothing", "a")
		assert.False(t, item.IsOwn("a"))
		reports = append(reports, r)
	}
	assert.Equal(t, Errors{{File: "main.yml", Line: 7, Path: "a", Msg: "goes with nothing"}}, mistakesOf(t, Join(reports)))
	assert.Equal(t, "in line 7 of main.yml", s.Spot("a").In(reports[0]))
	assert.Equal(t, "in line 7", s.Spot("a").In(main))
}

func TestADocumentKnowsTheLinesOfItsFile(t *testing.T) {
	t.Parallel()
	const file = `
x: &base
  - {a: 1, b: 'two
      lines'}

y:

  # a comment
  - <<: {a: 1,
         c: |
           block
           text
        }
  - d: *base
`
	text := strings.ReplaceAll(file, ` |
           block
           text
        }`, " 3}")
	r := NewReport("x.yml", nil)
	root := Parse([]byte(text), r, "x")
	require.NotNil(t, root, "%v", r.Err())
	document, lines, err := Document(NewScope(r, nil).Cursor(root).Copy(root))
	require.NoError(t, err)
	require.NoError(t, r.Err())
	var again map[string]any
	require.NoError(t, yaml.Unmarshal(document, &again))
	assert.Equal(t, map[string]any{
		"x": []any{map[string]any{"a": 1, "b": "two lines"}},
		"y": []any{map[string]any{"a": 1, "c": 3}, map[string]any{"d": []any{map[string]any{"a": 1, "b": "two lines"}}}},
	}, again)
	written := strings.Split(strings.TrimSuffix(string(document), "\n"), "\n")
	require.Len(t, lines, len(written))
	for i, line := range written {
		if key, _, ok := strings.Cut(strings.Trim(line, "- {"), ":"); ok {
			assert.Contains(t, strings.Split(text, "\n")[lines[i]-1], key, line)
		}
	}
}
