// Package qemu runs the program on other processors than this machine's, emulated by QEMU. It is slow and proves
// nothing about measurements, so it runs only with PROBER_QEMU=1: `make qemu`.
package qemu

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/demo"
	"example.com/prober/internal/rig"
)

// TestTheDemoRunsOnOtherProcessors runs the demo for ten seconds, and scrapes it meanwhile.
func TestTheDemoRunsOnOtherProcessors(t *testing.T) {
	if os.Getenv("PROBER_QEMU") != "1" {
		t.Skip("make qemu runs this")
	}
	for arch, emulator := range map[string]string{"arm64": "qemu-aarch64", "riscv64": "qemu-riscv64"} {
		t.Run(arch, func(t *testing.T) {
			emulator := rig.Program(t, emulator, "qemu-user")
			program := filepath.Join(t.TempDir(), "prober")
			// As deploy/release builds it.
			require.NoError(t, rig.Build(t.Context(), program, []string{"CGO_ENABLED=0", "GOOS=linux", "GOARCH=" + arch, "GOARM64=v8.0"}, "-trimpath"))
			p := rig.Start(t, exec.CommandContext(t.Context(), emulator, program, "demo",
				"--web.listen-address=127.0.0.1:0", "--demo.duration=10s", "--demo.table-interval=5s"))
			address := p.Await(`status page +http://(\S+)/\n`)
			var last rig.Metrics
			rig.Until(t, "the demo ends", func() bool {
				if m, err := rig.Scrape(t.Context(), "http://"+address+"/metrics"); err == nil {
					last = m
				}
				return p.HasEnded()
			})
			assert.Zero(t, p.ExitCode())
			require.NotNil(t, last, "no scrape was answered")
			assert.Equal(t, []string{arch}, last.Values("prober_build_info", "goarch"))
			assert.Positive(t, last.Codes("fast")["0"])
			for target, codes := range codesOfTheDemo(t) {
				for code := range last.Codes(target) {
					assert.Contains(t, codes, code, "codes of %s", target)
				}
			}
			report(t, last)
		})
	}
}

// codesOfTheDemo returns the allowed codes of each target, including the code of requests canceled at the end.
func codesOfTheDemo(t *testing.T) map[string][]string {
	t.Helper()
	server, err := demo.Start()
	require.NoError(t, err)
	may := map[string][]string{}
	for _, b := range server.Behaviours() {
		may[b.Name] = []string{"1001"}
		for _, code := range b.Codes {
			may[b.Name] = append(may[b.Name], strconv.Itoa(code))
		}
	}
	require.NoError(t, server.Close())
	return may
}

// report logs the last scrape of each target.
func report(t *testing.T, m rig.Metrics) {
	t.Helper()
	t.Logf("%.0f requests ended", m.Sum("prober_requests_total"))
	for _, target := range slices.Sorted(slices.Values(m.Values("prober_target_info", "target"))) {
		var codes []string
		all := m.Codes(target)
		for _, code := range slices.Sorted(maps.Keys(all)) {
			codes = append(codes, fmt.Sprintf("%s: %.0f", code, all[code]))
		}
		t.Log(target, strings.Join(codes, ", "))
	}
}
