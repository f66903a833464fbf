// Package kubernetes tests the program with a real control plane of Kubernetes: service discovery against a
// kube-apiserver, and the manifests and the chart in a cluster in which pods run. `make kubernetes` builds the control
// plane and runs the tests. Nothing else does, because the build takes half an hour.
package kubernetes

import (
	"context"
	"errors"
	"fmt"
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

// TestMain builds the program. Without the folder KUBERNETES_BIN it says so once, and no test runs.
func TestMain(m *testing.M) {
	bin := os.Getenv("KUBERNETES_BIN")
	if bin == "" {
		rig.RunNone(m, "e2e/kubernetes: no test runs, KUBERNETES_BIN names no folder: make kubernetes")
		return
	}
	if err := errors.Join(find(bin), buildNetwork()); err != nil {
		panic(err)
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
// the folder bin, and etcd.
func find(bin string) (err error) {
	for name, path := range map[string]*string{
		"kube-apiserver": &apiserver, "kube-controller-manager": &manager, "kube-scheduler": &scheduler,
		"prometheus": &prometheus, "manifests": &manifests,
	} {
		if *path, err = exec.LookPath(filepath.Join(bin, name)); err != nil {
			return fmt.Errorf("KUBERNETES_BIN: %w", err)
		}
	}
	definitions = filepath.Join(bin, "definitions")
	if _, err := os.Stat(definitions); err != nil {
		return fmt.Errorf("KUBERNETES_BIN: %w", err)
	}
	if etcd = os.Getenv("ETCD"); etcd == "" {
		etcd = "etcd"
	}
	if etcd, err = exec.LookPath(etcd); err != nil {
		return fmt.Errorf("%w; the Debian package etcd-server has it", err)
	}
	return nil
}
