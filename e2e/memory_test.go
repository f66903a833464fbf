package e2e

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/internal/peers"
	"example.com/prober/internal/rig"
)

// The bound of docs/security.md: for a hundred targets, and without the pages of the program's file.
const (
	memoryLimit = 64 // MiB
	ownMemory   = 62 // MiB
)

// TestMixedBombsStayWithinTheBoundOnMemory has a daemon without GOMEMLIMIT. If possible, it runs in a control group
// with a limit of memory: beyond it the kernel kills the daemon.
func TestMixedBombsStayWithinTheBoundOnMemory(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the memory of a process is read from /proc, which only Linux has")
	}
	bodies := peers.HostileBodies(1)
	server := peers.Serve(t, peers.HTTP1, func(w http.ResponseWriter, r *http.Request) {
		var i int
		if _, err := fmt.Sscanf(r.URL.Path, "/%d", &i); err != nil {
			_, _ = io.WriteString(w, "well")
			return
		}
		if coding := bodies[i].Coding; coding != "" {
			w.Header().Set("Content-Encoding", coding)
		}
		_, _ = w.Write(bodies[i].Content) // the client may have had enough
	})

	var config strings.Builder
	config.WriteString("defaults: {interval: 1s, timeout: 5s, burst: {rate: 4, requests: 4, concurrency: 4}, request: {compression: [gzip, deflate, br, zstd]}}\ntargets:\n")
	for i := range 99 {
		fmt.Fprintf(&config, "  - {name: hostile-%d, url: '%s/%d'", i, server.URL, i%len(bodies))
		if i/len(bodies)%2 == 1 {
			config.WriteString(", expect: {body: {contains: never}}")
		}
		config.WriteString("}\n")
	}
	fmt.Fprintf(&config, "  - {name: healthy, url: '%s/well', expect: {body: {contains: well}}}\n", server.URL)
	d := rig.StartDaemon(t, confined(t, plainProber(t)), config.String())
	d.AwaitMetrics("ten answers of each target", func(m rig.Metrics) bool {
		for i := range 99 {
			if m.Sum("prober_requests_total", "target", fmt.Sprintf("hostile-%d", i)) < 10 {
				return false
			}
		}
		return m.Sum("prober_requests_total", "target", "healthy") >= 10
	})
	peak := d.OwnPeakMemory()
	t.Logf("%d MiB, %d of them its own", d.PeakMemory(), peak)
	assert.Less(t, peak, ownMemory, "MiB")
	m := d.Terminate()
	isSlow := []string{"1006", "1050"} // the machine may be slow
	for code := range m.Codes("healthy") {
		assert.Contains(t, append(isSlow, "0"), code)
	}
	for i := range 99 {
		body := bodies[i%len(bodies)]
		for code := range m.Codes(fmt.Sprintf("hostile-%d", i)) {
			assert.Contains(t, slices.Concat(isSlow, body.Codes, []string{"1002"}), code, "%s in %s", body.Name, body.Coding)
		}
	}
}

// plainProber returns a program without the race detector, which takes many times the memory.
func plainProber(t *testing.T) string {
	t.Helper()
	if !rig.IsRaceDetected() {
		return prober
	}
	path := filepath.Join(t.TempDir(), "prober")
	require.NoError(t, rig.Build(t.Context(), path, nil, "-race=false"))
	return path
}

// confined returns a program that becomes program in a control group with a limit of memory. If there can be none it
// says so and returns program.
func confined(t *testing.T, program string) string {
	t.Helper()
	group, err := rig.MemoryGroup(fmt.Sprintf("prober-test-%d", os.Getpid()), memoryLimit)
	if err != nil {
		t.Logf("the memory is measured and not limited, for there can be no control group: %v", err)
		return program
	}
	t.Cleanup(func() { rig.Until(t, "an empty group", func() bool { return os.Remove(group) == nil }) })
	path := filepath.Join(t.TempDir(), "confined")
	script := fmt.Sprintf("#!/bin/sh\nunset GOMEMLIMIT GOGC\necho $$ >%s/cgroup.procs || exit 1\nexec %s \"$@\"\n", group, program)
	require.NoError(t, os.WriteFile(path, []byte(script), 0o700))
	return path
}
