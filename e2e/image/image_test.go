// Package image builds the container image with a Docker daemon of its own and runs it as docs/install.md says. It
// takes minutes from a cold start, so it runs only with PROBER_IMAGE_TEST=1: `make image-test`.
package image

import (
	"archive/tar"
	"bytes"
	"crypto/x509"
	"debug/buildinfo"
	"encoding/pem"
	"errors"
	"io"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/internal/rig"
)

const (
	name = "prober:test"
	// mostBytes is the greatest size of the image.
	mostBytes = 60_000_000
)

func TestImage(t *testing.T) {
	if os.Getenv("PROBER_IMAGE_TEST") != "1" {
		t.Skip("make image-test runs this")
	}
	if os.Getuid() != 0 {
		t.Skip("a Docker daemon needs root")
	}
	d := startDocker(t)
	d.provideGo(t)
	build := []string{"build", "--build-arg=VERSION=1.2.3", "--build-arg=REVISION=4567", "--tag=" + name, "../.."}
	if os.Getenv("PROBER_IMAGE_PULL") != "1" {
		build = slices.Insert(build, 1, "--network=none")
	}
	d.run(t, build...)

	t.Run("it is small, has labels and a user that is not root", d.testDescription)
	t.Run("it holds the program, certificates, and nothing else", d.testContents)
	t.Run("it tells its version", func(t *testing.T) {
		assert.Regexp(t, `^prober, version 1\.2\.3 \(branch: , revision: 4567\)`, d.run(t, "run", "--rm", "--network=none", name, "--version"))
	})
	t.Run("it probes, hardened, and ends in peace", d.testService)
	t.Run("it shows the demo where it has a place for files", func(t *testing.T) {
		said := d.run(t, slices.Concat([]string{"run", "--rm", "--network=none", "--tmpfs=/tmp"}, hardened(),
			[]string{name, "demo", "--demo.table-interval=1s", "--demo.duration=3s"})...)
		assert.Regexp(t, `(?m)^fast +\d+ .* ok: [1-9]`, said)
	})
}

func (d *docker) testDescription(t *testing.T) {
	var image struct {
		Size   int
		Config struct {
			User        string
			Labels      map[string]string
			Entrypoint  []string
			Healthcheck struct{ Test []string }
		}
	}
	d.inspect(t, name, &image)
	t.Logf("%.1f MB", float64(image.Size)/1e6)
	assert.Less(t, image.Size, mostBytes)
	assert.Equal(t, "65532:65532", image.Config.User)
	assert.Equal(t, []string{"/prober"}, image.Config.Entrypoint)
	assert.Equal(t, []string{"CMD", "/prober", "health"}, image.Config.Healthcheck.Test)
	const label = "org.opencontainers.image."
	assert.Equal(t, "prober", image.Config.Labels[label+"title"])
	assert.Equal(t, "1.2.3", image.Config.Labels[label+"version"])
	assert.Equal(t, "4567", image.Config.Labels[label+"revision"])
	assert.NotEmpty(t, image.Config.Labels[label+"description"])
}

func (d *docker) testContents(t *testing.T) {
	id := d.run(t, "create", name)
	archive, err := d.command(t, "export", id).Output()
	require.NoError(t, err)
	files := map[string][]byte{}
	for from := tar.NewReader(bytes.NewReader(archive)); ; {
		header, err := from.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		if header.Typeflag == tar.TypeReg && header.Size > 0 { // Docker adds empty ones, to mount over
			files[header.Name], err = io.ReadAll(from)
			require.NoError(t, err)
		}
	}
	program, certificates := files["prober"], files["etc/ssl/certs/ca-certificates.crt"]
	assert.Len(t, files, 2)

	built, err := buildinfo.Read(bytes.NewReader(program))
	require.NoError(t, err)
	for _, setting := range []debug.BuildSetting{
		{Key: "CGO_ENABLED", Value: "0"},
		{Key: "-tags", Value: "timetzdata"},
		{Key: "-trimpath", Value: "true"},
	} {
		assert.Contains(t, built.Settings, setting)
	}

	found := 0
	for block, rest := pem.Decode(certificates); block != nil; block, rest = pem.Decode(rest) {
		_, err := x509.ParseCertificate(block.Bytes)
		require.NoError(t, err)
		found++
	}
	assert.Greater(t, found, 50, "certificates")
}

// testService makes the image probe a server in another container. They share a loopback interface.
func (d *docker) testService(t *testing.T) {
	server := d.start(t, "--network=none", "golang:1.26", "/bin/busybox", "httpd", "-f", "-p", "127.0.0.1:8080", "-h", "/usr/local/go/doc")
	config := rig.WriteFile(t, t.TempDir(), "prober.yml", `
defaults: {interval: 200ms, burst: {requests: 4, concurrency: 2}}
targets:
  - {name: page, url: "http://127.0.0.1:8080/README.md", expect: {status: [200]}}
  - {name: missing, url: "http://127.0.0.1:8080/missing"}
  - {name: closed, url: "http://127.0.0.1:8081/"}
`)
	require.NoError(t, os.Chmod(config, 0o644)) // the image has another user
	prober := d.start(t, append(hardened(), "--network=container:"+server, "--health-interval=1s", "--memory=128m", "--pids-limit=64",
		"--volume="+config+":/etc/prober/prober.yml:ro", name)...)
	scrape := func() (rig.Metrics, error) {
		text, err := d.try(t, "exec", server, "/bin/busybox", "wget", "-q", "-O", "-", "http://127.0.0.1:10115/metrics")
		if err != nil {
			return nil, err
		}
		return parse(t, text), nil
	}

	rig.Until(t, "each target has shown its code", func() bool {
		m, err := scrape()
		return err == nil && m.Codes("page")["0"] > 0 && m.Codes("missing")["1404"] > 0 && m.Codes("closed")["1212"] > 0
	})
	rig.Until(t, "the container is healthy", func() bool {
		return d.run(t, "inspect", "--format={{.State.Health.Status}}", prober) == "healthy"
	})
	_, err := d.try(t, "exec", prober, "/bin/sh")
	require.Error(t, err, "there is no shell")

	d.run(t, "kill", "--signal=TERM", prober)
	logs := func() string {
		said, err := d.command(t, "logs", prober).CombinedOutput()
		require.NoError(t, err)
		return string(said)
	}
	rig.Until(t, "it waits for the last scrape", func() bool { return strings.Contains(logs(), "waiting for the last scrape") })
	last, err := scrape()
	require.NoError(t, err)
	assert.Zero(t, last.Sum("prober_requests_waiting"))
	assert.Zero(t, last.Sum("prober_requests_in_flight"))
	last.RequireBalanced(t)
	assert.Equal(t, "0", d.run(t, "wait", prober), "exit code")
}

// hardened are the flags of docker run that take every privilege away.
func hardened() []string {
	return []string{"--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges"}
}

func parse(t *testing.T, text string) rig.Metrics {
	t.Helper()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(text + "\n"))
	require.NoError(t, err)
	return families
}
