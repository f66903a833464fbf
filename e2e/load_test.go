package e2e

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"example.com/prober/internal/rig"
)

// load is a configuration: the defaults except the interval, and the keys of each target, by name.
type load struct {
	defaults string
	targets  map[string]string
}

// config returns the file with bursts at the given interval.
func (l load) config(interval string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "defaults: {interval: %s, timeout: 1m, %s}\ntargets:\n", interval, l.defaults)
	for _, name := range slices.Sorted(maps.Keys(l.targets)) {
		fmt.Fprintf(&b, "  - {name: %s, %s}\n", name, l.targets[name])
	}
	return b.String()
}

// firing is a daemon that fires a load.
type firing struct {
	*rig.Daemon
	load load
	// idle is its number of descriptors without any target.
	idle int
}

// fire starts a daemon, counts its descriptors while it is idle, and makes it fire the load at the given interval.
func fire(t *testing.T, l load, interval string) *firing {
	t.Helper()
	f := &firing{Daemon: rig.StartDaemon(t, prober, "targets: []"), load: l}
	f.idle = f.Descriptors()
	f.Reload(l.config(interval))
	return f
}

// awaitBursts waits until each target has finished so many bursts.
func (f *firing) awaitBursts(n float64) rig.Metrics {
	return f.AwaitMetrics("finished bursts of each target", func(m rig.Metrics) bool {
		bursts := m.By("prober_burst_duration_seconds", "target")
		for name := range f.load.targets {
			if bursts[name] < n {
				return false
			}
		}
		return true
	})
}

// settle lets the requests in flight end and starts no more bursts: the targets change to an interval of a year, and
// keep their counters. It returns the final counters once the daemon has closed every descriptor of the load.
func (f *firing) settle(t *testing.T) rig.Metrics {
	t.Helper()
	f.Reload(f.load.config("365d"))
	m := f.AwaitMetrics("nothing is in flight or open", func(m rig.Metrics) bool {
		return m.Sum("prober_requests_waiting")+m.Sum("prober_requests_in_flight") == 0 && m.Sum("prober_connections_open") == 0
	})
	rig.Until(t, "the descriptors are those of an idle daemon", func() bool { return f.Descriptors() == f.idle })
	assert.Less(t, f.OwnPeakMemory(), mostMemory, "MiB, of %d", f.PeakMemory())
	t.Logf("%d MiB, %d of them its own", f.PeakMemory(), f.OwnPeakMemory())
	return m
}

// mostMemory bounds the resident memory of the daemon itself, in MiB. The race detector multiplies the program's own
// memory.
const mostMemory = 140
