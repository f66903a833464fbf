package image

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/prober/internal/rig"
)

// docker is the daemon of one test, with its own images and containers. Its containers have no network but loopback.
type docker struct {
	host string
}

// startDocker starts the daemon. If that is impossible, it skips the test and says why.
func startDocker(t *testing.T) *docker {
	t.Helper()
	// Not t.TempDir(): its name is too long for the socket of a daemon.
	dir, err := os.MkdirTemp("", "docker-") //nolint:usetesting // see above
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	socket := "unix://" + filepath.Join(dir, "docker.sock")
	// Its mounts end with it: it has its own mount namespace.
	daemon := rig.Start(t, exec.CommandContext(context.WithoutCancel(t.Context()), "unshare", "--mount", rig.Program(t, "dockerd", "docker.io"),
		"--host="+socket, "--data-root="+filepath.Join(dir, "data"), "--exec-root="+filepath.Join(dir, "exec"), "--pidfile="+filepath.Join(dir, "pid"),
		"--bridge=none", "--iptables=false", "--ip6tables=false"))
	t.Cleanup(func() { // a killed one would leave containerd behind
		daemon.Signal(os.Interrupt)
		daemon.Wait()
	})
	rig.Until(t, "a Docker daemon", func() bool {
		return daemon.HasEnded() || strings.Contains(daemon.Output(), "API listen on")
	})
	if daemon.HasEnded() {
		lines := strings.Split(strings.TrimSpace(daemon.Output()), "\n")
		t.Skip("a Docker daemon cannot run here: " + lines[len(lines)-1])
	}
	return &docker{host: socket}
}

// command returns the client with these arguments. It also works in a clean-up, after the context of the test has
// ended.
func (d *docker) command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), rig.Program(t, "docker", "docker.io"), append([]string{"--host=" + d.host}, args...)...)
	cmd.Env = append(os.Environ(), "DOCKER_BUILDKIT=0") // Debian has no buildx
	return cmd
}

// run runs the client and returns its output, without the last newline.
func (d *docker) run(t *testing.T, args ...string) string {
	t.Helper()
	out, err := d.try(t, args...)
	require.NoError(t, err, out)
	return out
}

func (d *docker) try(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := d.command(t, args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return stdout.String() + stderr.String(), err
	}
	return strings.TrimSuffix(stdout.String(), "\n"), nil
}

// start starts a container in the background and returns its id. The test removes it at its end.
func (d *docker) start(t *testing.T, args ...string) string {
	t.Helper()
	id := d.run(t, append([]string{"run", "--detach"}, args...)...)
	t.Cleanup(func() {
		if t.Failed() {
			logs, err := d.command(t, "logs", id).CombinedOutput()
			t.Logf("logs of %v: %v\n%s", args, err, logs)
		}
		d.run(t, "rm", "--force", id)
	})
	return id
}

// inspect decodes the output of docker inspect for an image or a container into to.
func (d *docker) inspect(t *testing.T, what string, to any) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(d.run(t, "inspect", "--format={{json .}}", what)), to))
}
