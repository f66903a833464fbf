package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	core "k8s.io/api/core/v1"
	kuberrors "k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	"example.com/prober/internal/rig"
)

// podRun is a pod on a node. One goroutine does all its work.
type podRun struct {
	*node
	name    string // NAMESPACE/NAME
	address string
	dir     string
	started time.Time

	pod     atomic.Pointer[core.Pod] // as last seen
	changed chan struct{}
	gone    chan struct{} // closed when the object is gone
	current atomic.Pointer[container]

	volumes  []*volume
	output   *os.File
	restarts int32
	ended    core.ContainerState // of the container before
}

func newPodRun(n *node, pod *core.Pod, address string) *podRun {
	r := &podRun{
		node: n, name: pod.Namespace + "/" + pod.Name, address: address, dir: filepath.Join(n.dir, fmt.Sprintf("%s-%d", pod.Name, n.made)),
		started: time.Now(), changed: make(chan struct{}, 1), gone: make(chan struct{}),
	}
	r.pod.Store(pod)
	return r
}

// update wakes the goroutine of the pod up.
func (r *podRun) update(pod *core.Pod) {
	r.pod.Store(pod)
	select {
	case r.changed <- struct{}{}:
	default:
	}
}

func (r *podRun) isDeleted() bool { return r.pod.Load().DeletionTimestamp != nil }

// run runs the pod until it is deleted, or kills it when ctx ends.
func (r *podRun) run(ctx context.Context) {
	err := r.live(ctx)
	if err == nil && r.isDeleted() {
		now := int64(0)
		pod := r.pod.Load()
		err = r.client.CoreV1().Pods(pod.Namespace).Delete(ctx, pod.Name,
			meta.DeleteOptions{GracePeriodSeconds: &now, Preconditions: &meta.Preconditions{UID: &pod.UID}})
		if kuberrors.IsNotFound(err) {
			err = nil
		}
	}
	r.note(ctx, "pod "+r.name, err)
}

// live makes the network of the pod and runs its container, again and again.
func (r *podRun) live(ctx context.Context) (err error) {
	err = os.MkdirAll(filepath.Join(r.dir, "root"), 0o755)
	if err != nil {
		return err
	}
	if r.output, err = os.Create(filepath.Join(r.dir, "output")); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.output.Close()) }()
	if err = r.mountVolumes(ctx); err != nil || r.isDeleted() {
		return err
	}
	sandbox, err := r.startSandbox()
	if err != nil {
		return err
	}
	defer sandbox.Kill()
	for {
		isOver, err := r.runContainer(ctx, sandbox.Pid())
		if err != nil || isOver {
			return err
		}
		r.restarts++
		// The first restart comes at once; the next ones wait, as long as the first wait of a kubelet is.
		if r.restarts > 1 && r.pause(ctx, 10*time.Second) {
			return nil
		}
	}
}

// pause waits until the pod is deleted, and reports whether it is; at most for d.
func (r *podRun) pause(ctx context.Context, d time.Duration) bool {
	end := time.NewTimer(d)
	defer end.Stop()
	for !r.isDeleted() {
		select {
		case <-r.changed:
		case <-r.gone:
			return true
		case <-ctx.Done():
			return true
		case <-end.C:
			return false
		}
	}
	return true
}

func (r *podRun) startSandbox() (*rig.Child, error) {
	link := "pod" + strconv.Itoa(int(links.Add(1)))
	cmd := exec.CommandContext(context.Background(), "unshare", "--net", "--uts", "sh", "-euc", sandboxScript, "sh",
		r.pod.Load().Name, r.address, link, strconv.Itoa(os.Getpid()))
	var output rig.Output
	cmd.Stdout, cmd.Stderr = &output, &output
	child, err := rig.StartChild(cmd)
	if err != nil {
		return nil, err
	}
	err = rig.Poll(context.Background(), time.Minute, "the network of "+r.name, func() bool {
		return child.HasEnded() || output.String() != ""
	})
	if err == nil && output.String() != "the network is there\n" {
		err = fmt.Errorf("the network of %s: %s", r.name, output.String())
	}
	if err != nil {
		child.Kill()
		return nil, err
	}
	return child, nil
}

// links counts the sandboxes, whose links must have different names.
var links atomic.Int64

// runContainer runs the container once. isOver means that there will be no other: the pod is deleted.
func (r *podRun) runContainer(ctx context.Context, sandbox int) (isOver bool, err error) {
	c, err := r.startContainer(sandbox)
	if err != nil {
		return false, err
	}
	defer c.Kill()
	r.current.Store(c)
	r.report(ctx, c)
	second := time.NewTicker(time.Second)
	defer second.Stop()
	for {
		switch {
		case ctx.Err() != nil:
			return true, nil
		case c.HasEnded():
			r.ended = core.ContainerState{Terminated: &core.ContainerStateTerminated{
				ExitCode: int32(max(0, c.ExitCode())), StartedAt: meta.NewTime(c.since), FinishedAt: meta.Now(), Reason: "Error",
			}}
			r.report(ctx, c)
			return r.isDeleted(), nil
		case r.isDeleted() && c.killAt.IsZero():
			c.killAt = time.Now().Add(time.Duration(*r.pod.Load().DeletionGracePeriodSeconds) * time.Second)
			if err := c.Signal(syscall.SIGTERM); err != nil {
				return true, err
			}
		case !c.killAt.IsZero() && time.Now().After(c.killAt):
			c.Kill()
			continue
		}
		select {
		case <-second.C:
			r.refreshVolumes(ctx)
			if c.probe(ctx, r.address) {
				r.report(ctx, c)
			}
		case <-r.changed:
		case <-c.Ended():
		case <-r.gone:
			return true, nil
		case <-ctx.Done():
		}
	}
}
