package command

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// By default the collector starts when there is as much garbage as memory in use. A prober of a few targets uses two
// megabytes. With a new connection for each request, it would collect a hundred times per second. A prober that checks
// long bodies has tens of megabytes without pointers, and would allow as much garbage on top.
const (
	// roomForGarbage is how many bytes of garbage are always allowed while the heap, garbage included, stays within
	// fewHeap bytes. Beyond that the room shrinks to no less than half. mostGarbage bounds it. With its memory beside
	// the heap, a prober of a hundred targets then stays within 64 MiB.
	roomForGarbage = 8 << 20
	fewHeap        = 36 << 20
	// usualGarbage is a percentage of the memory that the collector scans. mostGarbage and leastGarbage are percentages
	// of all memory in use.
	usualGarbage = 100
	mostGarbage  = 200
	leastGarbage = 5
)

// collectLessOften trades some megabytes for processor time while little memory is in use. A user who sets GOGC keeps
// that setting. GOMEMLIMIT holds in any case.
func collectLessOften() {
	if os.Getenv("GOGC") == "" {
		(&collectorPace{}).adjust()
	}
}

// collectorPace follows the memory in use.
type collectorPace struct {
	percent int
	// most is the greatest number of bytes in use lately. When as much is in use again, the pace is already right:
	// adjust runs only some time after the collection.
	most uint64
}

// adjust sets the pace after each collection.
func (p *collectorPace) adjust() {
	// A change of the pace stops the program for a moment: a change by less than an eighth is not worth it.
	const worth = 8
	inUse, searched := memoryInUse()
	p.most = recently(p.most, inUse)
	if percent := garbageAllowed(p.most, searched); max(percent-p.percent, p.percent-percent)*worth >= percent {
		p.percent = percent
		debug.SetGCPercent(percent)
	}
	type sentinel struct{ of *collectorPace } // the pointer keeps it out of a block shared with others
	runtime.AddCleanup(&sentinel{p}, (*collectorPace).adjust, p)
}

// recently returns the greatest number of bytes in use lately, from the previous most and now. It forgets a sixteenth
// with each collection.
func recently(most, now uint64) uint64 { return max(now, most-most/16) }

// garbageAllowed returns how much garbage may accumulate before a collection, as a percentage of the memory in use. The
// collector scans the part searched of this memory.
func garbageAllowed(inUse, searched uint64) int {
	room := max(roomForGarbage/2, min(roomForGarbage, fewHeap-min(inUse, fewHeap)))
	allowed := max(room, searched*usualGarbage/100)
	return int(min(max(allowed*100/max(inUse, 1), leastGarbage), mostGarbage))
}

// memoryInUse returns how many bytes the last collection found in use, and how many of them it scanned for pointers.
func memoryInUse() (inUse, searched uint64) {
	s := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/gc/scan/heap:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64(), s[1].Value.Uint64()
}
