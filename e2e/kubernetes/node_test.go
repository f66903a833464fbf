package kubernetes

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/cache"
)

var (
	getting = meta.GetOptions{}
	listing = meta.ListOptions{}
)

// node does what a kubelet does: it registers itself and runs the pods that the scheduler gives to it. Each pod has a
// network and a host name of its own, and each container a file system with the program and its volumes. It has no
// runtime of containers: an image is not pulled, its program is always the one under test. Limits of resources and
// network policies do nothing.
type node struct {
	*controlPlane
	name    string
	address string
	dir     string

	running sync.WaitGroup
	mu      sync.Mutex
	made    int // pods so far
	runs    map[types.UID]*podRun
	faults  []string
}

func newNode(p *controlPlane, number int) *node {
	return &node{
		controlPlane: p, name: fmt.Sprintf("node-%d", number), address: fmt.Sprintf("10.244.%d.1", number),
		dir: filepath.Join(p.dir, fmt.Sprintf("node-%d", number)), runs: map[types.UID]*podRun{},
	}
}

// run runs the node until ctx ends. All its pods are killed then.
func (n *node) run(ctx context.Context) {
	defer n.running.Wait()
	n.running.Go(func() { n.beat(ctx) })
	mine := cache.NewListWatchFromClient(n.client.CoreV1().RESTClient(), "pods", "", fields.OneTermEqualSelector("spec.nodeName", n.name))
	see := func(o any) {
		if pod, ok := o.(*core.Pod); ok {
			n.see(ctx, pod)
		}
	}
	_, watch := cache.NewInformerWithOptions(cache.InformerOptions{ListerWatcher: mine, ObjectType: &core.Pod{}, Handler: cache.ResourceEventHandlerFuncs{
		AddFunc:    see,
		UpdateFunc: func(_, now any) { see(now) },
		DeleteFunc: func(o any) {
			if last, ok := o.(cache.DeletedFinalStateUnknown); ok {
				o = last.Obj
			}
			if pod, ok := o.(*core.Pod); ok {
				n.forget(pod.UID)
			}
		},
	}})
	watch.RunWithContext(ctx)
}

// beat registers the node, and says again and again that it is there. The cluster would delete the pods of a node that
// says nothing.
func (n *node) beat(ctx context.Context) {
	room := core.ResourceList{core.ResourceCPU: resource.MustParse("64"), core.ResourceMemory: resource.MustParse("64Gi"), core.ResourcePods: resource.MustParse("110")}
	me := &core.Node{
		ObjectMeta: meta.ObjectMeta{Name: n.name, Labels: map[string]string{core.LabelHostname: n.name, core.LabelOSStable: "linux", core.LabelArchStable: "amd64"}},
		Status: core.NodeStatus{
			Capacity: room, Allocatable: room,
			Addresses: []core.NodeAddress{{Type: core.NodeInternalIP, Address: n.address}},
		},
	}
	_, err := n.client.CoreV1().Nodes().Create(ctx, me, meta.CreateOptions{})
	n.note(ctx, "the node is registered", err)
	every(ctx, 5*time.Second, func() {
		now := meta.Now().UTC().Format(time.RFC3339)
		status := fmt.Sprintf(`{"status": {"conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady", "lastHeartbeatTime": %q}]}}`, now)
		_, err := n.client.CoreV1().Nodes().Patch(ctx, n.name, types.StrategicMergePatchType, []byte(status), meta.PatchOptions{}, "status")
		n.note(ctx, "the node is ready", err)
	})
}

// every calls do at once and again and again until ctx ends.
func every(ctx context.Context, interval time.Duration, do func()) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		do()
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// see takes the latest state of a pod of this node.
func (n *node) see(ctx context.Context, pod *core.Pod) {
	n.mu.Lock()
	defer n.mu.Unlock()
	run := n.runs[pod.UID]
	if run == nil {
		n.made++
		run = newPodRun(n, pod, fmt.Sprintf("%s.%d", n.address[:len(n.address)-len(".1")], 1+n.made))
		n.runs[pod.UID] = run
		n.running.Go(func() { run.run(ctx) })
		return
	}
	run.update(pod)
}

// forget ends a pod that is no object of the cluster any more.
func (n *node) forget(uid types.UID) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if run := n.runs[uid]; run != nil {
		delete(n.runs, uid)
		close(run.gone)
	}
}

// container returns the running container of the pod NAMESPACE/NAME, nil if there is none.
func (n *node) container(pod string) *container {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, run := range n.runs {
		if c := run.current.Load(); run.name == pod && c != nil && !c.HasEnded() {
			return c
		}
	}
	return nil
}

// outputs returns the files with the output of the pod NAMESPACE/NAME that is there.
func (n *node) outputs(pod string) (paths []string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, run := range n.runs {
		if run.name == pod {
			paths = append(paths, filepath.Join(run.dir, "output"))
		}
	}
	return paths
}

// note keeps an error for the end of the test. Errors after the end of ctx are none.
func (n *node) note(ctx context.Context, what string, err error) {
	if err == nil || ctx.Err() != nil {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.faults = append(n.faults, fmt.Sprintf("%s: %s: %v", n.name, what, err))
}

// close says what went wrong, with the output of all pods if the test has failed.
func (n *node) close(t *testing.T) {
	t.Helper()
	assert.Empty(t, n.faults)
	outputs, _ := filepath.Glob(filepath.Join(n.dir, "*", "output"))
	for _, output := range outputs {
		text, _ := os.ReadFile(output)
		assert.NotContains(t, string(text), "panic: ", output)
		if t.Failed() {
			t.Logf("%s:\n%s", output, text)
		}
	}
}
