package acceptance

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"example.com/prober/internal/command"
	"example.com/prober/internal/rig"
)

// pipeline is a folder for scripts of deploy/ci. They run in it with bash and the program on the PATH.
type pipeline struct {
	dir string
	env []string
}

// newPipeline writes a configuration with a healthy and a failing target.
func newPipeline(t *testing.T) *pipeline {
	t.Helper()
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("the scripts of pipelines need bash")
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/unwell" {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	t.Cleanup(server.Close)
	dir := t.TempDir()
	rig.WriteFile(t, dir, "prober.yml", `
targets:
  - {name: well, url: %q, burst: {requests: 5}}
  - {name: unwell, url: %q, burst: {requests: 5}}
`, server.URL, server.URL+"/unwell")
	return &pipeline{dir: dir, env: os.Environ()}
}

// run runs a script as the runners do. They end it at the first command that fails.
func (p *pipeline) run(t *testing.T, script string, env ...string) (code int, output string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script)
	cmd.Dir, cmd.Env = p.dir, slices.Concat(p.env, env)
	out, err := cmd.CombinedOutput()
	if _, hasEnded := errors.AsType[*exec.ExitError](err); err != nil && !hasEnded {
		require.NoError(t, err)
	}
	return cmd.ProcessState.ExitCode(), string(out)
}

func readYAML(t *testing.T, file string, to any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "deploy", "ci", filepath.FromSlash(file)))
	require.NoError(t, err)
	require.NoError(t, yaml.Unmarshal(text, to))
}

func TestTheActionOfGitHubFailsWhereAThresholdIsBroken(t *testing.T) {
	t.Parallel()
	var action struct {
		Runs struct {
			Steps []struct{ Name, Run string }
		}
	}
	readYAML(t, "github/action.yml", &action)
	require.Len(t, action.Runs.Steps, 2)
	fire := action.Runs.Steps[1].Run
	for name, c := range map[string]struct {
		targets, failIf string
		want            int
		says            string
	}{
		"all is well":           {"well", "p99 > 1h\nerror_rate > 1%\n", command.ExitOK, "p99 > 1h"},
		"a threshold is broken": {"unwell", "error_rate > 1%", command.ExitError, "error_rate > 1%: measured 100 %"},
		"without thresholds":    {"unwell\nwell\n", "", command.ExitError, "unwell: 5 of 5 requests failed"},
		"a misspelt target":     {"wel", "", command.ExitUsage, `did you mean "well"?`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPipeline(t)
			code, output := p.run(t, fire, "TARGETS="+c.targets, "FAIL_IF="+c.failIf, "CONFIG_FILE=prober.yml", "FLAGS=--wait=0s\n--burst.concurrency=1",
				"REPORT=out", "GITHUB_STEP_SUMMARY="+filepath.Join(p.dir, "summary.md"))
			assert.Equal(t, c.want, code, output)
			assert.Contains(t, output, c.says)
			if c.want == command.ExitUsage {
				assert.NoFileExists(t, filepath.Join(p.dir, "summary.md"))
				return
			}
			summary, err := os.ReadFile(filepath.Join(p.dir, "summary.md"))
			require.NoError(t, err)
			assert.Contains(t, string(summary), "well")
			assert.FileExists(t, filepath.Join(p.dir, "out.json"))
			assert.FileExists(t, filepath.Join(p.dir, "out.xml"))
		})
	}
}

func TestTheActionOfGitHubInstallsARelease(t *testing.T) {
	t.Parallel()
	var action struct {
		Runs struct {
			Steps []struct{ Name, Run string }
		}
	}
	readYAML(t, "github/action.yml", &action)
	p := newPipeline(t)
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("the action needs curl to install a release")
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		packed := gzip.NewWriter(w)
		archive := tar.NewWriter(packed)
		const script = "#!/bin/sh\necho installed\n"
		assert.NoError(t, archive.WriteHeader(&tar.Header{Name: "prober-1.0.0/prober", Typeflag: tar.TypeReg, Mode: 0o755, Size: int64(len(script))}))
		_, err := archive.Write([]byte(script))
		assert.NoError(t, err)
		assert.NoError(t, archive.Close())
		assert.NoError(t, packed.Close())
	}))
	t.Cleanup(server.Close)
	path := filepath.Join(p.dir, "path")
	code, output := p.run(t, action.Runs.Steps[0].Run, "ARCHIVE="+server.URL, "GITHUB_PATH="+path)
	require.Zero(t, code, output)
	added, err := os.ReadFile(path)
	require.NoError(t, err)
	installed, err := exec.CommandContext(t.Context(), filepath.Join(strings.TrimSpace(string(added)), "prober")).Output()
	require.NoError(t, err)
	assert.Equal(t, "installed\n", string(installed))
	code, output = p.run(t, action.Runs.Steps[0].Run, "ARCHIVE="+server.URL[:len("http://127.0.0.1:")]+"1", "GITHUB_PATH="+path)
	assert.NotZero(t, code, "what cannot be fetched fails the step")
	assert.Contains(t, output, "curl: ")
}

func TestTheJobOfGitLabFailsWhereAThresholdIsBroken(t *testing.T) {
	t.Parallel()
	var jobs map[string]struct {
		Script    []string
		Variables map[string]string
		Extends   string
		Artifacts struct {
			Reports struct{ JUnit string }
			Paths   []string
		}
	}
	readYAML(t, "gitlab.yml", &jobs)
	template := jobs[".prober-fire"]
	assert.Equal(t, ".prober-fire", jobs["load"].Extends)
	for target, want := range map[string]int{"well": command.ExitOK, "unwell": command.ExitError} {
		t.Run(target, func(t *testing.T) {
			t.Parallel()
			p := newPipeline(t)
			script := strings.ReplaceAll(strings.Join(template.Script, "\n"), "--wait=60s", "--wait=0s")
			code, output := p.run(t, script, "PROBER_TARGET="+target, "PROBER_CONFIG="+template.Variables["PROBER_CONFIG"])
			assert.Equal(t, want, code, output)
			for _, file := range append(template.Artifacts.Paths, template.Artifacts.Reports.JUnit) {
				assert.FileExists(t, filepath.Join(p.dir, file))
			}
		})
	}
}
