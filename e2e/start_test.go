package e2e

import (
	"context"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/internal/docs"
	"example.com/prober/internal/rig"
)

// TestTheFirstFifteenMinutes types the commands of docs/getting-started.md, except the build, into one shell, until the
// alert fires. Free ports replace the ports on the page.
func TestTheFirstFifteenMinutes(t *testing.T) {
	t.Parallel()
	for name, debianPackage := range map[string]string{
		"prometheus": "prometheus", "promtool": "prometheus", "curl": "curl", "python3": "python3",
	} {
		rig.Program(t, name, debianPackage)
	}
	web, scraper := "127.0.0.1:"+rig.FreePort(t), "127.0.0.1:"+rig.FreePort(t)
	script := strings.NewReplacer(
		"8080", rig.FreePort(t), "127.0.0.1:10115", web, "127.0.0.1:9090", scraper,
		"prober > ", "prober --web.listen-address="+web+" > ",
		"prometheus --config", "prometheus --web.listen-address="+scraper+" --config",
	).Replace(typed(t, docs.Page(t, "docs/getting-started.md")))

	const longest = 5 * time.Minute // the page promises fifteen, to read and to type
	ctx, cancel := context.WithTimeout(t.Context(), longest)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "-c", script)
	cmd.Dir = t.TempDir()
	cmd.Env = append(cmd.Environ(), "PATH="+filepath.Dir(prober)+":/usr/sbin:"+pathOf(cmd))
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) } // it ends its jobs then
	cmd.WaitDelay = 10 * time.Second
	said, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s\n%s", script, said)
	assert.Regexp(t, `TargetFails.*error_code="1212"|error_code="1212".*TargetFails`, string(said))
	assert.Contains(t, string(said), "1212 refused (tcp): connection refused")
}

// typed returns a script of the commands and files of the page. The paragraph before a file names it.
func typed(t *testing.T, page string) string {
	t.Helper()
	var script strings.Builder
	script.WriteString("set -meuo pipefail\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n")
	named := regexp.MustCompile("Write `([a-z.]+)`[^`]*(?:`[^`]*`[^`]*)*$")
	for _, m := range regexp.MustCompile("(?s)\n((?:[^\n]+\n)+)\n```(sh|yaml)\n(.*?\n)```\n").FindAllStringSubmatch(page, -1) {
		switch before, language, text := m[1], m[2], m[3]; {
		case strings.Contains(before, "(needs Go)"):
		case language == "sh":
			script.WriteString(text)
		default:
			file := named.FindStringSubmatch(before)
			require.NotNil(t, file, "the paragraph before it names the file: %s", before)
			script.WriteString("cat > " + file[1] + " <<'END'\n" + text + "END\n")
		}
	}
	return script.String()
}

// pathOf returns the value of PATH in the environment of a command.
func pathOf(cmd *exec.Cmd) string {
	path := ""
	for _, v := range cmd.Environ() {
		if value, ok := strings.CutPrefix(v, "PATH="); ok {
			path = value
		}
	}
	return path
}
