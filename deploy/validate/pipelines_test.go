package validate

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	rollouts "github.com/argoproj/argo-rollouts/pkg/apis/rollouts/v1alpha1"
	flagger "github.com/fluxcd/flagger/pkg/apis/flagger/v1beta1"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
)

// decodePipeline decodes an object of deploy/ci, field by field.
func decodePipeline(t *testing.T, file string) runtime.Object {
	t.Helper()
	known := runtime.NewScheme()
	require.NoError(t, rollouts.AddToScheme(known))
	require.NoError(t, flagger.AddToScheme(known))
	text, err := os.ReadFile(filepath.Join("..", "ci", file))
	require.NoError(t, err)
	object, _, err := serializer.NewCodecFactory(known, serializer.EnableStrict).UniversalDeserializer().Decode(text, nil, nil)
	require.NoError(t, err)
	return object
}

func TestTheAnalysisOfArgoRolloutsIsValid(t *testing.T) {
	t.Parallel()
	template, ok := decodePipeline(t, "argo-rollouts.yaml").(*rollouts.AnalysisTemplate)
	require.True(t, ok)
	given := map[string]bool{}
	for _, arg := range template.Spec.Args {
		given[arg.Name] = true
	}
	require.Len(t, template.Spec.Metrics, 1)
	job := template.Spec.Metrics[0].Provider.Job
	require.NotNil(t, job)
	container := job.Spec.Template.Spec.Containers[0]
	assert.Equal(t, "fire", container.Args[0])
	for _, arg := range container.Args {
		if _, name, isTemplate := strings.Cut(arg, "{{args."); isTemplate {
			name, _, _ = strings.Cut(name, "}}")
			assert.True(t, given[name], "%s is no argument of the template", name)
		}
	}
}

func TestTheCanaryOfFlaggerIsValid(t *testing.T) {
	t.Parallel()
	canary, ok := decodePipeline(t, "flagger.yaml").(*flagger.Canary)
	require.True(t, ok)
	hooks := canary.Spec.Analysis.Webhooks
	require.Len(t, hooks, 2)
	for _, hook := range hooks {
		require.NotNil(t, hook.Metadata)
		assert.Equal(t, "bash", (*hook.Metadata)["type"], "the load tester waits for no other")
		assert.True(t, strings.HasPrefix((*hook.Metadata)["cmd"], "prober fire http://"))
	}
}

// The workflow uses the action, so the linter checks the inputs against it.
func TestTheWorkflowOfGitHubIsValid(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	for from, to := range map[string]string{"action.yml": "deploy/ci/github/action.yml", "workflow.yml": ".github/workflows/load.yml"} {
		text, err := os.ReadFile(filepath.Join("..", "ci", "github", from))
		require.NoError(t, err)
		file := filepath.Join(root, filepath.FromSlash(to))
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(t, os.WriteFile(file, text, 0o600))
	}
	require.NoError(t, os.Mkdir(filepath.Join(root, ".git"), 0o755)) // the linter recognizes a repository by it
	lint := exec.CommandContext(t.Context(), "go", "tool", "-modfile=tools/actionlint/go.mod", "actionlint", "-no-color", "-shellcheck=", "-pyflakes=",
		filepath.Join(root, ".github", "workflows", "load.yml"))
	lint.Dir = filepath.Join("..", "..")
	out, err := lint.CombinedOutput()
	assert.NoError(t, err, "%s", out)
}
