package command

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// The usual pace of the collector is to start when as much garbage has come as there is
// memory in use. A prober of a few targets uses two megabytes, and one that makes a
// connection for each request would collect a hundred times per second. A prober that looks at
// long bodies has tens of megabytes in which there is nothing to look through, and would
// let as much garbage come on top.
const (
	// roomForGarbage is how many bytes of it are always allowed, if that is no more
	// than mostGarbage. There is half of that, unless there is more until the heap has
	// fewHeap bytes: with all that it takes beside the heap, a prober of a hundred
	// targets then stays within 64 MiB.
	roomForGarbage = 8 << 20
	fewHeap        = 36 << 20
	// usualGarbage is a percentage of the memory that the collector looks through,
	// mostGarbage and leastGarbage are percentages of all that is in use.
	usualGarbage = 100
	mostGarbage  = 200
	leastGarbage = 5
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
	// most is how many bytes were in use lately: when it is as much again, the pace is
	// set only some time after the collection that finds that.
	most uint64
}

// adjust sets the pace after each collection.
func (p *collectorPace) adjust() {
	// To set it stops the program for a moment: a change by less than an eighth is not
	// worth that.
	const worth = 8
	inUse, searched := memoryInUse()
	p.most = recently(p.most, inUse)
	if percent := garbageAllowed(p.most, searched); max(percent-p.percent, p.percent-percent)*worth >= percent {
		p.percent = percent
		debug.SetGCPercent(percent)
	}
	type herald struct{ of *collectorPace } // a pointer in it keeps it from sharing its memory with others
	runtime.AddCleanup(&herald{p}, (*collectorPace).adjust, p)
}

// recently returns the most that was in use lately, after most and now. It forgets a
// sixteenth of it with each collection.
func recently(most, now uint64) uint64 { return max(now, most-most/16) }

// garbageAllowed returns the percentage of the memory in use that may become garbage
// before it is collected. Of the memory in use, the collector looks through searched.
func garbageAllowed(inUse, searched uint64) int {
	room := max(roomForGarbage/2, min(roomForGarbage, fewHeap-min(inUse, fewHeap)))
	allowed := max(room, searched*usualGarbage/100)
	return int(min(max(allowed*100/max(inUse, 1), leastGarbage), mostGarbage))
}

// memoryInUse returns how many bytes the last collection found in use, and in how many
// of them it looked for pointers.
func memoryInUse() (inUse, searched uint64) {
	s := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/gc/scan/heap:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64(), s[1].Value.Uint64()
}
