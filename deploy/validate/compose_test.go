package validate

import (
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// project loads compose.yml as docker compose does. Unknown keys are errors.
func project(t *testing.T) *types.Project {
	t.Helper()
	options, err := cli.NewProjectOptions([]string{"../compose/compose.yml"})
	require.NoError(t, err)
	p, err := options.LoadProject(t.Context())
	require.NoError(t, err)
	return p
}

func TestEachImageOfComposeIsBuiltOrPinned(t *testing.T) {
	services := project(t).Services
	assert.ElementsMatch(t, []string{"prober", "demo", "prometheus", "alertmanager", "grafana"}, slices.Collect(maps.Keys(services)))
	for name, service := range services {
		if service.Build != nil {
			continue
		}
		assert.Regexp(t, regexp.MustCompile(`^[a-z]+/[a-z]+:v?\d+\.\d+\.\d+$`), service.Image, name)
	}
}

func TestEachFileThatComposeMountsExists(t *testing.T) {
	mounted := 0
	for name, service := range project(t).Services {
		for _, v := range service.Volumes {
			if v.Type != types.VolumeTypeBind {
				continue
			}
			mounted++
			found, err := filepath.Glob(v.Source)
			require.NoError(t, err)
			assert.NotEmpty(t, found, "%s: %s", name, v.Source)
			assert.True(t, v.ReadOnly, "%s: %s", name, v.Source)
		}
	}
	assert.Equal(t, 10, mounted)
}

func TestNothingOfComposeIsReachableFromElsewhere(t *testing.T) {
	for name, service := range project(t).Services {
		for _, port := range service.Ports {
			assert.Equal(t, "127.0.0.1", port.HostIP, name)
		}
		assert.Equal(t, []string{"ALL"}, service.CapDrop, name)
		assert.Empty(t, service.NetworkMode, name)
		if service.Build != nil {
			assert.FileExists(t, filepath.Join(service.Build.Context, "Dockerfile"), name)
			assert.True(t, service.ReadOnly, name)
			assert.True(t, slices.Contains(service.Command, "--web.listen-address=:10115"), name)
		}
	}
}
