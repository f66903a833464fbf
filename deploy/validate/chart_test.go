package validate

import (
	"cmp"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/v2/lint"
	"helm.sh/helm/v4/pkg/chart/v2/lint/support"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	apimeta "k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/yaml"

	"example.com/prober/deploy/validate/templates"
)

const chartFolder = "../helm/prober"

var update = flag.Bool("update", false, "write the golden renders of the chart anew")

// manifest is one rendered object of the chart.
type manifest struct {
	file   string
	text   string
	object runtime.Object
}

// id is the kind, namespace and name of the object.
func (m manifest) id(t *testing.T) string {
	t.Helper()
	named, err := apimeta.Accessor(m.object)
	require.NoError(t, err)
	return path.Join(m.object.GetObjectKind().GroupVersionKind().Kind, named.GetNamespace(), named.GetName())
}

// try renders the chart as `helm install prober --namespace=probes` does, without a cluster.
func try(values map[string]any) (map[string]string, error) {
	return templates.Chart(chartFolder, "probes", values)
}

// render returns the objects in the order of their files. Each is decoded strictly.
func render(t *testing.T, values map[string]any) (objects []manifest) {
	t.Helper()
	files, err := try(values)
	require.NoError(t, err)
	decoder := strictDecoder(t)
	for _, file := range slices.Sorted(maps.Keys(files)) {
		if path.Ext(file) != ".yaml" {
			continue
		}
		for text := range strings.SplitSeq(files[file], "\n---\n") {
			var empty any
			if require.NoError(t, yaml.Unmarshal([]byte(text), &empty), text); empty == nil {
				continue
			}
			object, _, err := decoder.Decode([]byte(text), nil, nil)
			require.NoError(t, err, "%s\n%s", file, text)
			objects = append(objects, manifest{path.Base(file), strings.Trim(text, "\n") + "\n", object})
		}
	}
	return objects
}

// chartObject returns the only object of a type.
func chartObject[T runtime.Object](t *testing.T, objects []manifest) (found T) {
	t.Helper()
	all := chartObjects[T](objects)
	require.Len(t, all, 1, "%T", found)
	return all[0]
}

func chartObjects[T runtime.Object](objects []manifest) (found []T) {
	for _, m := range objects {
		if o, ok := m.object.(T); ok {
			found = append(found, o)
		}
	}
	return found
}

// valuesOf reads values as Helm does.
func valuesOf(t *testing.T, text string) map[string]any {
	t.Helper()
	values, err := loader.LoadValues(strings.NewReader(text))
	require.NoError(t, err)
	return values
}

// goldenValues reads testdata/chart/NAME.values.yaml.
func goldenValues(t *testing.T, name string) map[string]any {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "chart", name+".values.yaml"))
	require.NoError(t, err)
	return valuesOf(t, string(text))
}

func TestTheChartRendersWhatItRendered(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"minimal", "shards", "everything"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			for _, m := range render(t, goldenValues(t, name)) {
				fmt.Fprintf(&out, "---\n# %s\n%s", m.file, abridged(m))
			}
			file := filepath.Join("testdata", "chart", name+".golden.yaml")
			if *update {
				require.NoError(t, os.WriteFile(file, []byte(out.String()), 0o644))
			}
			want, err := os.ReadFile(file)
			require.NoError(t, err)
			assert.Equal(t, string(want), out.String(), "go -C deploy/validate test -run Chart -update writes it anew")
		})
	}
}

// abridged returns the text without the parts for TestTheChartInstallsTheRules and TestTheChartInstallsTheDashboards.
func abridged(m manifest) string {
	for file, begin := range map[string]string{"dashboards.yaml": ".json: |\n", "prometheusrule.yaml": "\nspec:\n"} {
		if before, _, found := strings.Cut(m.text, begin); found && m.file == file {
			return before + begin + "    ...\n"
		}
	}
	return m.text
}

func TestHelmFindsNoFaultWithTheChart(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"minimal", "shards", "everything"} {
		found := lint.RunAll(chartFolder, goldenValues(t, name), "probes")
		for _, message := range found.Messages {
			assert.True(t, message.Severity < support.WarningSev, "%s: %s", name, message.Error())
		}
	}
}

func TestTheChartRendersOnlyWhatTheValuesAskFor(t *testing.T) {
	t.Parallel()
	const targets = "config: {targets: [{name: home, url: 'http://www.example.com/'}]}\n"
	base := []string{"ConfigMap/probes/prober", "Service/probes/prober", "StatefulSet/probes/prober"}
	for key, added := range map[string][]string{
		"":                    nil,
		"podDisruptionBudget": {"PodDisruptionBudget/probes/prober"},
		"discovery":           {"ClusterRole/probes-prober", "ClusterRoleBinding/probes-prober", "ServiceAccount/probes/prober"},
		"podMonitor":          {"PodMonitor/probes/prober"},
		"serviceMonitor":      {"ServiceMonitor/probes/prober"},
		"prometheusRule":      {"PrometheusRule/probes/prober"},
		"networkPolicy":       {"NetworkPolicy/probes/prober"},
		"dashboards": {
			"ConfigMap/probes/prober-locations", "ConfigMap/probes/prober-overview", "ConfigMap/probes/prober-prober", "ConfigMap/probes/prober-target",
		},
	} {
		text := targets
		if key != "" {
			text += key + ": {enabled: true}\n"
		}
		var rendered []string
		for _, m := range render(t, valuesOf(t, text)) {
			rendered = append(rendered, m.id(t))
		}
		assert.ElementsMatch(t, slices.Concat(base, added), rendered, cmp.Or(key, "targets alone"))
	}
}

func TestHelmTakesTheChartOfARelease(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	out, err := exec.CommandContext(t.Context(), "go", "-C", "../..", "run", "./deploy/release", "-platforms=", "-version=1.2.3", "-o="+dir).CombinedOutput()
	require.NoError(t, err, "%s", out)
	packed, err := loader.LoadFile(filepath.Join(dir, "prober-1.2.3.tgz"))
	require.NoError(t, err)
	require.NoError(t, packed.Validate())
	assert.Equal(t, "1.2.3", packed.Metadata.Version)
	assert.Equal(t, "1.2.3", packed.Metadata.AppVersion)
	folder, err := loader.LoadDir(chartFolder)
	require.NoError(t, err)
	names := func(files []*common.File) (all []string) {
		for _, f := range files {
			all = append(all, f.Name)
		}
		return all
	}
	assert.ElementsMatch(t, names(folder.Templates), names(packed.Templates))
	assert.ElementsMatch(t, names(folder.Files), names(packed.Files))
}

// With a ConfigMap of the user's own the chart has none.
func TestTheChartTakesAConfigMapThatExists(t *testing.T) {
	t.Parallel()
	objects := render(t, valuesOf(t, "existingConfigMap: targets"))
	require.Len(t, objects, 2)
	for _, m := range objects {
		if strings.HasPrefix(m.id(t), "StatefulSet") {
			assert.Contains(t, m.text, `configMap: {name: "targets"}`)
		}
	}
}

func TestTheChartRefusesBadValues(t *testing.T) {
	t.Parallel()
	const ok = "config: {targets: [{name: home, url: 'http://www.example.com/'}]}\n"
	for values, message := range map[string]string{
		"":                                "config: it is empty; give what prober.yml says, or name a ConfigMap in existingConfigMap",
		ok + "existingConfigMap: x":       "config and existingConfigMap: both are given",
		ok + "files: {prober.yml: x}":     "files: prober.yml is what config says",
		ok + "shards: 0":                  "at '/shards': minimum: got 0, want 1",
		ok + "shards: two":                "at '/shards': got string, want integer",
		ok + "replicas: 2":                "additional properties 'replicas' not allowed",
		ok + "image: {pullPolicy: Often}": "at '/image/pullPolicy': value must be one of 'Always', 'IfNotPresent', 'Never'",
		ok + "image: {digest: latest}":    "at '/image/digest': 'latest' does not match pattern",
		ok + "extraArgs: [limit]":         "at '/extraArgs/0': 'limit' does not match pattern",
		ok + "secrets: [{name: a}]":       "at '/secrets/0': got object, want string",
		ok + "discovery: {roles: [all]}":  "at '/discovery/roles/0': value must be one of 'service', 'ingress'",
		ok + "discovery: {enabled: true, roles: [node], namespaces: [a]}":          "discovery.roles: nodes are in no namespace",
		ok + "webConfig: {tls: true}":                                              "webConfig.tls: it is true, and webConfig.secret names no Secret with web.yml",
		ok + "podMonitor: {enabled: true}\nserviceMonitor: {enabled: true}":        "podMonitor.enabled and serviceMonitor.enabled: both are true",
		ok + "podMonitor: {enabled: true, intervalSeconds: 60}":                    "shutdown.finalScrapeSeconds: it is 35 and must be more than podMonitor.intervalSeconds, which is 60",
		"config: {targets: [{name: home, url: 'http://h/', intervall: 1s}]}":       "at '/config/targets/0': additional properties 'intervall' not allowed",
		"config: {targets: [{name: home, url: 'http://h/', burst: {rate: many}}]}": "at '/config/targets/0/burst/rate':",
		"config: {defaults: {interval: 1s}}":                                       "at '/config':",
		"existingConfigMap: x\nfiles: {a.yml: x}":                                  "files: they go beside config",
	} {
		_, err := try(valuesOf(t, values))
		assert.ErrorContains(t, err, message, values)
	}
}
