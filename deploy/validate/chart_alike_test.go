package validate

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	rbac "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/util/yaml"
	security "k8s.io/pod-security-admission/api"
	restricted "k8s.io/pod-security-admission/policy"
)

// alike are values for the same objects as in deploy/kubernetes.
const alike = `
fullnameOverride: prober
image: {tag: latest}
shards: 2
config: {targets: [{name: home, url: 'http://www.example.com/'}]}
podDisruptionBudget: {enabled: true}
podMonitor: {enabled: true}
prometheusRule: {enabled: true}
networkPolicy: {enabled: true}
`

func TestTheChartDecidesAsTheKustomizationDoes(t *testing.T) {
	t.Parallel()
	m, objects := shipped(t), render(t, valuesOf(t, alike))
	want, got := get[*apps.StatefulSet](t, m), chartObject[*apps.StatefulSet](t, objects)
	pod, container := &got.Spec.Template.Spec, &got.Spec.Template.Spec.Containers[0]
	// The differences are the default, said once more, and the label for the release.
	container.Args = slices.DeleteFunc(container.Args, func(arg string) bool { return arg == "--shutdown.grace=15s" })
	container.ImagePullPolicy = ""
	delete(pod.TopologySpreadConstraints[0].LabelSelector.MatchLabels, "app.kubernetes.io/instance")
	assert.Equal(t, want.Spec.Template.Spec, *pod)
	assert.Equal(t, want.Spec.Replicas, got.Spec.Replicas)
	assert.Equal(t, want.Spec.PodManagementPolicy, got.Spec.PodManagementPolicy)
	assert.Equal(t, want.Spec.ServiceName, got.Spec.ServiceName)

	service := chartObject[*core.Service](t, objects)
	assert.Equal(t, get[*core.Service](t, m).Spec.Ports, service.Spec.Ports)
	assert.Equal(t, core.ClusterIPNone, service.Spec.ClusterIP)
	assert.True(t, service.Spec.PublishNotReadyAddresses)
	assert.Equal(t, get[*policy.PodDisruptionBudget](t, m).Spec.MaxUnavailable, chartObject[*policy.PodDisruptionBudget](t, objects).Spec.MaxUnavailable)
	monitor := chartObject[*monitoring.PodMonitor](t, objects)
	assert.Equal(t, get[*monitoring.PodMonitor](t, m).Spec.PodMetricsEndpoints, monitor.Spec.PodMetricsEndpoints)
	assert.Equal(t, get[*monitoring.PodMonitor](t, m).Spec.JobLabel, monitor.Spec.JobLabel)
	fence := chartObject[*networking.NetworkPolicy](t, objects)
	assert.Equal(t, get[*networking.NetworkPolicy](t, m).Spec.Ingress, fence.Spec.Ingress)
	assert.Equal(t, get[*networking.NetworkPolicy](t, m).Spec.Egress, fence.Spec.Egress)
	assert.Equal(t, get[*monitoring.PrometheusRule](t, m).Spec, chartObject[*monitoring.PrometheusRule](t, objects).Spec)
}

func TestTheChartSelectsItsPodsAndNoOthers(t *testing.T) {
	t.Parallel()
	objects := render(t, valuesOf(t, alike))
	want := map[string]string{"app.kubernetes.io/name": "prober", "app.kubernetes.io/instance": "prober"}
	set := chartObject[*apps.StatefulSet](t, objects)
	assert.Equal(t, want, set.Spec.Template.Labels)
	assert.Equal(t, want, set.Spec.Selector.MatchLabels)
	assert.Equal(t, want, chartObject[*core.Service](t, objects).Spec.Selector)
	assert.Equal(t, want, chartObject[*policy.PodDisruptionBudget](t, objects).Spec.Selector.MatchLabels)
	assert.Equal(t, want, chartObject[*monitoring.PodMonitor](t, objects).Spec.Selector.MatchLabels)
	assert.Equal(t, want, chartObject[*networking.NetworkPolicy](t, objects).Spec.PodSelector.MatchLabels)
}

// The roles of deploy/kubernetes/discovery get the same rights from the chart, and each role alone gets its own.
func TestTheChartGivesDiscoveryTheRightsItNeeds(t *testing.T) {
	t.Parallel()
	const enabled = "existingConfigMap: x\ndiscovery: {enabled: true, roles: "
	var want, got rbac.ClusterRole
	text, err := os.ReadFile("../kubernetes/discovery/rbac.yaml")
	require.NoError(t, err)
	require.NoError(t, yaml.Unmarshal(bytes.Split(text, []byte("\n---\n"))[1], &want))
	got = *chartObject[*rbac.ClusterRole](t, render(t, valuesOf(t, enabled+"[service, ingress]}")))
	assert.Equal(t, want.Rules, got.Rules)

	for role, resources := range map[string][]string{
		"service": {"services"}, "ingress": {"ingresses"}, "pod": {"pods"}, "node": {"nodes"},
		"endpoints": {"endpoints", "pods", "services"}, "endpointslice": {"pods", "services", "endpointslices"},
	} {
		var allowed []string
		for _, rule := range chartObject[*rbac.ClusterRole](t, render(t, valuesOf(t, enabled+"["+role+"]}"))).Rules {
			assert.Equal(t, []string{"list", "watch"}, rule.Verbs)
			allowed = append(allowed, rule.Resources...)
		}
		assert.Equal(t, resources, allowed, role)
	}
}

func TestTheChartWritesTheConfigurationOfTheValues(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"minimal", "shards", "everything"} {
		values := goldenValues(t, name)
		for _, m := range chartObjects[*core.ConfigMap](render(t, values)) {
			text, found := m.Data["prober.yml"]
			if !found {
				continue
			}
			assert.Equal(t, values["config"], valuesOf(t, text)) // templates of the prober are not Helm's
			assert.NotContains(t, text, "e+", "a number in the form of floats")
			files, _ := values["files"].(map[string]any)
			for file, want := range files {
				assert.Equal(t, want, m.Data[file])
			}
		}
	}
}

func TestTheChartInstallsTheRules(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../dashboards/rules/prometheusrule.yaml")
	require.NoError(t, err)
	for from, to := range map[string]string{"https://runbooks.example.com": "https://docs.example.org/prober", "https://grafana.example.com": "https://grafana.example.org"} {
		text = bytes.ReplaceAll(text, []byte(from), []byte(to))
	}
	var want monitoring.PrometheusRule
	require.NoError(t, yaml.Unmarshal(text, &want))
	got := chartObject[*monitoring.PrometheusRule](t, render(t, goldenValues(t, "everything")))
	assert.Equal(t, want.Spec, got.Spec)
}

func TestTheChartInstallsTheDashboards(t *testing.T) {
	t.Parallel()
	names, err := filepath.Glob("../../dashboards/*.json")
	require.NoError(t, err)
	want, got := map[string]string{}, map[string]string{}
	for _, name := range names {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		want[filepath.Base(name)] = string(text)
	}
	for _, m := range chartObjects[*core.ConfigMap](render(t, goldenValues(t, "everything"))) {
		if m.Labels["grafana_dashboard"] == "1" {
			for name, text := range m.Data {
				got[name] = text
			}
		}
	}
	assert.Len(t, got, 4)
	assert.Equal(t, want, got)
}

func TestANamespaceWithRestrictionsAdmitsThePodsOfTheChart(t *testing.T) {
	t.Parallel()
	evaluator, err := restricted.NewEvaluator(restricted.DefaultChecks(), nil)
	require.NoError(t, err)
	for _, name := range []string{"minimal", "shards", "everything"} {
		pod := chartObject[*apps.StatefulSet](t, render(t, goldenValues(t, name))).Spec.Template
		verdict := restricted.AggregateCheckResults(evaluator.EvaluatePod(
			security.LevelVersion{Level: security.LevelRestricted, Version: security.LatestVersion()}, &pod.ObjectMeta, &pod.Spec))
		assert.True(t, verdict.Allowed, "%s: %s", name, verdict.ForbiddenDetail())
	}
}

// Helm keeps a release in a Secret of at most a MiB: the chart, and its rendered objects.
func TestAReleaseOfTheChartFitsIntoASecret(t *testing.T) {
	t.Parallel()
	var stored bytes.Buffer
	packed := gzip.NewWriter(&stored)
	require.NoError(t, filepath.WalkDir(chartFolder, func(file string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(file)
		if err == nil {
			_, err = io.WriteString(packed, base64.StdEncoding.EncodeToString(text))
		}
		return err
	}))
	for _, m := range render(t, goldenValues(t, "everything")) {
		_, err := io.WriteString(packed, strings.TrimSpace(m.text))
		require.NoError(t, err)
	}
	require.NoError(t, packed.Close())
	t.Logf("%d bytes", base64.StdEncoding.EncodedLen(stored.Len()))
	assert.Less(t, base64.StdEncoding.EncodedLen(stored.Len()), 512<<10)
}
