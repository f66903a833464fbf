package report

import (
	"io"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/internal/rig"
	"example.com/prober/prober/probe"
)

// Reports need bounded memory for any burst. All reports together need little more for a million requests than for
// none.
func TestAMillionRequestsFitInTheMemoryOfAllReports(t *testing.T) { // alone, as it looks at the heap
	requests, workers := 1_000_000, 4
	if rig.IsRaceDetected() {
		requests /= 10 // the test takes ten times as long there
	}
	before := heap()
	sources := []Source{{Name: "checkout"}}
	var writers []writer
	var observers []Observer
	for _, f := range formats {
		w := f.open(io.Discard)
		writers = append(writers, w)
		observers = append(observers, w.observers(sources)...)
	}
	begin := probe.Now()
	var most uint64
	const pieces = 20
	for piece := range pieces {
		var all sync.WaitGroup
		for w := range workers {
			all.Go(func() {
				ok := exampleRequest(begin, 0, time.Millisecond, errcode.OK)
				failed := exampleRequest(begin, 0, time.Millisecond, errcode.Reset)
				for i := range requests / pieces / workers {
					r, code := ok, errcode.OK
					if (i+w)%100 == 0 {
						r, code = failed, errcode.Reset
					}
					took := time.Duration(1+(i*7919)%1_000_000) * time.Microsecond
					r.Due = begin.Add(time.Duration(piece)*time.Second + time.Duration(i)*time.Microsecond)
					r.End = r.Due.Add(took)
					for _, observe := range observers {
						observe(r, code)
					}
				}
			})
		}
		all.Wait()
		most = max(most, heap())
	}
	for _, w := range writers {
		// A table may leave out rows here, as the requests come faster than a busy machine writes them, even to nowhere. It
		// may not keep them.
		if err := w.finish(exampleResult("checkout")); err != nil {
			var incomplete *incompleteError
			require.ErrorAs(t, err, &incomplete)
		}
	}
	most = max(most, heap())
	t.Logf("the heap grew by %.1f MiB at most", float64(most-before)/(1<<20))
	assert.LessOrEqual(t, most, before+64<<20)
}

// heap returns the number of bytes in use, including garbage.
func heap() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func BenchmarkObserver(b *testing.B) {
	for _, f := range formats {
		w := f.open(io.Discard)
		observers := w.observers([]Source{{Name: "checkout"}})
		if observers == nil {
			continue
		}
		b.Run(f.ending, func(b *testing.B) {
			b.ReportAllocs()
			r := exampleRequest(probe.Now(), 0, time.Millisecond, errcode.OK)
			for b.Loop() {
				observers[0](r, errcode.OK)
			}
		})
		w.abandon()
	}
}
