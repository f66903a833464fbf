package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// system is a folder as the root of a system for dpkg.
type system struct {
	dir   string
	calls string // a file with the scripts' calls of systemctl
	path  string
}

func newSystem(t *testing.T) system {
	t.Helper()
	if _, err := exec.LookPath("dpkg"); err != nil {
		t.Skip("dpkg is not installed here")
	}
	if os.Getuid() != 0 {
		t.Skip("dpkg gives files to root, which takes root")
	}
	s := system{dir: t.TempDir()}
	for _, name := range []string{"info", "updates", "triggers"} {
		require.NoError(t, os.MkdirAll(filepath.Join(s.dir, "var/lib/dpkg", name), 0o755))
	}
	for _, name := range []string{"status", "available"} {
		require.NoError(t, os.WriteFile(filepath.Join(s.dir, "var/lib/dpkg", name), nil, 0o644))
	}
	programs := t.TempDir()
	s.calls, s.path = filepath.Join(programs, "calls"), programs+":"+os.Getenv("PATH")
	require.NoError(t, os.WriteFile(filepath.Join(programs, "systemctl"), []byte("#!/bin/sh\necho \"$@\" >>"+s.calls+"\n"), 0o755))
	return s
}

// dpkg runs dpkg. Its scripts run outside the folder: it has no shell.
func (s system) dpkg(t *testing.T, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "dpkg", append([]string{
		"--root=" + s.dir, "--force-script-chrootless", "--force-architecture", "--force-confold", "--path-include=*", "--log=" + filepath.Join(s.dir, "log"),
	}, args...)...)
	cmd.Env = append(os.Environ(), "PATH="+s.path, "DEBIAN_FRONTEND=noninteractive")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%v\n%s", args, out)
}

func (s system) read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(s.dir, name))
	require.NoError(t, err)
	return string(text)
}

func TestDpkgInstallsUpgradesAndRemovesThePackage(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	first, second := made(t, "1.2.3"), made(t, "1.2.4")
	s.dpkg(t, "--install", filepath.Join(first.dir, "prober_1.2.3_amd64.deb"))
	assert.Contains(t, s.read(t, "var/lib/dpkg/status"), "\nStatus: install ok installed\n")
	for name, mode := range with("/usr/share/doc/prober/copyright", "/usr/share/zsh/vendor-completions/_prober") {
		info, err := os.Stat(filepath.Join(s.dir, name))
		if assert.NoError(t, err) {
			assert.Equal(t, mode, info.Mode().String(), name)
		}
	}
	said, err := exec.CommandContext(t.Context(), filepath.Join(s.dir, "usr/bin/prober")).Output()
	require.NoError(t, err)
	assert.Equal(t, "prober 1.2.3\n", string(said))

	const edited = "targets: []\n"
	require.NoError(t, os.WriteFile(filepath.Join(s.dir, "etc/prober/prober.yml"), []byte(edited), 0o644))
	s.dpkg(t, "--install", filepath.Join(second.dir, "prober_1.2.4_amd64.deb"))
	assert.Equal(t, edited, s.read(t, "etc/prober/prober.yml"))
	assert.Contains(t, s.read(t, "usr/bin/prober"), "1.2.4")

	s.dpkg(t, "--remove", "prober")
	assert.NoFileExists(t, filepath.Join(s.dir, "usr/bin/prober"))
	assert.Equal(t, edited, s.read(t, "etc/prober/prober.yml"), "the work of the administrator stays")
	s.dpkg(t, "--purge", "prober")
	assert.NoDirExists(t, filepath.Join(s.dir, "etc/prober"))
	assert.NotContains(t, s.read(t, "var/lib/dpkg/status"), "Package: prober")
	assert.NoFileExists(t, s.calls, "systemd of this machine has nothing to do with another root")
}

// TestTheScriptsAskSystemd runs the scripts as dpkg and rpm do, with a folder in place of a running systemd.
func TestTheScriptsAskSystemd(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		script []byte
		args   string
		want   string
	}{
		{postinstall, "configure", "daemon-reload\ntry-restart prober.service\n"},
		{postinstall, "1", "daemon-reload\ntry-restart prober.service\n"},
		{preremove, "remove", "disable --now prober.service prober.socket\n"},
		{preremove, "0", "disable --now prober.service prober.socket\n"},
		{preremove, "upgrade 1.2.4", ""},
		{preremove, "1", ""},
		{postremove, "purge", "daemon-reload\n"},
	} {
		dir := t.TempDir()
		calls := filepath.Join(dir, "calls")
		require.NoError(t, os.WriteFile(calls, nil, 0o600))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "systemctl"), []byte("#!/bin/sh\necho \"$@\" >>"+calls+"\nexit 1\n"), 0o755))
		script := strings.ReplaceAll(string(c.script), "/run/systemd/system", dir)
		require.NotEqual(t, string(c.script), script)
		cmd := exec.CommandContext(t.Context(), "sh", append([]string{"-c", script, "script"}, strings.Fields(c.args)...)...)
		cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"))
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s: %s", c.args, out)
		text, err := os.ReadFile(calls)
		require.NoError(t, err)
		assert.Equal(t, c.want, string(text), c.args)
	}
}
