package kubernetes

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"example.com/prober/internal/rig"
)

const (
	kustomization = "../../deploy/kubernetes"
	chart         = "../../deploy/helm/prober"
	chartValues   = "../../deploy/validate/testdata/chart/"
)

// object is one object of a rendered file.
type object map[string]any

func (o object) kind() string { kind, _ := o["kind"].(string); return kind }

// at returns a part of the object.
func (o object) at(keys ...string) object {
	for _, key := range keys {
		next, _ := o[key].(map[string]any)
		o = next
	}
	return o
}

func (o object) text(t *testing.T) string {
	t.Helper()
	text, err := json.Marshal(o)
	require.NoError(t, err)
	return string(text)
}

// resources are the resources of the kinds in deploy, in the order in which they are applied.
var resources = []struct{ kind, name string }{
	{"Namespace", "namespaces"}, {"CustomResourceDefinition", "customresourcedefinitions"},
	{"ServiceAccount", "serviceaccounts"}, {"ClusterRole", "clusterroles"}, {"ClusterRoleBinding", "clusterrolebindings"},
	{"Role", "roles"}, {"RoleBinding", "rolebindings"},
	{"ConfigMap", "configmaps"}, {"Service", "services"}, {"NetworkPolicy", "networkpolicies"}, {"PodDisruptionBudget", "poddisruptionbudgets"},
	{"PodMonitor", "podmonitors"}, {"ServiceMonitor", "servicemonitors"}, {"PrometheusRule", "prometheusrules"},
	{"StatefulSet", "statefulsets"},
}

func rank(o object) int {
	return slices.IndexFunc(resources, func(r struct{ kind, name string }) bool { return r.kind == o.kind() })
}

// path returns the path of the object in the API.
func (o object) path(t *testing.T) string {
	t.Helper()
	require.GreaterOrEqual(t, rank(o), 0, "a kind that the test does not know: %s", o.kind())
	version, _ := o["apiVersion"].(string)
	root := "/apis/"
	if !strings.Contains(version, "/") {
		root = "/api/"
	}
	if namespace, ok := o.at("metadata")["namespace"].(string); ok {
		version += "/namespaces/" + namespace
	}
	return fmt.Sprint(root, version, "/", resources[rank(o)].name, "/", o.at("metadata")["name"])
}

// readObjects returns the objects of a text in YAML, those first on which others depend.
func readObjects(t *testing.T, text []byte) (all []object) {
	t.Helper()
	for documents := yaml.NewDecoder(bytes.NewReader(text)); ; {
		var o map[string]any
		err := documents.Decode(&o)
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		if o != nil {
			all = append(all, o)
		}
	}
	slices.SortStableFunc(all, func(a, b object) int { return cmp.Compare(rank(a), rank(b)) })
	return all
}

// rendered returns the objects of a kustomization, or of a chart in a namespace with a file of values.
func rendered(t *testing.T, args ...string) []object {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), manifests, args...)
	text, err := cmd.Output()
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		require.NoError(t, err, "%s", failed.Stderr)
	}
	require.NoError(t, err)
	return readObjects(t, text)
}

// only returns the only object of a kind.
func only(t *testing.T, objects []object, kind string) object {
	t.Helper()
	i := slices.IndexFunc(objects, func(o object) bool { return o.kind() == kind })
	require.GreaterOrEqual(t, i, 0, kind)
	return objects[i]
}

// defineMonitors makes the API server know the kinds of the operator of Prometheus, with the schemas from its types.
func (p *controlPlane) defineMonitors(t *testing.T) {
	t.Helper()
	for _, plural := range []string{"podmonitors", "servicemonitors", "prometheusrules"} {
		text, err := os.ReadFile(filepath.Join(definitions, "monitoring.coreos.com_"+plural+".yaml"))
		require.NoError(t, err)
		p.applyAll(t, readObjects(t, text), false)
		rig.Until(t, "the API has "+plural, func() bool {
			status, _, err := p.try(http.MethodGet, "/apis/monitoring.coreos.com/v1/"+plural, "", "")
			return err == nil && status == http.StatusOK
		})
	}
}

// applyAll applies objects as kubectl does on the server's side. The server refuses fields that it does not know. Each
// object but a namespace is tried with a dry run first.
func (c *cluster) applyAll(t *testing.T, objects []object, onlyDry bool) {
	t.Helper()
	const asked = "?fieldManager=test&force=true&fieldValidation=Strict"
	for _, o := range objects {
		apply := func(query string) {
			c.do(http.MethodPatch, o.path(t)+asked+query, "application/apply-patch+yaml", o.text(t))
		}
		if o.kind() != "Namespace" {
			apply("&dryRun=All")
		}
		if !onlyDry || o.kind() == "Namespace" {
			apply("")
		}
	}
}

// awaitSet waits until all pods of the StatefulSet prober are ready, and of its newest version.
func (p *controlPlane) awaitSet(t *testing.T, namespace string, replicas int) {
	t.Helper()
	p.eventually(t, fmt.Sprintf("%d ready pods in %s", replicas, namespace), func() bool {
		set, err := p.client.AppsV1().StatefulSets(namespace).Get(t.Context(), "prober", getting)
		require.NoError(t, err)
		s := set.Status
		return s.ObservedGeneration == set.Generation && int(*set.Spec.Replicas) == replicas &&
			int(s.Replicas) == replicas && int(s.ReadyReplicas) == replicas && s.CurrentRevision == s.UpdateRevision
	})
}

// eventually is [rig.Until] for what takes the cluster minutes.
func (p *controlPlane) eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	require.NoError(t, rig.Poll(t.Context(), 8*time.Minute, what, is))
}

// scrape reads the metrics of a pod as a scraper does.
func (p *controlPlane) scrape(t *testing.T, namespace, pod string) rig.Metrics {
	t.Helper()
	c := p.container(namespace, pod)
	require.NotNil(t, c, pod)
	m, err := rig.Scrape(t.Context(), c.url+"/metrics")
	require.NoError(t, err)
	m.RequireBalanced(t)
	return m
}

// runsOn returns the pods on which a target runs.
func (p *controlPlane) runsOn(t *testing.T, namespace, target string) (names []string) {
	t.Helper()
	for _, pod := range p.pods(namespace) {
		if _, runs := targetsOf(p.scrape(t, namespace, pod.Name))[target]; runs {
			names = append(names, pod.Name)
		}
	}
	return names
}

// assertShards checks that each pod has the arguments of its manifest, with its own number, and knows how many there
// are.
func (p *controlPlane) assertShards(t *testing.T, namespace string, replicas int) {
	t.Helper()
	all := p.pods(namespace)
	require.Len(t, all, replicas)
	for _, pod := range all {
		number := strings.TrimPrefix(pod.Name, "prober-")
		args := slices.Clone(pod.Spec.Containers[0].Args)
		for i := range args {
			args[i] = strings.ReplaceAll(args[i], "$(SHARD)", number)
		}
		line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", p.container(namespace, pod.Name).Pid()))
		require.NoError(t, err)
		assert.Equal(t, append([]string{"/prober"}, args...), strings.Split(strings.TrimSuffix(string(line), "\x00"), "\x00"))
		assert.Contains(t, args, "--shard="+number)
		m := p.scrape(t, namespace, pod.Name)
		assert.InDelta(t, replicas, m.Sum("prober_total_shards"), 0, pod.Name)
		assert.Zero(t, m.Sum("prober_shards_changed_total"), pod.Name)
		assert.Zero(t, pod.Status.ContainerStatuses[0].RestartCount, pod.Name)
	}
}

func TestTheManifestsComeUp(t *testing.T) {
	p := startControlPlane(t, 2)
	p.defineMonitors(t)

	t.Run("kustomization", func(t *testing.T) {
		p.applyAll(t, rendered(t, kustomization), false)
		p.awaitSet(t, "prober", 2)
		p.assertShards(t, "prober", 2)
		nodes := map[string]bool{}
		for _, pod := range p.pods("prober") {
			nodes[pod.Spec.NodeName] = true
		}
		assert.Len(t, nodes, 2, "each pod has a node of its own")
		assert.Len(t, p.runsOn(t, "prober", "api"), 1)
		assert.Len(t, p.runsOn(t, "prober", "checkout"), 2)
	})

	t.Run("chart", func(t *testing.T) {
		for _, name := range []string{"minimal", "everything"} {
			objects := rendered(t, chart, "dry-"+name, chartValues+name+".values.yaml")
			p.applyAll(t, namespacesOf(objects), false)
			p.applyAll(t, objects, true)
		}
		objects := rendered(t, chart, "probes", chartValues+"shards.values.yaml")
		p.applyAll(t, namespacesOf(objects), false)
		for _, secret := range []string{"checkout", "api-tokens"} {
			p.create("/api/v1/namespaces/probes/secrets", fmt.Sprintf("{apiVersion: v1, kind: Secret, metadata: {name: %s}, stringData: {password: secret}}", secret))
		}
		p.applyAll(t, objects, false)
		p.awaitSet(t, "probes", 3)
		p.assertShards(t, "probes", 3)
		assert.Len(t, p.runsOn(t, "probes", "checkout"), 3)

		// With the service account of its pod the prober finds Services.
		p.create(services, service("stays", annotated(), 80))
		p.create(services, service("cart", annotated(), 80))
		shards := func(service string) int { return len(p.runsOn(t, "probes", "service/shop/"+service+":80")) }
		p.eventually(t, "each Service is a target of one shard", func() bool { return shards("cart") == 1 && shards("stays") == 1 })
		p.remove(services + "/cart")
		p.eventually(t, "the Service is no target", func() bool { return shards("cart") == 0 && shards("stays") == 1 })
	})
}

// namespacesOf returns the namespaces of objects, with the restrictions of deploy.
func namespacesOf(objects []object) (all []object) {
	seen := map[any]bool{nil: true}
	for _, o := range objects {
		if name := o.at("metadata")["namespace"]; !seen[name] {
			seen[name] = true
			labels := map[string]any{"pod-security.kubernetes.io/enforce": "restricted"}
			all = append(all, object{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": name, "labels": labels}})
		}
	}
	return all
}
