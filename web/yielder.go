package web

import (
	"io"
	"runtime"
	"time"
)

// yielder makes long work give way to requests, both due and answered ones. It is not safe for concurrent use.
type yielder struct {
	timer *time.Timer
	last  time.Time
	// workFor is how long work may go on before it rests. The runtime polls the network only if no goroutine can run, or
	// every 10 ms. Without rests, every answer that comes during a scrape would seem to have taken until its end.
	workFor time.Duration
}

const (
	// scrapeFor and drawFor are the times between two rests, for scrapes and for pages. Many people may look at pages, and
	// none of them needs to be fast.
	scrapeFor = time.Millisecond
	drawFor   = 100 * time.Microsecond
	// restFor is any time that has not passed when the runtime looks for work.
	restFor = 20 * time.Microsecond
)

func newYielder(workFor time.Duration) *yielder {
	timer := time.NewTimer(restFor)
	<-timer.C
	return &yielder{timer: timer, workFor: workFor}
}

// giveWay runs due goroutines. If workFor has passed since the last rest, it rests, so that the runtime also reads
// answers from the network.
func (c *yielder) giveWay() {
	now := time.Now()
	if now.Sub(c.last) < c.workFor {
		// This lets goroutines go first that can run now. It does not look at the network.
		runtime.Gosched()
		return
	}
	c.timer.Reset(restFor)
	<-c.timer.C
	c.last = time.Now()
}

// yieldingWriter gives way after each piece that it writes.
type yieldingWriter struct {
	io.Writer
	*yielder
}

func (p yieldingWriter) Write(b []byte) (n int, err error) {
	const piece = 4 << 10
	for n < len(b) && err == nil {
		var m int
		m, err = p.Writer.Write(b[n:min(n+piece, len(b))])
		n += m
		p.giveWay()
	}
	return n, err
}
