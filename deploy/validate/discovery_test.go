package validate

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	rbac "k8s.io/api/rbac/v1"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// The discovery in the cluster may read Services and Ingresses, and nothing else.
func TestDiscoveryInTheClusterHasTheRightsItNeeds(t *testing.T) {
	m := build(t, filesys.MakeFsOnDisk(), "testdata/discovery")
	assert.Len(t, m, 11)
	account := get[*core.ServiceAccount](t, m)
	pod := get[*apps.StatefulSet](t, m).Spec.Template.Spec
	assert.Equal(t, account.Name, pod.ServiceAccountName)
	require.NotNil(t, pod.AutomountServiceAccountToken)
	assert.True(t, *pod.AutomountServiceAccountToken)
	role, binding := get[*rbac.ClusterRole](t, m), get[*rbac.ClusterRoleBinding](t, m)
	assert.Equal(t, role.Name, binding.RoleRef.Name)
	assert.Equal(t, []rbac.Subject{{Kind: "ServiceAccount", Name: account.Name, Namespace: account.Namespace}}, binding.Subjects)
	var resources []string
	for _, rule := range role.Rules {
		assert.Equal(t, []string{"list", "watch"}, rule.Verbs)
		resources = append(resources, rule.Resources...)
	}
	assert.Equal(t, []string{"services", "ingresses"}, resources)
	shipped, err := os.ReadFile("../kubernetes/discovery/prober.yml")
	require.NoError(t, err)
	assert.Equal(t, string(shipped), get[*core.ConfigMap](t, m).Data["prober.yml"])
}
