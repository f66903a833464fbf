package kubernetes

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	core "k8s.io/api/core/v1"
	client "k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"example.com/prober/internal/rig"
)

// controlPlane is a cluster in which pods run: with the controllers and the scheduler of Kubernetes, and with nodes and
// a name server of this test.
type controlPlane struct {
	*cluster
	client *client.Clientset
	nodes  []*node
}

const kubeconfig = `
apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: %q, certificate-authority: %q}}]
users: [{name: admin, user: {token: %s}}]
contexts: [{name: c, context: {cluster: c, user: admin}}]
current-context: c
`

// startControlPlane starts all of a cluster, with that many nodes.
func startControlPlane(t *testing.T, nodes int) *controlPlane {
	t.Helper()
	// The Service of the API server leads to port 443 of its own address, where nothing translates addresses.
	p := &controlPlane{cluster: startAPIServer(t, "0.0.0.0", "443")}
	access := p.file("kubeconfig", fmt.Appendf(nil, kubeconfig, p.url, p.ca, admin))
	config, err := clientcmd.BuildConfigFromFlags("", access)
	require.NoError(t, err)
	config.QPS = -1 // no limit of its own
	p.client, err = client.NewForConfig(config)
	require.NoError(t, err)
	secure := func() []string {
		return []string{
			"--kubeconfig=" + access, "--leader-elect=false", "--bind-address=127.0.0.1",
			"--tls-cert-file=" + filepath.Join(p.dir, "serving.pem"), "--tls-private-key-file=" + filepath.Join(p.dir, "serving.key"),
		}
	}
	managerPort, schedulerPort := rig.FreePort(t), rig.FreePort(t)
	p.run(manager, managerPort, append(secure(), "--secure-port="+managerPort,
		"--service-account-private-key-file="+filepath.Join(p.dir, "accounts.key"), "--root-ca-file="+p.ca)...)
	p.run(scheduler, schedulerPort, append(secure(), "--secure-port="+schedulerPort)...)
	p.serveNames(t)
	p.startNodes(t, nodes)
	return p
}

// run starts a program of the control plane and waits until it is healthy.
func (p *controlPlane) run(program, port string, flags ...string) {
	p.t.Helper()
	started := rig.Start(p.t, exec.CommandContext(p.t.Context(), program, flags...))
	err := rig.Poll(p.t.Context(), 5*time.Minute, filepath.Base(program)+" is healthy", func() bool {
		require.False(p.t, started.HasEnded(), "%s has ended", program)
		status, _, err := p.ask(http.MethodGet, "https://127.0.0.1:"+port+"/healthz", "", "")
		return err == nil && status == http.StatusOK
	})
	require.NoError(p.t, err)
}

// startNodes starts the nodes. They end with the test, and their pods with them.
func (p *controlPlane) startNodes(t *testing.T, n int) {
	t.Helper()
	ctx, end := context.WithCancel(context.Background())
	var running sync.WaitGroup
	t.Cleanup(func() {
		end()
		running.Wait()
		for _, n := range p.nodes {
			n.close(t)
		}
	})
	for i := range n {
		n := newNode(p, i+1)
		p.nodes = append(p.nodes, n)
		running.Go(func() { n.run(ctx) })
	}
	rig.Until(t, "all nodes are ready", func() bool {
		for _, n := range p.nodes {
			found, err := p.client.CoreV1().Nodes().Get(t.Context(), n.name, getting)
			if err != nil || len(found.Spec.Taints) > 0 {
				return false
			}
		}
		return true
	})
}

// container returns the running container of a pod, nil if there is none.
func (p *controlPlane) container(namespace, pod string) (found *container) {
	for _, n := range p.nodes {
		if c := n.container(namespace + "/" + pod); c != nil {
			found = c
		}
	}
	return found
}

// pods returns the pods of a namespace.
func (p *controlPlane) pods(namespace string) []core.Pod {
	p.t.Helper()
	list, err := p.client.CoreV1().Pods(namespace).List(p.t.Context(), listing)
	require.NoError(p.t, err)
	return list.Items
}

// outputOf returns the output of a pod so far.
func (p *controlPlane) outputOf(t *testing.T, pod string) (text string) {
	t.Helper()
	for _, n := range p.nodes {
		for _, path := range n.outputs("prober/" + pod) {
			part, err := os.ReadFile(path)
			require.NoError(t, err)
			text += string(part)
		}
	}
	return text
}
