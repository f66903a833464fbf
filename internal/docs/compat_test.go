package docs_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"example.com/prober/errcode"
	"example.com/prober/internal/command"
	"example.com/prober/internal/docs"
	"example.com/prober/schema"
)

var update = flag.Bool("update", false, "write testdata/compat anew: what the next release is held to")

// promised is what users rely on, by the file of testdata/compat with the promises of the last release, one in each
// line. Some promises come from pages. Other tests compare these pages with the program, to the letter.
var promised = map[string]func(t *testing.T) []string{
	"keys.txt":    keysOfConfigurations,
	"metrics.txt": metricsByThePage,
	"api.txt":     fieldsOfTheAPI,
	"fire.txt":    keysOfReports,
	"flags.txt":   flagsOfCommands,
	"exits.txt":   exitCodes,
	"codes.txt":   errorCodes,
	"alerts.txt":  alertNames,
	"log.txt":     logMessages,
}

// TestNoPromiseOfTheLastReleaseIsBroken fails if a promise is gone or has another type. New promises do not matter.
func TestNoPromiseOfTheLastReleaseIsBroken(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(docs.Root(t), "testdata", "compat")
	for file, promises := range promised {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			path, now := filepath.Join(folder, file), promises(t)
			slices.Sort(now)
			now = slices.Compact(now)
			require.Greater(t, len(now), 3, "nothing was found")
			if *update {
				require.NoError(t, os.WriteFile(path, []byte(strings.Join(now, "\n")+"\n"), 0o600))
			}
			text, err := os.ReadFile(path)
			require.NoError(t, err)
			if broken := brokenBy(now, string(text)); broken != nil {
				assert.Fail(t, "promises are broken", howToBreak, file, strings.Join(broken, "\n  "))
			}
		})
	}
	files, err := os.ReadDir(folder)
	require.NoError(t, err)
	for _, file := range files {
		assert.Contains(t, promised, file.Name(), "each file has a test")
	}
}

// howToBreak says what to do about broken promises.
const howToBreak = `the last release had, as testdata/compat/%s says, what is gone or is another now:
  %s
Keep it if you can; docs/compatibility.md says how something is deprecated first. If it has to change:
  1. Add a line to CHANGELOG.md, in the top section below "### Changed" or "### Removed", that begins with "**Migration:**" and says
     what users have to write instead.
  2. Write the record anew: go test ./internal/docs -run TestNoPromise -update`

// brokenBy returns the lines of record that are not among now. A line may have several promises, as in "key: string |
// takes a | takes b". Each counts by itself.
func brokenBy(now []string, record string) (broken []string) {
	kept := map[string]bool{}
	for _, line := range now {
		for _, one := range promisesOf(line) {
			kept[one] = true
		}
	}
	for _, line := range strings.Split(strings.TrimSpace(record), "\n") {
		for _, one := range promisesOf(line) {
			if !kept[one] {
				broken = append(broken, one)
			}
		}
	}
	return broken
}

func promisesOf(line string) (all []string) {
	about, promises, _ := strings.Cut(line, ": ")
	for _, one := range strings.Split(promises, " | ") {
		all = append(all, strings.TrimSuffix(about+": "+one, ": "))
	}
	return all
}

func TestAPromiseThatIsBrokenIsFound(t *testing.T) {
	t.Parallel()
	now := []string{"a: integer", "b: string", "c: number"}
	assert.Empty(t, brokenBy(now, "a: integer\nc: number\n"))
	assert.Equal(t, []string{"b: integer", "d: string"}, brokenBy(now, "a: integer\nb: integer\nd: string\n"))
	words := []string{"k: integer | string | takes all"}
	assert.Empty(t, brokenBy(words, "k: string | takes all"))
	assert.Equal(t, []string{"k: takes any"}, brokenBy(words, "k: string | takes any"))
	assert.Contains(t, howToBreak, "CHANGELOG.md")
}

// TestMigrationLinesStandWhereTheyAreLookedFor checks the form that [howToBreak] asks for.
func TestMigrationLinesStandWhereTheyAreLookedFor(t *testing.T) {
	t.Parallel()
	section := ""
	found := 0
	for _, line := range strings.Split(docs.Page(t, "CHANGELOG.md"), "\n") {
		if heading, ok := strings.CutPrefix(line, "### "); ok {
			section = heading
		}
		if strings.Contains(line, "Migration:") {
			found++
			assert.True(t, strings.HasPrefix(line, "- **Migration:** "), line)
			assert.Contains(t, []string{"Changed", "Removed"}, section, line)
		}
	}
	assert.Positive(t, found)
}

// keysOfConfigurations returns each key with its types, its possible words, and its default.
func keysOfConfigurations(t *testing.T) (lines []string) {
	t.Helper()
	for file, text := range map[string][]byte{"prober.yml": schema.Configuration(), "target_files": schema.Targets()} {
		var root node
		require.NoError(t, json.Unmarshal(text, &root))
		keys := map[string][]string{}
		w := keyWalk{root: &root, add: func(path, what string) { keys[path] = append(keys[path], what) }}
		w.walk("", &root, 0)
		for path, promises := range keys {
			slices.Sort(promises)
			lines = append(lines, file+" "+path+": "+strings.Join(slices.Compact(promises), " | "))
		}
	}
	return lines
}

// node is the part of a JSON Schema about keys.
type node struct {
	Ref         string           `json:"$ref"`
	Type        any              `json:"type"`
	Default     any              `json:"default"`
	Enum        []any            `json:"enum"`
	AnyOf       []*node          `json:"anyOf"`
	AllOf       []*node          `json:"allOf"`
	Items       *node            `json:"items"`
	Properties  map[string]*node `json:"properties"`
	Definitions map[string]*node `json:"definitions"`
	More        json.RawMessage  `json:"additionalProperties"` // false, or a schema
}

type keyWalk struct {
	root *node
	add  func(path, what string)
}

// resolve follows a reference such as #/definitions/target/properties/burst.
func (w *keyWalk) resolve(n *node) *node {
	for n != nil && n.Ref != "" {
		at := w.root
		parts := strings.Split(strings.TrimPrefix(n.Ref, "#/"), "/")
		for i := 0; i < len(parts) && at != nil; i++ {
			switch parts[i] {
			case "definitions":
				i++
				at = at.Definitions[parts[i]]
			case "properties":
				i++
				at = at.Properties[parts[i]]
			case "items":
				at = at.Items
			default:
				at = nil
			}
		}
		n = at
	}
	return n
}

// deepest is the greatest depth of keys.
const deepest = 12

func (w *keyWalk) walk(path string, n *node, depth int) {
	if n = w.resolve(n); n == nil || depth > deepest {
		return
	}
	if n.Type != nil && path != "" {
		for _, one := range strings.Fields(strings.Trim(fmt.Sprint(n.Type), "[]")) {
			w.add(path, one)
		}
	}
	if n.Default != nil {
		w.add(path, fmt.Sprintf("default %v", n.Default))
	}
	for _, word := range n.Enum {
		if word == nil {
			word = "null"
		}
		w.add(path, fmt.Sprintf("takes %v", word))
	}
	for _, one := range slices.Concat(n.AnyOf, n.AllOf) {
		w.walk(path, one, depth+1)
	}
	w.walk(path+"[]", n.Items, depth+1)
	for _, name := range slices.Sorted(maps.Keys(n.Properties)) {
		w.walk(strings.TrimPrefix(path+"."+name, "."), n.Properties[name], depth+1)
	}
	var more node
	if bytes.HasPrefix(n.More, []byte("{")) && json.Unmarshal(n.More, &more) == nil {
		w.walk(path+".*", &more, depth+1)
	}
}

func metricsByThePage(t *testing.T) (lines []string) {
	t.Helper()
	for _, m := range rows(docs.Page(t, "docs/metrics.md"), "(prober_\\w+)` \\| (\\w+) \\|([^|]*)\\|") {
		lines = append(lines, strings.TrimSpace(m[1]+" "+m[2]+": "+strings.TrimSpace(m[3])))
	}
	return lines
}

func fieldsOfTheAPI(t *testing.T) (lines []string) {
	t.Helper()
	for _, section := range strings.Split(docs.Page(t, "docs/api.md"), "\n## ")[1:] {
		heading, body, _ := strings.Cut(section, "\n")
		for _, m := range rows(body, "(\\w+)` \\| ([^|]+) \\|") {
			lines = append(lines, heading+" "+m[1]+": "+m[2])
		}
	}
	return lines
}

func keysOfReports(t *testing.T) (lines []string) {
	t.Helper()
	_, report, found := strings.Cut(docs.Page(t, "docs/fire.md"), "\n## The report as JSON\n")
	require.True(t, found)
	report, _, _ = strings.Cut(report, "\n## ")
	for _, m := range rows(report, "([\\w.\\[\\]]+)` \\| ([^|]+) \\|") {
		lines = append(lines, m[1]+": "+m[2])
	}
	return lines
}

// flagsOfCommands returns each flag with its default.
func flagsOfCommands(t *testing.T) (lines []string) {
	t.Helper()
	flags := regexp.MustCompile(`(?m)^  +(-\w, |)\s*(--\S+)`)
	for _, name := range []string{"run", "check", "fire", "import curl", "import har", "import openapi", "import blackbox", "init", "schema", "demo", "codes", "health"} {
		for _, m := range flags.FindAllStringSubmatch(helpOf(t, name), -1) {
			if m[2] != "--web.systemd-socket" && m[2] != "--[no-]web.systemd-socket" { // on Linux only
				lines = append(lines, name+" "+m[1]+m[2])
			}
		}
	}
	return lines
}

func exitCodes(*testing.T) []string {
	return []string{
		fmt.Sprint("good: ", command.ExitOK), fmt.Sprint("failed: ", command.ExitError),
		fmt.Sprint("could not start: ", command.ExitUsage), fmt.Sprint("interrupted, plus the number of the signal: ", command.ExitSignal),
	}
}

func errorCodes(*testing.T) (lines []string) {
	for c := range errcode.All() {
		lines = append(lines, fmt.Sprintf("%d %s: %s", c, c.Name(), c.Range()))
	}
	return lines
}

func alertNames(t *testing.T) (lines []string) {
	t.Helper()
	var file struct {
		Groups []struct {
			Rules []struct{ Alert, Record string }
		}
	}
	require.NoError(t, yaml.Unmarshal([]byte(docs.Page(t, "dashboards/rules/prober.rules.yml")), &file))
	for _, group := range file.Groups {
		for _, rule := range group.Rules {
			if rule.Alert != "" {
				lines = append(lines, rule.Alert)
			}
		}
	}
	return lines
}

// logMessages returns each message with its level and its fields.
func logMessages(t *testing.T) (lines []string) {
	t.Helper()
	quoted := regexp.MustCompile("`[^`]+`")
	row := regexp.MustCompile(`(?m)^\| (debug|info|warn|error) \| ([^|]+) \| ([^|]*)\|`)
	for _, m := range row.FindAllStringSubmatch(docs.Page(t, "docs/logs.md"), -1) {
		for _, message := range quoted.FindAllString(m[2], -1) {
			lines = append(lines, strings.TrimSuffix(m[1]+" "+message+": "+strings.Join(quoted.FindAllString(m[3], -1), " | "), ": "))
		}
	}
	return lines
}

// rows finds the rows of tables whose first cell begins with a back quote and then pattern.
func rows(page, pattern string) [][]string {
	return regexp.MustCompile("(?m)^\\| `"+pattern).FindAllStringSubmatch(page, -1)
}
