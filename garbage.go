package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// The usual pace of the collector is to start when as much garbage has come as there is
// memory in use. A prober of a few targets uses two megabytes, and one that makes a
// connection for each request would collect a hundred times per second.
const (
	// roomForGarbage is how many bytes of it are always allowed, if that is no more
	// than mostGarbage.
	roomForGarbage = 8 << 20
	// usualGarbage and mostGarbage are percentages of the memory in use.
	usualGarbage = 100
	mostGarbage  = 200
)

// collectLessOften trades some megabytes for processor time while little memory is in
// use. Whoever has set GOGC has decided that already. GOMEMLIMIT counts in any case.
func collectLessOften() {
	if os.Getenv("GOGC") == "" {
		(&collectorPace{}).adjust()
	}
}

// collectorPace follows the memory in use.
type collectorPace struct {
	percent int
}

// adjust sets the pace after each collection.
func (p *collectorPace) adjust() {
	// To set it stops the program for a moment: small changes are not worth that.
	const worth = 10
	if percent := garbageAllowed(memoryInUse()); percent-p.percent >= worth || p.percent-percent >= worth {
		p.percent = percent
		debug.SetGCPercent(percent)
	}
	type herald struct{ of *collectorPace } // a pointer in it keeps it from sharing its memory with others
	runtime.AddCleanup(&herald{p}, (*collectorPace).adjust, p)
}

// garbageAllowed returns the percentage of the memory in use that may become garbage
// before it is collected.
func garbageAllowed(inUse uint64) int {
	return int(min(max(roomForGarbage*100/max(inUse, 1), usualGarbage), mostGarbage))
}

// memoryInUse returns how many bytes the last collection found in use.
func memoryInUse() uint64 {
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	return live[0].Value.Uint64()
}
