package docs_test

import (
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/internal/docs"
	"example.com/prober/internal/rig"
)

// triedElsewhere are commands of the pages that do not end, need other programs to run, or take long. Each has the name
// of the test that does the same.
var triedElsewhere = map[string]string{
	"go run . demo":                  "TestTheDemoPrintsItsTableUntilItIsStopped",
	"go test ./...":                  "TestEveryCommandInThePagesIsTried",
	"make build":                     "TestTheSameSourceGivesTheSameBytes",
	"bin/prober":                     "TestAnEndedRunLeavesNothingBehind",
	"prober health":                  "TestHealthSaysWhatTheProberSays",
	"prober health --ready":          "TestHealthSaysWhatTheProberSays",
	"make release":                   "TestTheSameSourceGivesTheSameBytes",
	`kill -HUP "$(pgrep -x prober)"`: "TestAReloadKeepsCountersAndWarmConnections",
	"curl -X POST http://127.0.0.1:10115/-/reload": "TestReloadOverHTTP",
	"prober run --web.peer-name=west --web.peer=west=http://prober-west:10115 --web.peer=east=http://prober-east:10115": "TestTwoProbersStandSideBySide",
	"cd bin/release && sha256sum --check SHA256SUMS":                                                                    "TestTheSameSourceGivesTheSameBytes",
}

// inOneShell is a page with consecutive commands.
const inOneShell = "docs/getting-started.md"

// TestEveryCommandInThePagesIsTried runs every command in the pages, line by line. Instead it accepts the name of a
// test that does the same, or a note before the command, such as "(needs a registry)". The note tells readers about the
// requirement, and this test not to run the command.
func TestEveryCommandInThePagesIsTried(t *testing.T) {
	t.Parallel()
	tests := definedTests(t)
	shown := map[string]bool{}
	for _, name := range docs.Pages(t) {
		t.Run(name, func(t *testing.T) {
			if name == inOneShell {
				return // TestTheFirstFifteenMinutes types it from top to bottom
			}
			desk := newDesk(t)
			for _, block := range shellBlocks(docs.Page(t, name)) {
				for line := range strings.Lines(block.commands) {
					line = strings.TrimSpace(line)
					shown[line] = true
					switch test, elsewhere := triedElsewhere[line]; {
					case elsewhere:
						assert.True(t, tests[test], "%s: there is no %s", line, test)
					case !block.noted:
						desk.run(t, line)
					}
				}
			}
		})
	}
	assert.True(t, tests["TestTheFirstFifteenMinutes"])
	for line := range triedElsewhere {
		assert.True(t, shown[line], "no page shows %q any more", line)
	}
}

// shellBlock is a fenced part of a page for readers to type.
type shellBlock struct {
	commands string
	// noted reports whether the paragraph before says, in brackets, what the block needs.
	noted bool
}

const fence = "(?s)\n```(?:sh|bash|console)\n(.*?\n)```\n"

func shellBlocks(text string) (found []shellBlock) {
	note := regexp.MustCompile(`(?s)\([^()]*needs [^()]*\)[^()]*$`)
	for _, at := range regexp.MustCompile(fence).FindAllStringSubmatchIndex(text, -1) {
		before := strings.TrimSpace(text[:at[0]])
		before = before[strings.LastIndex(before, "\n\n")+1:]
		found = append(found, shellBlock{commands: text[at[2]:at[3]], noted: note.MatchString(before)})
	}
	return found
}

// withoutOthersCommands returns the page without the commands of other programs: their flags are not this program's.
func withoutOthersCommands(text string) string {
	return regexp.MustCompile(fence).ReplaceAllStringFunc(text, func(block string) string {
		return strings.Join(regexp.MustCompile(`(?m)^(?:bin/)?prober .*$`).FindAllString(block, -1), "\n")
	})
}

// desk is the place of a reader: a folder with the files of the pages, and servers in place of the invented ones.
type desk struct {
	dir   string
	names *strings.Replacer
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	plain := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(plain.Close)
	secure := httptest.NewTLSServer(plain.Config.Handler)
	t.Cleanup(secure.Close)
	host, port, err := net.SplitHostPort(secure.Listener.Addr().String())
	require.NoError(t, err)

	d := &desk{dir: t.TempDir()}
	d.names = strings.NewReplacer(
		"go run ./", "go -C "+docs.Root(t)+" run ./",
		"--compare=old.json", "--compare=old.json --compare.min-change=1m", // machines may be slow
		"--against=https://staging.example.com/", "--compare.min-change=1m --against="+plain.URL,
		"https://staging.example.com/", plain.URL, "http://127.0.0.1:8080/", plain.URL, " URL", " "+plain.URL,
		"HOST:PORT", host+":"+port, "HOST PORT", host+" "+port, "-servername HOST", "-servername example.com",
		"DIRECTORY", d.dir, "--burst.duration=30s", "--burst.duration=1s", ".p99 < 0.5", ".p99 < 60", // machines may be slow
	)
	rig.WriteFile(t, d.dir, "prober.yml", `
defaults: {burst: {rate: 100, requests: 10, concurrency: 5}, labels: {team: shop, tier: 1}, objective: {availability: 99, latency: 1s}}
targets: [{name: checkout, url: %[1]q}, {name: search, url: %[1]q}]
`, plain.URL)
	rig.WriteFile(t, d.dir, "token", "secret")
	for _, name := range []string{"alertmanager.yml", "prober.rules.yml"} {
		rig.WriteFile(t, d.dir, name, "%s", docs.Page(t, filepath.Join("dashboards", "rules", name)))
	}
	require.NoError(t, os.Mkdir(filepath.Join(d.dir, "bin"), 0o700))
	program, err := exec.LookPath("prober")
	require.NoError(t, err)
	require.NoError(t, os.Symlink(program, filepath.Join(d.dir, "bin", "prober")))
	return d
}

// othersPrograms are programs in the commands of the pages that some systems lack, with their Debian packages.
var othersPrograms = map[string]string{
	"amtool": "prometheus-alertmanager", "curl": "curl", "jq": "jq", "nc": "netcat-openbsd", "openssl": "openssl", "xxd": "xxd",
}

// run runs a command with a shell. The command must succeed.
func (d *desk) run(t *testing.T, line string) {
	t.Helper()
	t.Run(line, func(t *testing.T) {
		line = d.names.Replace(line)
		for _, name := range programsOf(line) {
			if debianPackage, others := othersPrograms[name]; others {
				rig.Program(t, name, debianPackage)
			}
		}
		if strings.HasPrefix(line, "amtool silence") {
			line += " --alertmanager.url=" + d.alertmanager(t) + " --author=prober"
		}
		cmd := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", line)
		cmd.Dir, cmd.Env = d.dir, append(os.Environ(), rig.WithoutPause)
		said, err := cmd.CombinedOutput()
		assert.NoError(t, err, "%s\n%s", line, said)
	})
}

// programsOf returns the first words of the parts of a pipe.
func programsOf(line string) (names []string) {
	line = regexp.MustCompile(`'[^']*'`).ReplaceAllString(line, "''")
	for part := range strings.SplitSeq(line, " | ") {
		names = append(names, strings.Fields(strings.TrimPrefix(part, "until "))[0])
	}
	return names
}

// alertmanager starts one and returns its URL.
func (d *desk) alertmanager(t *testing.T) string {
	t.Helper()
	path := rig.Program(t, "prometheus-alertmanager", "prometheus-alertmanager")
	am := rig.Start(t, exec.CommandContext(t.Context(), path, "--config.file="+filepath.Join(d.dir, "alertmanager.yml"),
		"--storage.path="+t.TempDir(), "--web.listen-address=127.0.0.1:0", "--cluster.listen-address="))
	return am.AwaitURL()
}

// definedTests returns the names of all tests of the repository.
func definedTests(t *testing.T) map[string]bool {
	t.Helper()
	defined := map[string]bool{}
	test := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz|Benchmark)\w+)\(`)
	root := os.DirFS(docs.Root(t))
	require.NoError(t, fs.WalkDir(root, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := fs.ReadFile(root, path)
		for _, m := range test.FindAllSubmatch(text, -1) {
			defined[string(m[1])] = true
		}
		return err
	}))
	return defined
}
