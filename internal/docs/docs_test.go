package docs_test

import (
	"bytes"
	"fmt"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/config"
	"example.com/prober/demo"
	"example.com/prober/errcode"
	"example.com/prober/internal/command"
	"example.com/prober/internal/docs"
	"example.com/prober/internal/peers"
	"example.com/prober/internal/rig"
	"example.com/prober/prober/numbers"
)

// TestMain puts prober on the PATH of the tests: this binary under another name.
func TestMain(m *testing.M) {
	rig.ManyAtOnce()
	testscript.Main(m, map[string]func(){"prober": command.Main})
}

func TestTheConfigurationInReadmeWorks(t *testing.T) {
	t.Parallel()
	file := readmeConfig(t)
	cfg, err := config.Parse([]byte(file), "prober.yml")
	require.NoError(t, err)
	assert.Len(t, cfg.Targets, 1)
	assert.Contains(t, docs.Blocks(docs.Page(t, "README.md"), ""), checkFile(t, file, command.ExitOK))
}

func TestTheMistakesInReadmeAreReportedAsItSays(t *testing.T) {
	t.Parallel()
	file := strings.NewReplacer("interval:", "intervall:", "rate: ", "rate: -").Replace(readmeConfig(t))
	assert.Contains(t, docs.Blocks(docs.Page(t, "README.md"), ""), checkFile(t, file, command.ExitError))
}

func TestEveryPathInThePagesIsServed(t *testing.T) {
	t.Parallel()
	d := rig.StartDaemon(t, "prober", "targets: []\n", "--web.enable-pprof")
	paths := regexp.MustCompile("(?m)^\\| (`/.*?) \\|").FindAllStringSubmatch(docs.Page(t, "docs/running.md"), -1)
	require.Len(t, paths, 9)
	for _, row := range paths {
		for _, path := range regexp.MustCompile("`(.*?)`").FindAllStringSubmatch(row[1], -1) {
			status, _ := d.Do(http.MethodGet, path[1])
			assert.NotEqual(t, http.StatusNotFound, status, path[1])
			assert.Equal(t, path[1] == "/-/reload", status == http.StatusMethodNotAllowed, path[1])
		}
	}
	status, _ := d.Do(http.MethodPost, "/-/reload")
	assert.Equal(t, http.StatusForbidden, status)
}

func TestThePageShowsTheFlagsAsTheProgramPrintsThem(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("--web.systemd-socket, which the page shows, is a flag on Linux only")
	}
	_, flags, found := strings.Cut(helpOf(t, "run"), "Flags:")
	require.True(t, found)
	shown := docs.Blocks(docs.Page(t, "docs/running.md"), "text")
	require.Len(t, shown, 1)
	// Line breaks depend on the width of the terminal.
	assert.Equal(t, strings.Fields("Flags:"+flags), strings.Fields(shown[0]))
}

func TestFirePageShowsTheFlagsAsTheProgramPrintsThem(t *testing.T) {
	t.Parallel()
	_, rest, found := strings.Cut(helpOf(t, "fire"), "--config.file=")
	require.True(t, found)
	flags, _, found := strings.Cut(rest, "Args:")
	require.True(t, found)
	shown := docs.Blocks(docs.Page(t, "docs/fire.md"), "text")
	require.Len(t, shown, 1)
	// Line breaks depend on the width of the terminal.
	assert.Equal(t, strings.Fields("--config.file="+flags), strings.Fields(shown[0]))
}

func TestFireHasAFlagForEveryKeyOfABurst(t *testing.T) {
	t.Parallel()
	keys := regexp.MustCompile("(?m)^\\| `(burst\\.\\w+)` \\|").FindAllStringSubmatch(docs.Page(t, "docs/configuration.md"), -1)
	require.NotEmpty(t, keys)
	for _, key := range keys {
		assert.Contains(t, helpOf(t, "fire"), "--"+key[1]+"=")
	}
}

func TestPagesNameOnlyFlagsThatExist(t *testing.T) {
	t.Parallel()
	var help strings.Builder
	for _, name := range []string{"run", "check", "fire", "import curl", "import har", "import openapi", "import blackbox", "init", "schema", "objectives", "demo", "codes", "health"} {
		help.WriteString(strings.ReplaceAll(helpOf(t, name), "--[no-]", "--"))
	}
	ofOthers := []string{"--cacert", "--next", "--retry", "--enable-feature", "--raw", "--completion-script-bash", "--completion-script-zsh", "--help-man", "--web.systemd-socket"} // only the help on Linux has the last
	for _, name := range docs.Pages(t) {
		if name == "docs/error-codes.md" {
			continue // it shows how to use other programs, and has tests of its own
		}
		for _, flag := range regexp.MustCompile(`--[a-z][a-z.-]*[a-z]`).FindAllString(withoutOthersCommands(docs.Page(t, name)), -1) {
			assert.True(t, strings.Contains(help.String(), flag) || slices.Contains(ofOthers, flag), "%s: %s", name, flag)
		}
	}
}

func TestThePageListsTheMetricsThatTheProgramExposes(t *testing.T) {
	t.Parallel()
	families := exposed(t)
	var exposedRows, listed []string
	for name, family := range families {
		if own(name) {
			exposedRows = append(exposedRows, strings.Join([]string{name, kind(family), labelNames(family), family.GetHelp()}, "|"))
		}
	}
	row := regexp.MustCompile("(?m)^\\| `(prober_\\w+)` \\| (\\w+) \\| ([a-z_, ]*)\\| (.*) \\|$")
	for _, m := range row.FindAllStringSubmatch(docs.Page(t, "docs/metrics.md"), -1) {
		labels := strings.TrimSuffix(strings.TrimSpace(m[3]), ", your labels")
		listed = append(listed, strings.Join([]string{m[1], m[2], labels, m[4]}, "|"))
	}
	assert.ElementsMatch(t, exposedRows, listed)
}

func TestPagesNameOnlyMetricsThatExist(t *testing.T) {
	t.Parallel()
	families := exposed(t)
	for _, name := range docs.Pages(t) {
		text := regexp.MustCompile(`\bjob_[a-z_]+:[a-z0-9_:]+`).ReplaceAllString(docs.Page(t, name), "") // dashboards/rules has a test for these
		for _, metric := range regexp.MustCompile(`\bprober_[a-z_]+`).FindAllString(text, -1) {
			base := regexp.MustCompile(`_(bucket|sum|count)$`).ReplaceAllString(metric, "")
			assert.True(t, families[metric] != nil || families[base] != nil, "%s: %s", name, metric)
		}
	}
}

func TestPagesSayHowLongEachPhaseLasts(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"docs/metrics.md", "docs/transport.md"} {
		for p := errcode.PhaseQueue; p < errcode.NumPhases; p++ {
			assert.Contains(t, docs.Page(t, name), "\n| `"+p.String()+"` | ", name)
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
	rows := regexp.MustCompile("(?m)^\\| (?:0|\\d\\dxx) \\| `\\w+` \\|").FindAllString(docs.Page(t, "README.md"), -1)
	assert.ElementsMatch(t, slices.Collect(maps.Keys(ranges)), rows)
}

func TestLinksOfThePagesLeadSomewhere(t *testing.T) {
	t.Parallel()
	link := regexp.MustCompile(`\]\(([^)\s]+)\)|(?:src|srcset)="([^"]+)"`)
	fence := regexp.MustCompile("(?s)\n```.*?\n```\n")
	root := docs.Root(t)
	for _, name := range docs.Pages(t) {
		for _, m := range link.FindAllStringSubmatch(fence.ReplaceAllString(docs.Page(t, name), ""), -1) {
			to := m[1] + m[2]
			if strings.Contains(to, "://") {
				continue // a test does not depend on other people's servers
			}
			path, anchor, _ := strings.Cut(to, "#")
			file := name
			if path != "" {
				file = filepath.Join(filepath.Dir(name), path)
			}
			if _, err := os.Stat(filepath.Join(root, file)); assert.NoError(t, err, "%s: %s", name, to) && anchor != "" {
				assert.Contains(t, anchors(docs.Page(t, file)), anchor, "%s: %s", name, to)
			}
		}
	}
}

func TestReadmeListsEveryPage(t *testing.T) {
	t.Parallel()
	_, index, found := strings.Cut(docs.Page(t, "README.md"), "\n## Documentation\n")
	require.True(t, found)
	index, _, _ = strings.Cut(index, "\n## ")
	for _, name := range docs.Pages(t) {
		if strings.HasPrefix(name, "docs/") {
			assert.Contains(t, index, "]("+name+")")
		}
	}
}

func TestPrometheusTakesWhatThePagesShow(t *testing.T) {
	t.Parallel()
	promtool := rig.Program(t, "promtool", "prometheus")
	queries := "groups:\n  - name: queries\n    rules:\n"
	for _, name := range docs.Pages(t) {
		for _, b := range docs.Blocks(docs.Page(t, name), "promql") {
			queries += "      - record: query\n        expr: |\n          " + strings.ReplaceAll(b, "\n", "\n          ") + "\n"
		}
	}
	verify(t, promtool, "rules", queries)
	for _, b := range docs.Blocks(docs.Page(t, "README.md"), "yaml") {
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
	text := docs.Page(t, "docs/architecture.md") + docs.Page(t, "docs/security.md")
	for _, m := range regexp.MustCompile("`([a-z0-9_/]+\\.(?:go|html|yml))`").FindAllStringSubmatch(text, -1) {
		assert.FileExists(t, filepath.Join(docs.Root(t), m[1]))
	}
	defined := definedTests(t)
	named := regexp.MustCompile(`\b(?:Test|Fuzz|Benchmark)[A-Z]\w+`).FindAllString(text, -1)
	assert.NotEmpty(t, named)
	for _, name := range named {
		assert.True(t, defined[name], name)
	}
}

// anchors returns the anchors of the page for links: its headings, as GitHub spells them, and its ids.
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
	files := docs.Blocks(docs.Page(t, "README.md"), "yaml")
	require.NotEmpty(t, files)
	return files[0]
}

// checkFile returns the output of prober check for a prober.yml.
func checkFile(t *testing.T, text string, exit int) string {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "prober.yml")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	var said bytes.Buffer
	assert.Equal(t, exit, command.Run(t.Context(), []string{"check", "--config.file=" + path}, &said, &said))
	return strings.ReplaceAll(said.String(), dir+string(filepath.Separator), "")
}

func helpOf(t *testing.T, name string) string {
	t.Helper()
	var help bytes.Buffer
	assert.Equal(t, command.ExitOK, command.Run(t.Context(), append(strings.Fields(name), "--help"), &help, &help))
	return help.String()
}

// exposed returns the metrics of a prober whose targets have had every kind of outcome with a metric.
func exposed(t *testing.T) rig.Metrics {
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
	resolver := peers.NameServer(t, peers.Addresses("192.0.2.1"))
	fmt.Fprintf(&targets, "{name: resolver, url: 'dns://%s', dns: {name: name.test}, interval: 20ms}", resolver)
	shop := peers.Serve(t, peers.HTTP1, demo.NewShop(demo.ShopOptions{}).ServeHTTP)
	fmt.Fprintf(&targets, ", {name: journey, url: %q, interval: 20ms, think: 1ms, journey: [{name: home, path: /}, {name: nowhere, path: /nowhere}]}", shop.URL)
	fmt.Fprintf(&targets, ", {name: old, url: %[1]q, interval: 20ms}, {name: new, url: %[1]q, interval: 20ms, compare: {with: old}, objective: {availability: 99, latency: 1s}}", shop.URL)
	file := rig.WriteFile(t, t.TempDir(), "more.yml", "targets: []\n")
	d := rig.StartDaemon(t, "prober", "targets: ["+targets.String()+"]\ntarget_files: ["+file+"]\n"+
		"discover: [{name: files, file_sd_configs: [{files: [none.json]}], target: {name: a, url: 'http://{{ __address__ }}/'}}]\n"+
		"maintenance: [{name: never, years: ['1999']}]\n")
	described := slices.Collect(numbers.MetricNames())
	return d.AwaitMetrics("every metric that is described; one that never comes needs a target of this test", func(m rig.Metrics) bool {
		if m["prober_request_failures_total"] == nil || !strings.Contains(labelNames(m["prober_request_failures_total"]), "request") {
			return false // the second step of a journey has not failed yet
		}
		return !slices.ContainsFunc(described, func(name string) bool { return m[name] == nil })
	})
}

// own distinguishes the prober's metrics from the metrics of its libraries.
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

// verify runs promtool check on a file of the given kind.
func verify(t *testing.T, promtool, kind, text string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file.yml")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	said, err := exec.CommandContext(t.Context(), promtool, "check", kind, path).CombinedOutput()
	assert.NoError(t, err, "%s\n%s", said, text)
}
