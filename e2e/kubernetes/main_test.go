// Package kubernetes tests service discovery against a real kube-apiserver with an etcd behind it. `make kubernetes`
// builds the kube-apiserver and runs the tests. Nothing else does, because the build takes half an hour.
package kubernetes

import (
	"os"
	"os/exec"
	"testing"

	"example.com/prober/internal/rig"
)

// The program under test, and its servers.
var prober, apiserver, etcd string

// TestMain builds the program. If a server is missing it says so once, and no test runs.
func TestMain(m *testing.M) {
	apiserver = os.Getenv("KUBE_APISERVER")
	if etcd = os.Getenv("ETCD"); etcd == "" {
		etcd = "etcd"
	}
	missing := ""
	if _, err := exec.LookPath(apiserver); err != nil {
		missing = "KUBE_APISERVER names no kube-apiserver"
	} else if etcd, err = exec.LookPath(etcd); err != nil {
		missing = "etcd is not installed; the Debian package etcd-server has it"
	}
	if missing != "" {
		rig.RunNone(m, "e2e/kubernetes: no test runs, "+missing+": make kubernetes")
		return
	}
	rig.RunWith(m, &prober)
}
