// Package kubernetes tests the program with a real control plane of Kubernetes: service discovery against a
// kube-apiserver, and the manifests and the chart in a cluster in which pods run. `make kubernetes` builds the control
// plane and runs the tests. Nothing else does, because the build takes half an hour.
package kubernetes

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"example.com/prober/internal/rig"
)

// The program under test: with the tests' flags, and as it is in the image.
var prober, imaged string

// The other programs, and the folder with the definitions of the kinds of the operator of Prometheus.
var apiserver, manager, scheduler, etcd, prometheus, manifests, definitions string

// TestMain builds the program. If a program of others is missing it says so once, and no test runs.
func TestMain(m *testing.M) {
	if missing := find(); missing != "" {
		rig.RunNone(m, "e2e/kubernetes: no test runs, "+missing+": make kubernetes")
		return
	}
	if err := buildNetwork(); err != nil {
		rig.RunNone(m, "e2e/kubernetes: no test runs, "+err.Error()+": make kubernetes")
		return
	}
	dir, err := os.MkdirTemp("", "prober-image-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	imaged = filepath.Join(dir, "prober")
	if err := rig.Build(context.Background(), imaged, []string{"CGO_ENABLED=0"}, "-trimpath", "-tags=timetzdata"); err != nil {
		panic(err)
	}
	rig.RunWith(m, &prober)
}

// find looks for the programs of others: those of the control plane, a Prometheus and the renderer of the manifests in
// the folder KUBERNETES_BIN, and etcd. It returns what is missing.
func find() (missing string) {
	bin := os.Getenv("KUBERNETES_BIN")
	if bin == "" {
		return "KUBERNETES_BIN names no folder"
	}
	for name, path := range map[string]*string{
		"kube-apiserver": &apiserver, "kube-controller-manager": &manager, "kube-scheduler": &scheduler,
		"prometheus": &prometheus, "manifests": &manifests,
	} {
		*path = filepath.Join(bin, name)
		if _, err := exec.LookPath(*path); err != nil {
			return "KUBERNETES_BIN has no " + name
		}
	}
	definitions = filepath.Join(bin, "definitions")
	if found, err := filepath.Glob(filepath.Join(definitions, "*.yaml")); err != nil || len(found) == 0 {
		return "KUBERNETES_BIN has no definitions"
	}
	if etcd = os.Getenv("ETCD"); etcd == "" {
		etcd = "etcd"
	}
	var err error
	if etcd, err = exec.LookPath(etcd); err != nil {
		return "etcd is not installed; the Debian package etcd-server has it"
	}
	return ""
}
