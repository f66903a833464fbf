package report

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/internal/rig"
)

func TestMain(m *testing.M) { rig.VerifyTestMain(m) }

// namesIn lists the files in a folder, including hidden ones.
func namesIn(t *testing.T, folder string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	require.NoError(t, err)
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestAReportThatCannotBeBegunIsNamed(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	at := func(name string) string { return filepath.Join(folder, name) }
	require.NoError(t, os.Mkdir(at("folder.csv"), 0o700))
	for name, c := range map[string]struct {
		names []string
		want  string
	}{
		"an ending that is none":     {[]string{"report.pdf"}, `"report.pdf": the name of a report must end with .json, .html, .xml, .md, .csv, .hgrm, .hlog or .hdr`},
		"no ending":                  {[]string{"report"}, `"report": the name of a report must end with`},
		"a folder":                   {[]string{at("folder.csv")}, `folder.csv": exists already, and is not a file`},
		"a folder that is not there": {[]string{at("none/report.csv")}, `none/report.csv": cannot be created`},
		"one file twice":             {[]string{at("a.csv"), at("../" + filepath.Base(folder) + "/a.csv")}, `a.csv": two reports cannot have the same file`},
		"one of several":             {[]string{at("a.html"), at("a.csv"), at("none/a.xml")}, `none/a.xml": cannot be created`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Open(c.names)
			require.Error(t, err)
			assert.Contains(t, err.Error(), c.want)
		})
	}
	t.Cleanup(func() { assert.Equal(t, []string{"folder.csv"}, namesIn(t, folder), "nothing is left") })
}

func TestAReportHasItsNameWhenItIsComplete(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	name := filepath.Join(folder, "burst.json")
	require.NoError(t, os.WriteFile(name, []byte("of before"), 0o640))
	link := filepath.Join(folder, "link.md")
	require.NoError(t, os.Symlink("real.md", link))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "real.md"), nil, 0o600))

	s, err := Open([]string{name, link, filepath.Join(folder, "NEW.HTML")})
	require.NoError(t, err)
	before, err := os.ReadFile(name)
	require.NoError(t, err)
	assert.Equal(t, "of before", string(before))
	s.Observers([]Source{{Name: "checkout"}})
	require.NoError(t, s.Finish(exampleResult("checkout")))
	s.Discard()
	assert.Equal(t, []string{"NEW.HTML", "burst.json", "link.md", "real.md"}, namesIn(t, folder))
	after, err := os.Stat(name)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o640), after.Mode(), "the mode of the file before")
	text, err := os.ReadFile(name)
	require.NoError(t, err)
	assert.Equal(t, "{}\n", string(text))
	text, err = os.ReadFile(filepath.Join(folder, "real.md"))
	require.NoError(t, err)
	assert.Contains(t, string(text), "checkout", "what the link points at")
}

func TestReportsThatAreGivenUpLeaveNothing(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	var names []string
	for _, f := range formats {
		names = append(names, filepath.Join(folder, "burst"+f.ending))
	}
	s, err := Open(names)
	require.NoError(t, err)
	observers := s.Observers([]Source{{Name: "a"}, {Name: "b"}})
	require.Len(t, observers, 2)
	request := exampleRequest(1, 0, 5, 0)
	observers[0](request, 0)
	assert.Len(t, namesIn(t, folder), len(formats))
	s.Discard()
	observers[1](request, 0) // of a request that ends meanwhile
	s.Discard()
	assert.Empty(t, namesIn(t, folder))
}

func TestOneReportThatFailsLeavesTheOthersAlone(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	s, err := Open([]string{filepath.Join(folder, "a.md"), filepath.Join(folder, "b.csv"), filepath.Join(folder, "c.xml")})
	require.NoError(t, err)
	s.Observers([]Source{{Name: "checkout"}})
	require.NoError(t, s.all[1].out.Close(), "as if its disk were full")
	err = s.Finish(exampleResult("checkout"))
	require.Error(t, err)
	assert.Contains(t, err.Error(), `b.csv": write`)
	assert.Equal(t, []string{"a.md", "c.xml"}, namesIn(t, folder))
}

func TestReportsThatNeedNoRequestsHaveNoObserver(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	s, err := Open([]string{filepath.Join(folder, "a.md"), filepath.Join(folder, "a.xml"), filepath.Join(folder, "a.json")})
	require.NoError(t, err)
	defer s.Discard()
	assert.Nil(t, s.Observers([]Source{{Name: "checkout"}}))
}
