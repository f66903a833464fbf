package image

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/internal/rig"
)

// systemdPatience bounds the start of systemd in a container.
const systemdPatience = time.Minute

// TestThePackageOfDebian installs the package in a container of Debian, without systemd and with it.
func TestThePackageOfDebian(t *testing.T) {
	if os.Getenv("PROBER_IMAGE_TEST") != "1" {
		t.Skip("make image-test runs this")
	}
	if os.Getuid() != 0 {
		t.Skip("a Docker daemon needs root")
	}
	d := startDocker(t)
	file := makePackage(t)
	d.provideDebian(t, "dpkg", "systemd", "systemd-sysv", "dbus")
	mount := "--volume=" + file + ":/prober.deb:ro"

	t.Run("it installs, and leaves nothing behind", func(t *testing.T) {
		said := d.run(t, "run", "--rm", "--network=none", mount, debian, "sh", "-euxc", `
			dpkg --install /prober.deb
			prober --version
			prober check --config.file=/etc/prober/prober.yml
			test ! -e /etc/systemd/system/multi-user.target.wants/prober.service
			dpkg --verify prober
			dpkg --purge prober
			test ! -e /usr/bin/prober
			test ! -e /etc/prober`)
		assert.Contains(t, said, "prober, version 1.2.3 ")
		assert.Contains(t, said, "/etc/prober/prober.yml is valid")
	})
	t.Run("systemd runs and reloads it", func(t *testing.T) { d.testUnit(t, mount) })
}

// makePackage makes the package for this machine and returns its file.
func makePackage(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, args := range [][]string{
		{"-C", "../..", "run", "./deploy/release", "-platforms=linux/" + runtime.GOARCH, "-o=" + dir, "-version=1.2.3"},
		{"-C", "../../deploy/packages", "run", ".", "-dir=" + dir, "-version=1.2.3"},
	} {
		out, err := exec.CommandContext(t.Context(), "go", args...).CombinedOutput()
		require.NoError(t, err, "%v: %s", args, out)
	}
	files, err := filepath.Glob(filepath.Join(dir, "prober_1.2.3_*.deb"))
	require.NoError(t, err)
	require.Len(t, files, 1)
	return files[0]
}

// testUnit starts the packaged unit with systemd in a container, if systemd can run in one.
func (d *docker) testUnit(t *testing.T, mount string) {
	t.Helper()
	// systemd and the protections of the unit need mounts, and system calls that Docker forbids.
	flags := []string{"--cap-add=SYS_ADMIN", "--security-opt=seccomp=unconfined", "--cgroupns=private", "--network=none", "--tmpfs=/run", "--tmpfs=/tmp", "--env=container=docker", mount, debian}
	if said, err := d.try(t, slices.Concat([]string{"run", "--rm"}, flags, []string{"true"})...); err != nil {
		t.Skip("a container cannot have what systemd takes here: " + said)
	}
	id := d.start(t, append(flags, "/sbin/init")...)
	var state string
	err := rig.Poll(t.Context(), systemdPatience, "systemd", func() bool {
		state, _ = d.try(t, "exec", id, "systemctl", "is-system-running")
		state = strings.TrimSpace(state)
		return strings.HasPrefix(state, "running") || strings.HasPrefix(state, "degraded")
	})
	if err != nil {
		t.Skipf("systemd cannot run in a container here: %q", state)
	}
	in := func(line string) string { return d.run(t, "exec", id, "sh", "-euc", line) }
	fails := func(line string) string {
		said, err := d.try(t, "exec", id, "sh", "-euc", line)
		require.Error(t, err, line)
		return said
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(d.try(t, "exec", id, "journalctl", "--no-pager", "--lines=100"))
		}
	})
	in("dpkg --install /prober.deb")
	fails("systemctl is-active prober") // until the administrator enables it
	in(`echo 'targets: [{name: a, url: "http://127.0.0.1:1/", interval: 1s}]' >/etc/prober/prober.yml`)
	// Within a container systemd cannot always have another user namespace. All other protections stay.
	in(`mkdir -p /etc/systemd/system/prober.service.d
		printf '[Service]\nPrivateUsers=no\n' >/etc/systemd/system/prober.service.d/container.conf
		systemctl daemon-reload`)
	in("systemctl enable --now prober")
	healthy := func() bool {
		_, err := d.try(t, "exec", id, "prober", "health")
		return err == nil
	}
	rig.Until(t, "the prober is healthy", healthy)
	pid := in("systemctl show --property=MainPID --value prober")
	assert.NotEqual(t, "0", in("stat --format=%u /proc/"+pid), "a user that is not root")

	in("echo 'targets: [{nam: a}]' >/etc/prober/prober.yml")
	fails("systemctl reload prober")
	assert.Contains(t, in("journalctl --unit=prober --no-pager"), "nam")
	assert.True(t, healthy())
	in(`echo 'targets: [{name: b, url: "http://127.0.0.1:1/", interval: 1s}]' >/etc/prober/prober.yml`)
	in("systemctl reload prober")
	rig.Until(t, "the configuration is loaded", func() bool {
		return strings.Contains(in("journalctl --unit=prober --no-pager"), "the configuration was loaded")
	})
	assert.Equal(t, pid, in("systemctl show --property=MainPID --value prober"), "no reload starts it anew")

	in("dpkg --remove prober")
	fails("systemctl is-active prober")
	in("test ! -e /etc/systemd/system/multi-user.target.wants/prober.service")
}
