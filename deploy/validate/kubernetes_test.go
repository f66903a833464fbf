// Package validate checks the files of deploy with the libraries of their readers. It has a module of its own, so the
// program needs none of these.
package validate

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	apimeta "k8s.io/apimachinery/pkg/api/meta"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/kubernetes/scheme"
	security "k8s.io/pod-security-admission/api"
	restricted "k8s.io/pod-security-admission/policy"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// manifests are the objects of `kubectl apply --kustomize`, by kind.
type manifests map[string]runtime.Object

// build builds a kustomization and decodes the result, field by field.
func build(t *testing.T, files filesys.FileSystem, dir string) manifests {
	t.Helper()
	decoder := strictDecoder(t)
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(files, dir)
	require.NoError(t, err)
	objects := manifests{}
	for _, resource := range built.Resources() {
		text, err := resource.AsYAML()
		require.NoError(t, err)
		object, kind, err := decoder.Decode(text, nil, nil)
		require.NoError(t, err, "%s", text)
		assert.NotContains(t, objects, kind.Kind)
		objects[kind.Kind] = object
	}
	return objects
}

// strictDecoder rejects keys that the types of Kubernetes and of the operator of Prometheus do not have.
func strictDecoder(t *testing.T) runtime.Decoder {
	t.Helper()
	known := runtime.NewScheme()
	require.NoError(t, scheme.AddToScheme(known))
	require.NoError(t, monitoring.AddToScheme(known))
	return serializer.NewCodecFactory(known, serializer.EnableStrict).UniversalDeserializer()
}

func shipped(t *testing.T) manifests {
	t.Helper()
	return build(t, filesys.MakeFsOnDisk(), "../kubernetes")
}

// get returns the object of a type.
func get[T runtime.Object](t *testing.T, m manifests) T {
	t.Helper()
	for _, object := range m {
		if o, ok := object.(T); ok {
			return o
		}
	}
	var none T
	require.Fail(t, "an object is missing", "%T", none)
	return none
}

func TestKustomizeBuildsObjectsThatKubernetesAndTheOperatorKnow(t *testing.T) {
	m := shipped(t)
	assert.Len(t, m, 8)
	for kind, object := range m {
		named, err := apimeta.Accessor(object)
		require.NoError(t, err)
		assert.Equal(t, "prober", named.GetName(), kind)
		if kind != "Namespace" {
			assert.Equal(t, "prober", named.GetNamespace(), kind)
		}
	}
	assert.NotEmpty(t, get[*monitoring.PrometheusRule](t, m).Spec.Groups)
	assert.Contains(t, get[*core.ConfigMap](t, m).Data["prober.yml"], "targets:")
}

func TestEachPodIsToldItsIndexAndWhereToFindHowManyThereAre(t *testing.T) {
	m := shipped(t)
	set, service := get[*apps.StatefulSet](t, m), get[*core.Service](t, m)
	container := set.Spec.Template.Spec.Containers[0]
	srv := "--shards.srv=_" + service.Spec.Ports[0].Name + "._tcp." + service.Name
	assert.Subset(t, container.Args, []string{"--shard=$(SHARD)", "--total-shards=auto", srv})
	shard := variable(t, container, "SHARD")
	assert.Equal(t, "metadata.labels['"+apps.PodIndexLabel+"']", shard.ValueFrom.FieldRef.FieldPath)
	assert.Equal(t, apps.ParallelPodManagement, set.Spec.PodManagementPolicy)
}

// Only then do the records name the pods, and even before they are ready.
func TestTheServiceNamesEveryShard(t *testing.T) {
	m := shipped(t)
	set, service := get[*apps.StatefulSet](t, m), get[*core.Service](t, m)
	assert.Equal(t, service.Name, set.Spec.ServiceName)
	assert.Equal(t, core.ClusterIPNone, service.Spec.ClusterIP)
	assert.True(t, service.Spec.PublishNotReadyAddresses)
	assert.Contains(t, []core.Protocol{"", core.ProtocolTCP}, service.Spec.Ports[0].Protocol)
}

// The base is copied, because an overlay cannot see a value that the base replaces.
func TestTheNumberOfShardsIsSaidInOnePlace(t *testing.T) {
	scaled := func(count string) *apps.StatefulSet {
		files := filesys.MakeFsInMemory()
		for _, pattern := range []string{"../kubernetes/*.y*ml", "../../dashboards/rules/*.yaml"} {
			names, err := filepath.Glob(pattern)
			require.NoError(t, err)
			for _, name := range names {
				text, err := os.ReadFile(name)
				require.NoError(t, err)
				text = bytes.Replace(text, []byte("count: 2"), []byte("count: "+count), 1)
				require.NoError(t, files.WriteFile(filepath.Join("/deploy/validate", name), text))
			}
		}
		return get[*apps.StatefulSet](t, build(t, files, "/deploy/kubernetes"))
	}
	two, seven := scaled("2"), scaled("7")
	assert.EqualValues(t, 7, *seven.Spec.Replicas)
	assert.Equal(t, two.Spec.Template, seven.Spec.Template, "no pod is started anew")
}

func TestEveryObjectSelectsThePods(t *testing.T) {
	m := shipped(t)
	set := get[*apps.StatefulSet](t, m)
	pod := labels.Set(set.Spec.Template.Labels)
	for name, selector := range map[string]meta.LabelSelector{
		"statefulset":       *set.Spec.Selector,
		"topology spread":   *set.Spec.Template.Spec.TopologySpreadConstraints[0].LabelSelector,
		"disruption budget": *get[*policy.PodDisruptionBudget](t, m).Spec.Selector,
		"network policy":    get[*networking.NetworkPolicy](t, m).Spec.PodSelector,
		"pod monitor":       get[*monitoring.PodMonitor](t, m).Spec.Selector,
		"service":           {MatchLabels: get[*core.Service](t, m).Spec.Selector},
	} {
		s, err := meta.LabelSelectorAsSelector(&selector)
		require.NoError(t, err)
		assert.False(t, s.Empty(), name)
		assert.True(t, s.Matches(pod), name)
	}
}

func TestEveryPortIsThatOfTheContainer(t *testing.T) {
	m := shipped(t)
	container := get[*apps.StatefulSet](t, m).Spec.Template.Spec.Containers[0]
	port := container.Ports[0]
	assert.Contains(t, container.Args, "--web.listen-address=:"+strconv.Itoa(int(port.ContainerPort)))
	assert.Equal(t, port.Name, *get[*monitoring.PodMonitor](t, m).Spec.PodMetricsEndpoints[0].Port)
	assert.Equal(t, port.Name, get[*core.Service](t, m).Spec.Ports[0].TargetPort.StrVal)
	assert.Equal(t, port.Name, get[*networking.NetworkPolicy](t, m).Spec.Ingress[0].Ports[0].Port.StrVal)
	for _, probe := range []*core.Probe{container.StartupProbe, container.LivenessProbe, container.ReadinessProbe} {
		assert.Equal(t, port.Name, probe.HTTPGet.Port.StrVal)
	}
}

func TestTheNamespaceAdmitsThePods(t *testing.T) {
	m := shipped(t)
	level := get[*core.Namespace](t, m).Labels[security.EnforceLevelLabel]
	require.Equal(t, string(security.LevelRestricted), level)
	evaluator, err := restricted.NewEvaluator(restricted.DefaultChecks(), nil)
	require.NoError(t, err)
	pod := get[*apps.StatefulSet](t, m).Spec.Template
	verdict := restricted.AggregateCheckResults(evaluator.EvaluatePod(
		security.LevelVersion{Level: security.LevelRestricted, Version: security.LatestVersion()}, &pod.ObjectMeta, &pod.Spec))
	assert.True(t, verdict.Allowed, verdict.ForbiddenDetail())
	assert.True(t, *pod.Spec.Containers[0].SecurityContext.ReadOnlyRootFilesystem)
	assert.False(t, *pod.Spec.AutomountServiceAccountToken)
}

// A pod may end only after one more scrape, or it loses numbers that nobody has read.
func TestThereIsTimeForTheLastScrape(t *testing.T) {
	m := shipped(t)
	pod := get[*apps.StatefulSet](t, m).Spec.Template.Spec
	const grace = 15 // seconds, the default of --shutdown.grace
	finalScrape := seconds(t, strings.Join(pod.Containers[0].Args, " "), `--shutdown\.final-scrape=(\d+)s`)
	assert.Greater(t, time.Duration(finalScrape)*time.Second, scrapeInterval(t, m))
	assert.Greater(t, int(*pod.TerminationGracePeriodSeconds), grace+finalScrape)
}

func scrapeInterval(t *testing.T, m manifests) time.Duration {
	t.Helper()
	interval, err := time.ParseDuration(string(get[*monitoring.PodMonitor](t, m).Spec.PodMetricsEndpoints[0].Interval))
	require.NoError(t, err)
	return interval
}

// seconds returns the number that pattern finds in text.
func seconds(t *testing.T, text, pattern string) int {
	t.Helper()
	found := regexp.MustCompile(pattern).FindStringSubmatch(text)
	require.NotNil(t, found, "%s in %s", pattern, text)
	n, err := strconv.Atoi(found[1])
	require.NoError(t, err)
	return n
}

func variable(t *testing.T, c core.Container, name string) core.EnvVar {
	t.Helper()
	i := slices.IndexFunc(c.Env, func(v core.EnvVar) bool { return v.Name == name })
	require.GreaterOrEqual(t, i, 0, name)
	return c.Env[i]
}
