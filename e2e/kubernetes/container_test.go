package kubernetes

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	core "k8s.io/api/core/v1"
	kuberrors "k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"example.com/prober/internal/rig"
)

// container is one life of the only container of a pod.
type container struct {
	*rig.Child
	spec    *core.Container
	since   time.Time
	killAt  time.Time // set when the pod is deleted
	started bool      // the startup probe has succeeded
	ready   bool
	probes  map[*core.Probe]*probeState
	url     string
}

type probeState struct {
	next   time.Time
	failed int32 // in a row
	good   int32
}

// startContainer starts the program of the image with the arguments, the environment and the volumes of the pod.
func (r *podRun) startContainer(sandbox int) (*container, error) {
	pod := r.pod.Load()
	spec := &pod.Spec.Containers[0]
	etc := filepath.Join(r.dir, "etc")
	resolv := fmt.Sprintf("nameserver %s\nsearch %s.svc.cluster.local svc.cluster.local cluster.local\noptions ndots:5\n", nameServer, pod.Namespace)
	hosts := fmt.Sprintf("127.0.0.1 localhost\n%s %s\n", r.address, pod.Name)
	for name, text := range map[string]string{"resolv.conf": resolv, "hosts": hosts} {
		if err := write(filepath.Join(etc, name), text); err != nil {
			return nil, err
		}
	}
	env := r.environment(pod, spec)
	of := fmt.Sprintf("/proc/%d/ns/", sandbox)
	args := []string{"--net=" + of + "net", "--uts=" + of + "uts", "unshare", "--mount", "sh", "-euc", containerScript, "sh",
		filepath.Join(r.dir, "root"), imaged, etc, userOf(pod)}
	for _, m := range spec.VolumeMounts {
		args = append(args, filepath.Join(r.dir, "volumes", m.Name), m.MountPath)
	}
	args = append(args, "--", "/prober")
	for _, arg := range spec.Args {
		args = append(args, expand(arg, env))
	}
	cmd := exec.CommandContext(context.Background(), "nsenter", args...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH")}
	for _, name := range slices.Sorted(maps.Keys(env)) {
		cmd.Env = append(cmd.Env, name+"="+env[name])
	}
	cmd.Stdout, cmd.Stderr = r.output, r.output
	child, err := rig.StartChild(cmd)
	if err != nil {
		return nil, err
	}
	return &container{Child: child, spec: spec, since: time.Now(), probes: map[*core.Probe]*probeState{},
		url: "http://" + net.JoinHostPort(r.address, strconv.Itoa(int(spec.Ports[0].ContainerPort)))}, nil
}

// environment returns the variables of the container, from the downward API as well.
func (r *podRun) environment(pod *core.Pod, spec *core.Container) map[string]string {
	env := map[string]string{"HOSTNAME": pod.Name, "KUBERNETES_SERVICE_HOST": serviceOfAPI, "KUBERNETES_SERVICE_PORT": "443"}
	for _, v := range spec.Env {
		env[v.Name] = expand(v.Value, env)
		if v.ValueFrom != nil && v.ValueFrom.FieldRef != nil {
			env[v.Name] = r.field(pod, v.ValueFrom.FieldRef.FieldPath)
		}
	}
	return env
}

// field returns a field of the downward API.
func (r *podRun) field(pod *core.Pod, path string) string {
	if label, ok := strings.CutPrefix(path, "metadata.labels['"); ok {
		return pod.Labels[strings.TrimSuffix(label, "']")]
	}
	return map[string]string{"metadata.name": pod.Name, "metadata.namespace": pod.Namespace, "status.podIP": r.address, "spec.nodeName": r.node.name}[path]
}

var reference = regexp.MustCompile(`\$\(([A-Za-z_][A-Za-z0-9_.-]*)\)`)

// expand puts variables in place of $(NAME). An unknown one stays as it is.
func expand(text string, env map[string]string) string {
	return reference.ReplaceAllStringFunc(text, func(match string) string {
		if value, isKnown := env[match[2:len(match)-1]]; isKnown {
			return value
		}
		return match
	})
}

// userOf returns the option of chroot for the user of a pod, or "" where this process may be no other user.
func userOf(pod *core.Pod) string {
	of := pod.Spec.SecurityContext
	if !manyUsers() || of == nil || of.RunAsUser == nil {
		return ""
	}
	return fmt.Sprintf("--userspec=%d:%d", *of.RunAsUser, *of.RunAsGroup)
}

// manyUsers reports whether this process may be other users.
func manyUsers() bool {
	text, err := os.ReadFile("/proc/self/uid_map")
	fields := strings.Fields(string(text))
	return err == nil && len(fields) > 2 && len(fields[2]) > len("65536")
}

// probe runs the probes that are due, and reports whether the status of the container has changed. It kills a container
// that is not well.
func (c *container) probe(ctx context.Context, address string) (changed bool) {
	started, ready := c.started, c.ready
	startup := c.run(ctx, c.spec.StartupProbe, address)
	c.started = c.started || startup.isGood
	if c.started {
		c.ready = c.run(ctx, c.spec.ReadinessProbe, address).isGood
	}
	isSick := startup.isBad && !started
	if c.started && c.killAt.IsZero() {
		isSick = isSick || c.run(ctx, c.spec.LivenessProbe, address).isBad
	}
	if isSick && c.killAt.IsZero() {
		c.Kill()
	}
	return started != c.started || ready != c.ready
}

// verdict is what a probe says after its thresholds.
type verdict struct{ isGood, isBad bool }

// run runs a probe if it is due.
func (c *container) run(ctx context.Context, p *core.Probe, address string) verdict {
	if p == nil {
		return verdict{isGood: true}
	}
	s := c.probes[p]
	if s == nil {
		s = &probeState{}
		c.probes[p] = s
	}
	if now := time.Now(); now.After(s.next) {
		s.next = now.Add(time.Duration(p.PeriodSeconds)*time.Second - 100*time.Millisecond)
		if c.isWell(ctx, p, address) {
			s.failed, s.good = 0, s.good+1
		} else {
			s.failed++
			if s.failed >= p.FailureThreshold {
				s.good = 0
			}
		}
	}
	return verdict{isGood: s.good > 0, isBad: s.failed >= p.FailureThreshold}
}

// isWell asks the container once, with any code from 200 to 399 as a good answer.
func (c *container) isWell(ctx context.Context, p *core.Probe, address string) bool {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(p.TimeoutSeconds)*time.Second)
	defer cancel()
	port := p.HTTPGet.Port.IntVal
	for _, named := range c.spec.Ports {
		if named.Name == p.HTTPGet.Port.StrVal {
			port = named.ContainerPort
		}
	}
	status, _, err := rig.Fetch(ctx, http.MethodGet, fmt.Sprintf("%s://%s:%d%s", strings.ToLower(string(p.HTTPGet.Scheme)), address, port, p.HTTPGet.Path))
	return err == nil && status >= 200 && status < 400
}

// report writes the status of the pod.
func (r *podRun) report(ctx context.Context, c *container) {
	pod := r.pod.Load()
	is := map[bool]core.ConditionStatus{true: core.ConditionTrue, false: core.ConditionFalse}
	ready := c.ready && !c.HasEnded()
	status := core.ContainerStatus{
		Name: c.spec.Name, Image: c.spec.Image, ImageID: c.spec.Image, ContainerID: fmt.Sprintf("standin://%d", c.Pid()),
		Ready: ready, Started: &c.started, RestartCount: r.restarts, LastTerminationState: r.ended,
		State: core.ContainerState{Running: &core.ContainerStateRunning{StartedAt: meta.NewTime(c.since)}},
	}
	if c.HasEnded() {
		status.State = r.ended
	}
	since := meta.NewTime(r.started)
	body, err := json.Marshal(map[string]any{"metadata": map[string]any{"uid": pod.UID}, "status": core.PodStatus{
		Phase: core.PodRunning, StartTime: &since, HostIP: r.node.address, PodIP: r.address, PodIPs: []core.PodIP{{IP: r.address}},
		Conditions: []core.PodCondition{
			{Type: core.PodInitialized, Status: core.ConditionTrue},
			{Type: core.ContainersReady, Status: is[ready], LastTransitionTime: meta.Now()},
			{Type: core.PodReady, Status: is[ready], LastTransitionTime: meta.Now()},
		},
		ContainerStatuses: []core.ContainerStatus{status},
	}})
	if err == nil {
		_, err = r.client.CoreV1().Pods(pod.Namespace).Patch(ctx, pod.Name, types.StrategicMergePatchType, body, meta.PatchOptions{}, "status")
	}
	if !kuberrors.IsNotFound(err) && !kuberrors.IsConflict(err) {
		r.note(ctx, "status of "+r.name, err)
	}
}
