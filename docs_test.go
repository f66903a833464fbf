package main

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/prometheus/common/promslog"
	toolkit "github.com/prometheus/exporter-toolkit/web"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/config"
	"example.com/prober/demo"
	"example.com/prober/e2e/rig"
	"example.com/prober/errcode"
	"example.com/prober/prober/numbers"
)

func TestTheConfigurationInReadmeWorks(t *testing.T) {
	t.Parallel()
	file := readmeConfig(t)
	cfg, err := config.Parse([]byte(file), "prober.yml")
	require.NoError(t, err)
	assert.Len(t, cfg.Targets, 1)
	assert.Contains(t, blocks(page(t, "README.md"), ""), checkFile(t, file, exitOK))
}

func TestTheMistakesInReadmeAreReportedAsItSays(t *testing.T) {
	t.Parallel()
	file := strings.NewReplacer("interval:", "intervall:", "rate: ", "rate: -").Replace(readmeConfig(t))
	assert.Contains(t, blocks(page(t, "README.md"), ""), checkFile(t, file, exitError))
}

func TestEveryPathInReadmeIsServed(t *testing.T) {
	t.Parallel()
	d := idleDaemon(t, "")
	paths := regexp.MustCompile("(?m)^\\| (`/.*?) \\|").FindAllStringSubmatch(page(t, "README.md"), -1)
	require.Len(t, paths, 8)
	for _, row := range paths {
		for _, path := range regexp.MustCompile("`(.*?)`").FindAllStringSubmatch(row[1], -1) {
			status := ask(t, d, http.MethodGet, path[1]).Code
			assert.NotEqual(t, http.StatusNotFound, status, path[1])
			assert.Equal(t, path[1] == "/-/reload", status == http.StatusMethodNotAllowed, path[1])
		}
	}
	assert.Equal(t, http.StatusForbidden, ask(t, d, http.MethodPost, "/-/reload").Code)
}

func TestReadmeShowsTheFlagsAsTheProgramPrintsThem(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("--web.systemd-socket, which README shows, is a flag on Linux only")
	}
	_, flags, found := strings.Cut(helpOf(t, "run"), "Flags:")
	require.True(t, found)
	shown := blocks(page(t, "README.md"), "text")
	require.Len(t, shown, 1)
	// Where lines break depends on the width of the terminal.
	assert.Equal(t, strings.Fields("Flags:"+flags), strings.Fields(shown[0]))
}

func TestPagesNameOnlyFlagsThatExist(t *testing.T) {
	t.Parallel()
	var help strings.Builder
	for _, command := range []string{"run", "check", "fire", "demo", "codes", "health"} {
		help.WriteString(strings.ReplaceAll(helpOf(t, command), "--[no-]", "--"))
	}
	ofOthers := []string{"--enable-feature", "--raw", "--web.systemd-socket"} // the last is missing in the help elsewhere than on Linux
	for _, name := range pages(t) {
		if name == "docs/error-codes.md" {
			continue // it shows how to use other programs, and has tests of its own
		}
		for _, flag := range regexp.MustCompile(`--[a-z][a-z.-]*[a-z]`).FindAllString(withoutOthersCommands(page(t, name)), -1) {
			assert.True(t, strings.Contains(help.String(), flag) || slices.Contains(ofOthers, flag), "%s: %s", name, flag)
		}
	}
}

func TestReadmeListsTheMetricsThatTheProgramExposes(t *testing.T) {
	t.Parallel()
	families := exposed(t)
	var exposedRows, readmeRows []string
	for name, family := range families {
		if own(name) {
			exposedRows = append(exposedRows, strings.Join([]string{name, kind(family), labelNames(family), family.GetHelp()}, "|"))
		}
	}
	row := regexp.MustCompile("(?m)^\\| `(prober_\\w+)` \\| (\\w+) \\| ([a-z_, ]*)\\| (.*) \\|$")
	for _, m := range row.FindAllStringSubmatch(page(t, "README.md"), -1) {
		labels := strings.TrimSuffix(strings.TrimSpace(m[3]), ", your labels")
		readmeRows = append(readmeRows, strings.Join([]string{m[1], m[2], labels, m[4]}, "|"))
	}
	assert.ElementsMatch(t, exposedRows, readmeRows)
}

func TestPagesNameOnlyMetricsThatExist(t *testing.T) {
	t.Parallel()
	families := exposed(t)
	for _, name := range pages(t) {
		text := regexp.MustCompile(`\bjob_target:[a-z0-9_:]+`).ReplaceAllString(page(t, name), "") // dashboards/rules has a test for these
		for _, metric := range regexp.MustCompile(`\bprober_[a-z_]+`).FindAllString(text, -1) {
			base := regexp.MustCompile(`_(bucket|sum|count)$`).ReplaceAllString(metric, "")
			assert.True(t, families[metric] != nil || families[base] != nil, "%s: %s", name, metric)
		}
	}
}

func TestReadmeListsTheRangesOfCodes(t *testing.T) {
	t.Parallel()
	ranges := map[string]bool{}
	for code := range errcode.All() {
		numbers := code.String()
		if code.IsFailure() {
			numbers = numbers[:2] + "xx"
		}
		ranges[fmt.Sprintf("| %s | `%s` |", numbers, code.Range())] = true
	}
	rows := regexp.MustCompile("(?m)^\\| (?:0|\\d\\dxx) \\| `\\w+` \\|").FindAllString(page(t, "README.md"), -1)
	assert.ElementsMatch(t, slices.Collect(maps.Keys(ranges)), rows)
}

func TestLinksOfThePagesLeadSomewhere(t *testing.T) {
	t.Parallel()
	link := regexp.MustCompile(`\]\(([^)\s]+)\)|(?:src|srcset)="([^"]+)"`)
	fence := regexp.MustCompile("(?s)\n```.*?\n```\n")
	for _, name := range pages(t) {
		for _, m := range link.FindAllStringSubmatch(fence.ReplaceAllString(page(t, name), ""), -1) {
			to := m[1] + m[2]
			if strings.Contains(to, "://") {
				continue // a test does not depend on other people's servers
			}
			path, anchor, _ := strings.Cut(to, "#")
			file := name
			if path != "" {
				file = filepath.Join(filepath.Dir(name), path)
			}
			if _, err := os.Stat(file); assert.NoError(t, err, "%s: %s", name, to) && anchor != "" {
				assert.Contains(t, anchors(page(t, file)), anchor, "%s: %s", name, to)
			}
		}
	}
}

func TestReadmeListsEveryPage(t *testing.T) {
	t.Parallel()
	_, index, found := strings.Cut(page(t, "README.md"), "\n## Documentation\n")
	require.True(t, found)
	index, _, _ = strings.Cut(index, "\n## ")
	for _, name := range pages(t) {
		if strings.HasPrefix(name, "docs/") {
			assert.Contains(t, index, "]("+name+")")
		}
	}
}

func TestPrometheusTakesWhatThePagesShow(t *testing.T) {
	t.Parallel()
	promtool := rig.Program(t, "promtool", "prometheus")
	queries := "groups:\n  - name: queries\n    rules:\n"
	for _, name := range pages(t) {
		for _, b := range blocks(page(t, name), "promql") {
			queries += "      - record: query\n        expr: |\n          " + strings.ReplaceAll(b, "\n", "\n          ") + "\n"
		}
	}
	verify(t, promtool, "rules", queries)
	for _, b := range blocks(page(t, "README.md"), "yaml") {
		switch first, _, _ := strings.Cut(b, "\n"); first {
		case "targets:": // a prober.yml
		case "groups:":
			verify(t, promtool, "rules", b)
		case "scrape_configs:":
			verify(t, promtool, "config", b)
		default:
			assert.Fail(t, "an unknown kind of file in README", first)
		}
	}
}

func TestArchitectureAndSecurityNameOnlyFilesAndTestsThatExist(t *testing.T) {
	t.Parallel()
	text := page(t, "docs/architecture.md") + page(t, "docs/security.md")
	for _, m := range regexp.MustCompile("`([a-z0-9_/]+\\.(?:go|html|yml))`").FindAllStringSubmatch(text, -1) {
		assert.FileExists(t, m[1])
	}
	defined := definedTests(t)
	named := regexp.MustCompile(`\b(?:Test|Fuzz|Benchmark)[A-Z]\w+`).FindAllString(text, -1)
	assert.NotEmpty(t, named)
	for _, name := range named {
		assert.True(t, defined[name], name)
	}
}

// page returns the text of a file, which is named relative to the module.
func page(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	require.NoError(t, err)
	return string(text)
}

// pages returns the names of all pages.
func pages(t *testing.T) []string {
	t.Helper()
	docs, err := filepath.Glob("docs/*.md")
	require.NoError(t, err)
	require.NotEmpty(t, docs)
	return append(docs, "README.md", "CHANGELOG.md")
}

// blocks returns the fenced parts of a page in a language.
func blocks(text, language string) []string {
	var found []string
	for _, m := range regexp.MustCompile("(?s)\n```(\\w*)\n(.*?\n)```\n").FindAllStringSubmatch(text, -1) {
		if m[1] == language {
			found = append(found, m[2])
		}
	}
	return found
}

// anchors returns what a link into the page may name: its headings, as GitHub
// spells them, and its ids.
func anchors(text string) []string {
	var found []string
	for _, m := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(text, -1) {
		plain := regexp.MustCompile(`[^a-z0-9 _-]`).ReplaceAllString(strings.ToLower(m[1]), "")
		found = append(found, strings.ReplaceAll(plain, " ", "-"))
	}
	for _, m := range regexp.MustCompile(`id="([^"]+)"`).FindAllStringSubmatch(text, -1) {
		found = append(found, m[1])
	}
	return found
}

func readmeConfig(t *testing.T) string {
	t.Helper()
	files := blocks(page(t, "README.md"), "yaml")
	require.NotEmpty(t, files)
	return files[0]
}

// checkFile returns what prober check says about a prober.yml.
func checkFile(t *testing.T, text string, exit int) string {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "prober.yml")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	var said bytes.Buffer
	assert.Equal(t, exit, run(t.Context(), []string{"check", "--config.file=" + path}, &said, &said))
	return strings.ReplaceAll(said.String(), dir+string(filepath.Separator), "")
}

func helpOf(t *testing.T, command string) string {
	t.Helper()
	var help bytes.Buffer
	assert.Equal(t, exitOK, run(t.Context(), []string{command, "--help"}, &help, &help))
	return help.String()
}

// idleDaemon returns a daemon that serves nobody and is shut down with the test.
func idleDaemon(t *testing.T, targets string) *daemon {
	t.Helper()
	path := filepath.Join(t.TempDir(), "prober.yml")
	require.NoError(t, os.WriteFile(path, []byte("targets: ["+targets+"]\n"), 0o600))
	flags := daemonFlags{telemetryPath: "/metrics", enablePprof: true}
	flags.configFile = path
	flags.listen = &toolkit.FlagConfig{
		WebListenAddresses: &[]string{"127.0.0.1:0"}, WebSystemdSocket: new(bool), WebConfigFile: new(string),
	}
	d, err := newDaemon(&console{log: &promslog.Config{Writer: io.Discard}}, flags)
	require.NoError(t, err)
	t.Cleanup(func() {
		d.drain(0)
		closeAll(d.bound)
	})
	return d
}

func ask(t *testing.T, d *daemon, method, path string) *httptest.ResponseRecorder {
	t.Helper()
	answer := httptest.NewRecorder()
	d.shell.Handler().ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), method, path, http.NoBody))
	return answer
}

// exposed returns the metrics of a prober whose targets have had every kind of
// outcome that a metric is about.
func exposed(t *testing.T) map[string]*dto.MetricFamily {
	t.Helper()
	server, err := demo.Start()
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, server.Close()) })
	var targets strings.Builder
	for _, b := range server.Behaviours() {
		if slices.Contains([]string{"not-found", "tls-expired"}, b.Name) {
			fmt.Fprintf(&targets, "{name: %s, url: %q, interval: 20ms}, ", b.Name, b.URL)
		}
	}
	d := idleDaemon(t, targets.String())
	described := slices.Collect(numbers.MetricNames())
	var families map[string]*dto.MetricFamily
	rig.Until(t, "every metric that is described; one that never comes needs a target of this test", func() bool {
		parser := expfmt.NewTextParser(model.UTF8Validation)
		families, err = parser.TextToMetricFamilies(ask(t, d, http.MethodGet, "/metrics").Body)
		return err == nil && !slices.ContainsFunc(described, func(name string) bool { return families[name] == nil })
	})
	return families
}

// own tells a metric of the prober from those of the libraries in it.
func own(name string) bool {
	return strings.HasPrefix(name, "prober_") && name != "prober_build_info"
}

func kind(family *dto.MetricFamily) string { return strings.ToLower(family.GetType().String()) }

func labelNames(family *dto.MetricFamily) string {
	names := map[string]bool{}
	for _, metric := range family.GetMetric() {
		for _, label := range metric.GetLabel() {
			names[label.GetName()] = true
		}
	}
	return strings.Join(slices.Sorted(maps.Keys(names)), ", ")
}

// verify has promtool check a file of the given kind.
func verify(t *testing.T, promtool, kind, text string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file.yml")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	said, err := exec.CommandContext(t.Context(), promtool, "check", kind, path).CombinedOutput()
	assert.NoError(t, err, "%s\n%s", said, text)
}
