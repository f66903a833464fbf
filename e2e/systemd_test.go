package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/internal/rig"
)

// mostExposed is the greatest allowed exposure of the unit by systemd-analyze, in tenths; 100 is a service without any
// protection. The rest is the network.
const mostExposed = "12"

// units copies the units into a folder, with the program under test in place of the installed one.
func units(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	require.NoError(t, os.CopyFS(dir, os.DirFS("../deploy/systemd")))
	for _, name := range []string{"prober.service", "prober.service.d/socket.conf"} {
		path := filepath.Join(dir, name)
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Contains(t, string(text), "/usr/local/bin/prober")
		text = []byte(strings.ReplaceAll(string(text), "/usr/local/bin/prober", prober))
		require.NoError(t, os.WriteFile(path, text, 0o600))
	}
	return dir
}

func TestSystemdFindsNoFaultWithTheUnits(t *testing.T) {
	t.Parallel()
	analyze := rig.Program(t, "systemd-analyze", "systemd")
	withSocket := units(t)
	alone := units(t)
	require.NoError(t, os.RemoveAll(filepath.Join(alone, "prober.service.d")))
	for dir, names := range map[string][]string{alone: {"prober.service"}, withSocket: {"prober.service", "prober.socket"}} {
		cmd := exec.CommandContext(t.Context(), analyze, append([]string{"verify"}, names...)...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, string(out))
		assert.Empty(t, string(out))
	}

	confined := exec.CommandContext(t.Context(), analyze, "security", "--offline=true", "--no-pager", "--threshold="+mostExposed, "prober.service")
	confined.Dir = alone
	out, err := confined.CombinedOutput()
	require.NoError(t, err, string(out))
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	t.Log(lines[len(lines)-1])
}

// It runs the commands of `systemctl reload` for the unit. These stop at the first failure.
func TestAReloadChecksTheFileFirst(t *testing.T) {
	t.Parallel()
	unit, err := os.ReadFile("../deploy/systemd/prober.service")
	require.NoError(t, err)
	_, runs, _ := strings.Cut(string(unit), "\nExecStart=")
	runs, _, _ = strings.Cut(runs, "\n")
	file := regexp.MustCompile(`--config\.file=\S+`).FindString(runs)
	var commands []string
	for _, found := range regexp.MustCompile(`(?m)^ExecReload=(.*)$`).FindAllStringSubmatch(string(unit), -1) {
		commands = append(commands, found[1])
	}
	const hangUp = "/bin/sh -c 'kill -HUP $MAINPID'"
	require.Equal(t, []string{"/usr/local/bin/prober check " + file, hangUp}, commands)

	d := rig.StartDaemon(t, prober, "targets: []\n")
	loads := func() int { return strings.Count(d.Output(), "the configuration was loaded") }
	before := loads()
	reload := func(configuration string) (said string, ok bool) {
		path := d.Configure(t, configuration)
		for _, line := range commands {
			if line == hangUp {
				d.Signal(syscall.SIGHUP)
				return "", true
			}
			out, err := exec.CommandContext(t.Context(), prober, "check", "--config.file="+path).CombinedOutput()
			if err != nil {
				return string(out), false
			}
		}
		return "", false
	}
	said, ok := reload("targets: [{name: a, url: 'http://127.0.0.1:1/', intervall: 1s}]\n")
	assert.False(t, ok)
	assert.Contains(t, said, "intervall")
	assert.Equal(t, before, loads())
	assert.InDelta(t, 1, d.Scrape().Sum("prober_config_last_reload_successful"), 0)
	_, ok = reload("targets: [{name: a, url: 'http://127.0.0.1:1/', interval: 1h}]\n")
	assert.True(t, ok)
	rig.Until(t, "the configuration is loaded", func() bool { return loads() > before })
}

func TestTheProberServesOnTheSocketOfSystemd(t *testing.T) {
	t.Parallel()
	activate := rig.Program(t, "systemd-socket-activate", "systemd")
	dir := units(t)
	config := rig.WriteFile(t, dir, "prober.yml", "targets: []\n")
	text, err := os.ReadFile(filepath.Join(dir, "prober.service.d", "socket.conf"))
	require.NoError(t, err)
	start := strings.Fields(string(text)[strings.LastIndex(string(text), "ExecStart=")+len("ExecStart="):])
	start = slices.DeleteFunc(start, func(arg string) bool { return arg == "$PROBER_FLAGS" })
	for i, arg := range start {
		start[i] = strings.ReplaceAll(arg, "/etc/prober/prober.yml", config)
	}

	address := "127.0.0.1:" + rig.FreePort(t)
	p := rig.Start(t, exec.CommandContext(t.Context(), activate, append([]string{"--listen=" + address}, start...)...))
	p.Await("Listening on .* as 3")
	m, err := rig.Scrape(t.Context(), "http://"+address+"/metrics") // the first connection starts it
	require.NoError(t, err)
	assert.NotEmpty(t, m["prober_build_info"])

	p.Signal(syscall.SIGHUP)
	p.Await("the configuration was loaded")
	p.Signal(syscall.SIGTERM)
	p.Await("waiting for the last scrape")
	_, err = rig.Scrape(t.Context(), "http://"+address+"/metrics")
	require.NoError(t, err)
	assert.Zero(t, p.Wait().ExitCode())
}
