package web

import (
	"io"
	"runtime"
	"time"
)

// courtesy is how long work gives way to requests that are due or answered. It is
// not safe for concurrent use.
type courtesy struct {
	timer *time.Timer
	last  time.Time
	// workFor is how long work may go on before it rests. The runtime looks after
	// the network only when no goroutine can run, or every 10 ms: answers that come
	// while a scrape is written would all seem to have taken that long.
	workFor time.Duration
}

const (
	// scrapeFor and drawFor are how long scrapes and pages are worked at between two
	// rests. Many people may look at pages, and none of them needs to be fast.
	scrapeFor = time.Millisecond
	drawFor   = 100 * time.Microsecond
	// restFor is any time that has not passed when the runtime looks for work.
	restFor = 20 * time.Microsecond
)

func newCourtesy(workFor time.Duration) *courtesy {
	timer := time.NewTimer(restFor)
	<-timer.C
	return &courtesy{timer: timer, workFor: workFor}
}

// giveWay lets goroutines run that are due, and now and then those whose answers
// have come.
func (c *courtesy) giveWay() {
	now := time.Now()
	if now.Sub(c.last) < c.workFor {
		runtime.Gosched()
		return
	}
	c.timer.Reset(restFor)
	<-c.timer.C
	c.last = time.Now()
}

// polite gives way between any two pieces of what is written.
type polite struct {
	io.Writer
	*courtesy
}

func (p polite) Write(b []byte) (n int, err error) {
	const piece = 4 << 10
	for n < len(b) && err == nil {
		var m int
		m, err = p.Writer.Write(b[n:min(n+piece, len(b))])
		n += m
		p.giveWay()
	}
	return n, err
}
