package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/config/form"
)

// tree is a folder with a configuration, main.yml, and the files it refers to.
type tree struct {
	t      *testing.T
	folder string
	last   *Config
}

// newTree writes the files, given as pairs of name and content.
func newTree(t *testing.T, files ...string) *tree {
	t.Helper()
	tr := &tree{t: t, folder: t.TempDir()}
	tr.write(files...)
	return tr
}

func (tr *tree) write(files ...string) {
	tr.t.Helper()
	for i := 0; i < len(files); i += 2 {
		path := filepath.Join(tr.folder, files[i])
		require.NoError(tr.t, os.MkdirAll(filepath.Dir(path), 0o750))
		require.NoError(tr.t, os.WriteFile(path, []byte(files[i+1]), 0o600))
	}
}

// load reads the configuration. It replaces the one before.
func (tr *tree) load() error {
	tr.t.Helper()
	path := filepath.Join(tr.folder, "main.yml")
	text, err := Read(path)
	require.NoError(tr.t, err)
	c, err := ParseAfter(text, path, tr.last)
	if err == nil {
		tr.last = c
	}
	return err
}

// names returns the names of the targets.
func (tr *tree) names() string {
	var names []string
	for _, t := range tr.last.Targets {
		names = append(names, t.Name)
	}
	return strings.Join(names, " ")
}

// wrong returns the mistakes of the files that are not used.
func (tr *tree) wrong() string {
	err := tr.last.AllUsed()
	if err == nil {
		return ""
	}
	return strings.ReplaceAll(err.Error(), tr.folder+"/", "")
}

// list returns a file with targets of these names.
func list(names ...string) string {
	if len(names) == 0 {
		return "targets: []\n"
	}
	text := "targets:\n"
	for _, name := range names {
		text += fmt.Sprintf("  - {name: %s, url: 'http://127.0.0.1/%s'}\n", name, name)
	}
	return text
}

const keeping = "targets: []\ntarget_files: ['d/*.yml']\non_error: keep\n"

func TestFilesOfTargetsAreMerged(t *testing.T) {
	t.Parallel()
	folder := workspace(t, "testdata/good")
	c, err := Load(filepath.Join(folder, "target-files.yml"))
	require.NoError(t, err)
	require.Len(t, c.Targets, 4)
	main, z, y, a := c.Targets[0], c.Targets[1], c.Targets[2], c.Targets[3]
	assert.Equal(t, []TargetFile{{Name: "parts/z.yml", Targets: []string{"z", "y"}}, {Name: "parts/a.yml", Targets: []string{"a"}}}, c.TargetFiles)

	t.Run("labels: what is nearer to the target wins", func(t *testing.T) {
		assert.Equal(t, map[string]string{"tier": "staging", "zone": "a"}, main.Labels)
		assert.Equal(t, map[string]string{"tier": "staging", "zone": "a"}, a.Labels)
		assert.Equal(t, map[string]string{"team": "own", "zone": "b", "area": "west"}, z.Labels)
		assert.Nil(t, y.Labels)
	})
	t.Run("defaults of a file are over those of the configuration, key by key", func(t *testing.T) {
		assert.Equal(t, main.Burst, a.Burst)
		assert.EqualValues(t, 5, a.Burst.Rate)
		assert.Zero(t, z.Burst.Rate)
		assert.Equal(t, main.Burst.Duration, z.Burst.Duration)
		assert.Equal(t, 7, z.Burst.Requests)
		assert.Equal(t, main.Timeout, z.Timeout)
	})
	t.Run("paths are relative to the file in which they stand", func(t *testing.T) {
		assert.Equal(t, "payload.json", a.Request.BodyFile)
		assert.Equal(t, main.Request.Body, a.Request.Body)
		assert.Equal(t, "parts/z.txt", z.Request.BodyFile)
		assert.Equal(t, "text", string(z.Request.Body))
		assert.Equal(t, "ca.pem", z.Connection.TLS.CAFile)
	})
	t.Run("all files are watched", func(t *testing.T) {
		for _, name := range []string{"parts/z.yml", "parts/a.yml", "parts/z.txt", "payload.json"} {
			path := filepath.Join(folder, name)
			assert.Contains(t, c.Files, path)
			assert.Equal(t, SumOf(path), c.Sums[path], name)
		}
	})
}

func TestTheConfigurationInEffectCanBeReadAgain(t *testing.T) {
	t.Parallel()
	folder := workspace(t, "testdata/good")
	c, err := Load(filepath.Join(folder, "target-files.yml"))
	require.NoError(t, err)
	out, err := c.Redacted()
	require.NoError(t, err)
	assert.Contains(t, string(out), `# of "parts/z.yml"`)
	again, err := Parse(out, filepath.Join(folder, "again.yml"))
	require.NoError(t, err)
	for i := range c.Targets {
		assert.Equal(t, c.Targets[i].Name, again.Targets[i].Name)
		assert.Equal(t, c.Targets[i].Labels, again.Targets[i].Labels)
	}
}

func TestFilesOfTargetsComeAndGo(t *testing.T) {
	t.Parallel()
	tr := newTree(t, "main.yml", "target_files: ['d/*.yml', 'e/x[12].yml']\n")
	require.NoError(t, tr.load(), "a pattern that matches nothing is no mistake")
	assert.False(t, tr.last.TargetFilesMoved())
	for _, step := range []struct {
		do   func()
		want string
	}{
		{func() { tr.write("d/b.yml", list("b")) }, "b"},
		{func() {
			tr.write("d/a.yml", list("a1", "a2"), "d/.hidden.yml", "x", "d/other.yaml", "x", "e/x3.yml", "x")
		}, "a1 a2 b"},
		{func() { tr.write("e/x1.yml", list("x")) }, "a1 a2 b x"},
		{func() {
			require.NoError(t, os.Rename(filepath.Join(tr.folder, "d/b.yml"), filepath.Join(tr.folder, "d/0.yml")))
		}, "b a1 a2 x"},
		{func() { require.NoError(t, os.RemoveAll(filepath.Join(tr.folder, "d"))) }, "x"},
	} {
		step.do()
		assert.True(t, tr.last.TargetFilesMoved())
		require.NoError(t, tr.load())
		assert.Equal(t, step.want, tr.names())
		assert.False(t, tr.last.TargetFilesMoved())
	}
}

func TestAFolderThatCannotBeReadIsNoEmptyOne(t *testing.T) {
	t.Parallel()
	tr := newTree(t, "main.yml", keeping, "d/a.yml", list("a"))
	require.NoError(t, tr.load())
	require.NoError(t, os.RemoveAll(filepath.Join(tr.folder, "d")))
	require.NoError(t, os.Symlink("d", filepath.Join(tr.folder, "d"))) // a link to itself
	assert.True(t, tr.last.TargetFilesMoved())
	assert.ErrorContains(t, tr.load(), `cannot read the folder "d"`)
}

func TestWithoutKeepOneWrongFileChangesNothing(t *testing.T) {
	t.Parallel()
	tr := newTree(t, "main.yml", "target_files: ['d/*.yml']\n", "d/a.yml", list("a"), "d/b.yml", list("b"))
	require.NoError(t, tr.load())
	tr.write("d/a.yml", list("a", "a2"), "d/b.yml", "targets: x\n")
	var errs form.Errors
	require.ErrorAs(t, tr.load(), &errs)
	assert.Equal(t, form.Errors{{File: filepath.Join(tr.folder, "d/b.yml"), Line: 1, Path: "targets", Msg: "must be a list, not a single value"}}, errs)
}

func TestAWrongFileKeepsItsLastTargets(t *testing.T) {
	t.Parallel()
	tr := newTree(t, "main.yml", keeping, "d/a.yml", list("a"), "d/b.yml", "targets: x\n", "d/c.yml", list("c"))
	require.NoError(t, tr.load())
	assert.Equal(t, "a c", tr.names(), "at first there is nothing to keep")
	assert.Equal(t, "d/b.yml:1: targets: must be a list, not a single value", tr.wrong())

	tr.write("d/b.yml", list("b1", "b2"), "d/c.yml", "defaults: {timeout: 0s}\n"+list("c", "c2"))
	before := tr.last.Targets[1]
	require.NoError(t, tr.load())
	assert.Equal(t, "a b1 b2 c", tr.names())
	assert.Equal(t, "d/c.yml:1: defaults: timeout: must be above 0", tr.wrong())
	assert.Equal(t, before, tr.last.Targets[3], "a target that is kept is the same")

	tr.write("d/a.yml", "\x00", "main.yml", "defaults: {timeout: 1s}\n"+keeping)
	for range 3 {
		require.NoError(t, tr.load())
		assert.Equal(t, "a b1 b2 c", tr.names())
	}
	assert.Equal(t, before, tr.last.Targets[3])
	tr.write("d/a.yml", list("a"), "d/c.yml", list("c2"))
	require.NoError(t, tr.load())
	assert.Equal(t, "a b1 b2 c2", tr.names())
	assert.Empty(t, tr.wrong())

	require.NoError(t, os.Remove(filepath.Join(tr.folder, "d/b.yml")))
	require.NoError(t, tr.load())
	assert.Equal(t, "a c2", tr.names(), "a file that is gone is not wrong")
}

func TestWhatNamesATargetOfAWrongFileIsWarnedOf(t *testing.T) {
	t.Parallel()
	const main = "targets: [{name: own, url: 'http://127.0.0.1/', compare: {with: b}}]\n" +
		"maintenance: [{name: night, times: ['00:00-06:00'], targets: [b]}]\ntarget_files: ['d/*.yml']\non_error: keep\n"
	tr := newTree(t, "main.yml", main, "d/a.yml", list("a"), "d/b.yml", "targets: x\n")
	require.NoError(t, tr.load())
	assert.Equal(t, "own a", tr.names())
	var warnings []string
	for _, w := range tr.last.Warnings {
		warnings = append(warnings, w.Path+": "+w.Msg)
	}
	assert.Equal(t, []string{`compare.with: there is no target "b", did you mean "a"?`, `targets: there is no target "b", did you mean "a"?`}, warnings)

	tr.write("d/b.yml", list("b"))
	require.NoError(t, tr.load())
	assert.Empty(t, tr.last.Warnings)
	assert.True(t, tr.last.Maintenance[0].Covers("b", nil))
}

func TestAMistakeInTheConfigurationItselfChangesNothing(t *testing.T) {
	t.Parallel()
	tr := newTree(t, "main.yml", keeping, "d/a.yml", list("a"))
	require.NoError(t, tr.load())
	tr.write("main.yml", "defaults: {timeout: 0s}\n"+keeping, "d/a.yml", "targets: x\n")
	assert.ErrorContains(t, tr.load(), "main.yml:1: defaults: timeout")
}

func TestAMistakeThatAFileMakesOfDefaultsIsItsOwn(t *testing.T) {
	t.Parallel()
	const main = "defaults: {request: {body: x}}\ntargets: [{name: main, url: 'tcp://h:1'}]\ntarget_files: ['d/*.yml']\non_error: keep\n"
	tr := newTree(t, "main.yml", main, "d/a.yml", "defaults: {request: {method: POST}}\n"+list("a"), "d/b.yml", "targets: [{name: b, url: 'tcp://h:1'}]\n")
	require.NoError(t, tr.load())
	tr.write("d/b.yml", list("b"))
	require.NoError(t, tr.load())
	assert.Equal(t, "main a b", tr.names())
	assert.Equal(t, "main.yml:1: defaults: request.body: needs request.method, such as POST; the default is GET", tr.wrong())
	assert.Equal(t, "tcp", tr.last.Targets[2].URL.Scheme)
	assert.Equal(t, tr.wrong(), tr.last.TargetFiles[1].Mistake(), "without folders")
}

func TestAPathThatIsMissingKeepsItsTargets(t *testing.T) {
	t.Parallel()
	tr := newTree(t, "main.yml", "target_files: [a.yml]\non_error: keep\n", "a.yml", list("a"))
	require.NoError(t, tr.load())
	require.NoError(t, os.Remove(filepath.Join(tr.folder, "a.yml")))
	for range 2 {
		require.NoError(t, tr.load())
		assert.Equal(t, "a", tr.names())
		assert.Equal(t, `main.yml:1: target_files[0]: cannot use "a.yml": no such file or directory`, tr.wrong())
		path := filepath.Join(tr.folder, "a.yml")
		assert.Equal(t, SumOf(path), tr.last.Sums[path], "it is as it was")
	}
}

func TestWhoHadANameBeforeKeepsIt(t *testing.T) {
	t.Parallel()
	tr := newTree(t, "main.yml", keeping, "d/b.yml", list("x", "b"))
	require.NoError(t, tr.load())

	tr.write("d/a.yml", list("x", "a"))
	require.NoError(t, tr.load())
	assert.Equal(t, "x b", tr.names(), "a file that comes first takes no name away")
	assert.Equal(t, `d/a.yml:2: targets[0] "x": name: is already the name of a target in line 2 of d/b.yml`, tr.wrong())

	tr.write("d/b.yml", "targets: x\n")
	require.NoError(t, tr.load())
	assert.Equal(t, "x b", tr.names(), "nor from one that is wrong")
	assert.Contains(t, tr.wrong(), `targets[0] "x": name: is already the name of a target of d/b.yml; that file has a mistake and keeps its last targets`)

	tr.write("d/b.yml", list("b"))
	require.NoError(t, tr.load())
	assert.Equal(t, "x a b", tr.names(), "a name that was given up is free")
	assert.Empty(t, tr.wrong())

	tr.write("main.yml", list("b")+"target_files: ['d/*.yml']\non_error: keep\n")
	require.ErrorContains(t, tr.load(), `main.yml:2: targets[0] "b": name: is already the name of a target in line 2 of `)
	tr.write("d/b.yml", "x: y\n")
	require.ErrorContains(t, tr.load(), `name: is already the name of a target of d/b.yml; that file has a mistake and keeps its last targets`)
}

func TestAFileThatIsWrongForItsNamesMakesOthersWrong(t *testing.T) {
	t.Parallel()
	tr := newTree(t, "main.yml", keeping, "d/a.yml", list("a"), "d/b.yml", list("b"), "d/c.yml", list("c"))
	require.NoError(t, tr.load())
	// b takes the name of c, and c that of a: valid until b turns out to be wrong.
	tr.write("d/a.yml", list("a2"), "d/b.yml", list("c", "b"), "d/c.yml", list("c", "a2"))
	require.NoError(t, tr.load())
	assert.Equal(t, "a2 b c", tr.names())
	assert.Equal(t, 2, strings.Count(tr.wrong(), "\n")+1, tr.wrong())
}

func TestAFileThatIsWrongForANameTakesNoOther(t *testing.T) {
	t.Parallel()
	for name, files := range map[string][]string{
		"first":  {"d/1.yml", list("x", "y"), "d/2.yml", list("x"), "d/3.yml", list("y", "z")},
		"middle": {"d/1.yml", list("y", "z"), "d/2.yml", list("x", "y"), "d/3.yml", list("x")},
		"last":   {"d/1.yml", list("x"), "d/2.yml", list("y", "z"), "d/3.yml", list("x", "y")},
	} {
		holder := map[string]string{"first": "d/2.yml", "middle": "d/3.yml", "last": "d/1.yml"}[name]
		tr := newTree(t, "main.yml", keeping, holder, list("x"))
		require.NoError(t, tr.load())
		tr.write(files...)
		require.NoError(t, tr.load())
		assert.ElementsMatch(t, []string{"x", "y", "z"}, strings.Fields(tr.names()), "%s: %s", name, tr.wrong())
		assert.Equal(t, 0, strings.Count(tr.wrong(), "\n"), "%s: %s", name, tr.wrong())
	}
}

func TestAThousandFiles(t *testing.T) {
	t.Parallel()
	tr := newTree(t, "main.yml", keeping)
	for i := range 1000 {
		tr.write(fmt.Sprintf("d/%04d.yml", i), list(fmt.Sprintf("a%d", i), fmt.Sprintf("b%d", i)))
	}
	require.NoError(t, tr.load())
	assert.Len(t, tr.last.Targets, 2000)
	for i := range 1000 {
		if i%2 == 0 {
			tr.write(fmt.Sprintf("d/%04d.yml", i), "targets: [{name: x, x: x, y: y}]\n")
		}
	}
	require.NoError(t, tr.load())
	assert.Len(t, tr.last.Targets, 2000)
	for _, f := range tr.last.TargetFiles {
		var errs form.Errors
		if f.Err != nil {
			require.ErrorAs(t, f.Err, &errs)
			assert.NotEmpty(t, errs[0].File, "each has its first mistake")
		}
	}
	assert.Less(t, strings.Count(tr.wrong(), "\n"), 500+500+form.MaxErrors, "and there are few more")

	tr.write("main.yml", "target_files: ['d/*.yml']\n")
	var errs form.Errors
	require.ErrorAs(t, tr.load(), &errs)
	assert.Len(t, errs, form.MaxErrors+1)
}

func TestOneTargetIsPickedFromAFile(t *testing.T) {
	t.Parallel()
	tr := newTree(t, "main.yml", keeping, "d/a.yml", list("a"), "d/b.yml", "targets: x\n")
	pick := func(name string) (*Config, error) {
		text, err := Read(filepath.Join(tr.folder, "main.yml"))
		require.NoError(t, err)
		return ParseOne(text, filepath.Join(tr.folder, "main.yml"), Pick{Target: name, Burst: map[string]string{"requests": "9"}})
	}
	c, err := pick("a")
	require.NoError(t, err)
	require.Len(t, c.Targets, 1)
	assert.Equal(t, 9, c.Targets[0].Burst.Requests)
	_, err = pick("b")
	assert.ErrorContains(t, err, "d/b.yml:1: targets: must be a list", "it may be in the file that is wrong")
}

// What becomes of one use of a file must not depend on the other, whichever comes first.
func TestAFileOfTargetsMayAlsoBeTheBodyOfARequest(t *testing.T) {
	t.Parallel()
	const itself = "targets:\n  - {name: part, url: 'http://127.0.0.1/', request: {method: POST, body_file: part.yml}}\n"
	const own = "targets:\n  - {name: own, url: 'http://127.0.0.1/', request: {method: POST, body_file: part.yml}}\n"
	for name, text := range map[string]string{
		"its own body":                    "target_files: [part.yml]\n",
		"the body of a target before it":  own + "target_files: [part.yml]\n",
		"the body of a target after it":   "target_files: [part.yml]\n" + own,
		"the file of a target before it":  "target_files: [other.yml, part.yml]\n",
		"the file of a target after that": "target_files: [part.yml, other.yml]\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tr := newTree(t, "main.yml", text, "part.yml", itself, "other.yml", strings.Replace(itself, "name: part", "name: other", 1))
			require.NoError(t, tr.load())
			require.Empty(t, tr.wrong())
			for _, target := range tr.last.Targets {
				assert.Equal(t, itself, string(target.Request.Body), target.Name)
			}
			path := filepath.Join(tr.folder, "part.yml")
			assert.Equal(t, SumOf(path), tr.last.Sums[path])
		})
	}
}
