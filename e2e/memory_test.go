package e2e

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/internal/rig"
)

// The bound is that of docs/security.md: for a hundred targets, and without the pages
// of the program's file.
const (
	memoryLimit = 64 // MiB
	ownMemory   = 56 // MiB
)

// hostileBody is a body that becomes large, or is.
type hostileBody struct {
	name, coding string
	content      []byte
	codes        []string // with and without expect.body
}

// hostileBodies has bombs in each coding and in stacks of them. Those that are long
// enough as they come that a window of 8 MiB has to be allowed are the worst.
func hostileBodies(t *testing.T) []hostileBody {
	t.Helper()
	noise := make([]byte, 700<<10)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range noise {
		noise[i] = byte(random.Uint32())
	}
	zeros := make([]byte, 32<<20)
	bomb := append(bytes.Clone(noise[:100<<10]), zeros...)
	large := append(bytes.Clone(noise[:150<<10]), bytes.Repeat(noise[:20<<10], 290)...)
	bodies := []hostileBody{
		{name: "plain", content: noise, codes: []string{"0", "1712"}},
		{name: "endless", content: zeros[:4<<20], codes: []string{"1703"}},
		{name: "unknown", coding: "gzip, br, zstd", content: noise[:100], codes: []string{"0", "1701"}},
	}
	for _, stack := range []string{
		"gzip", "deflate", "br", "zstd", "gzip, br", "br, gzip", "gzip, zstd", "zstd, gzip", "deflate, gzip, br", "gzip, gzip, zstd",
	} {
		bodies = append(bodies, hostileBody{name: "bomb", coding: stack, content: encode(t, bomb, stack), codes: []string{"1704"}})
	}
	for _, coding := range []string{"gzip", "br", "zstd"} {
		whole := encode(t, large, coding)
		broken := append(bytes.Clone(whole[:len(whole)*9/10]), bytes.Repeat([]byte{0xff}, 100)...)
		bodies = append(bodies,
			hostileBody{name: "large", coding: coding, content: whole, codes: []string{"0", "1712"}},
			hostileBody{name: "broken", coding: coding, content: broken, codes: []string{"1701", "1704"}})
	}
	return bodies
}

// encode puts content into codings, in this order.
func encode(t *testing.T, content []byte, codings string) []byte {
	t.Helper()
	for coding := range strings.SplitSeq(codings, ", ") {
		var b bytes.Buffer
		var w io.WriteCloser
		var err error
		switch coding {
		case "gzip":
			w = gzip.NewWriter(&b)
		case "deflate":
			w, err = flate.NewWriter(&b, flate.DefaultCompression)
		case "br":
			w = brotli.NewWriterOptions(&b, brotli.WriterOptions{Quality: 5, LGWin: 24})
		case "zstd":
			w, err = zstd.NewWriter(&b, zstd.WithWindowSize(8<<20), zstd.WithEncoderConcurrency(1))
		}
		require.NoError(t, err)
		_, err = w.Write(content)
		require.NoError(t, err)
		require.NoError(t, w.Close())
		content = b.Bytes()
	}
	return content
}

// TestMixedBombsStayWithinTheBoundOnMemory has a daemon without GOMEMLIMIT and, where
// the test may make one, in a group of processes with a limit of memory: beyond it the
// kernel kills the daemon.
func TestMixedBombsStayWithinTheBoundOnMemory(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the memory of a process is read from /proc, which only Linux has")
	}
	bodies := hostileBodies(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var i int
		if _, err := fmt.Sscanf(r.URL.Path, "/%d", &i); err != nil {
			_, _ = io.WriteString(w, "well")
			return
		}
		if coding := bodies[i].coding; coding != "" {
			w.Header().Set("Content-Encoding", coding)
		}
		_, _ = w.Write(bodies[i].content) // the client may have had enough
	}))
	defer server.Close()

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
	isSlow := []string{"1006", "1050"} // as the machine may be
	for code := range m.Codes("healthy") {
		assert.Contains(t, append(isSlow, "0"), code)
	}
	for i := range 99 {
		body := bodies[i%len(bodies)]
		for code := range m.Codes(fmt.Sprintf("hostile-%d", i)) {
			assert.Contains(t, slices.Concat(isSlow, body.codes, []string{"1002"}), code, "%s in %s", body.name, body.coding)
		}
	}
}

// plainProber returns a program without the race detector, which takes many times the
// memory.
func plainProber(t *testing.T) string {
	t.Helper()
	if !rig.IsRaceDetected() {
		return prober
	}
	path := filepath.Join(t.TempDir(), "prober")
	require.NoError(t, rig.Build(t.Context(), path, nil, "-race=false"))
	return path
}

// confined returns a program that becomes program in a control group with a limit of
// memory. Where there can be none it says so and returns program.
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
