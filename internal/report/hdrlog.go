package report

import (
	"bufio"
	"errors"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"example.com/prober/errcode"
	"example.com/prober/prober/probe"
)

// hdrInterval is the length of the intervals of a log.
const hdrInterval = time.Second

// intervals is the log with a histogram of each target for each second with ended requests. A goroutine writes full
// intervals, so that no request waits for it.
type intervals struct {
	out     *bufio.Writer
	clock   *wallClock
	targets []*interval
	full    chan fullInterval
	ended   sync.Once  // closes full
	written chan error // the error of writing, after its end; nil without observers
}

// interval is the current histogram of a target.
type interval struct {
	tag  string
	full chan<- fullInterval
	// spare has the histogram for the next interval, or nil for a new one. It is empty while the histogram is being
	// written.
	spare chan *hdrhistogram.Histogram

	mu     sync.Mutex
	closed bool
	h      *hdrhistogram.Histogram
	begin  probe.Instant
	last   probe.Instant // the end of the last of its requests
}

type fullInterval struct {
	of         *interval
	h          *hdrhistogram.Histogram
	begin, end probe.Instant
}

func newIntervals(out io.Writer) writer { return &intervals{out: bufio.NewWriter(out)} }

func (l *intervals) observers(of []Source) []Observer {
	l.clock = newWallClock()
	l.full = make(chan fullInterval, 2*len(of)) // the interval being written, and the last one
	l.written = make(chan error, 1)
	all := make([]Observer, len(of))
	for i := range of {
		t := &interval{full: l.full, spare: make(chan *hdrhistogram.Histogram, 1), h: newHDR(), begin: l.clock.at}
		t.spare <- nil
		if len(of) > 1 {
			t.tag = strings.ReplaceAll(of[i].Name, ",", "%2C") // a comma ends a field of the log
		}
		l.targets = append(l.targets, t)
		all[i] = t.observe
	}
	go func() { l.written <- l.write() }()
	return all
}

func (t *interval) observe(r *probe.Result, code errcode.Code) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return
	}
	if past := r.End.Sub(t.begin); past >= hdrInterval {
		t.turn(past.Truncate(hdrInterval))
	}
	record(t.h, r, code)
	t.last = max(t.last, r.End)
}

// turn begins the next interval, later than the last one by that much. While the previous interval is still being
// written, the current one goes on.
func (t *interval) turn(later time.Duration) {
	if t.h.TotalCount() > 0 {
		select {
		case spare := <-t.spare:
			t.full <- fullInterval{t, t.h, t.begin, t.last}
			if t.h = spare; t.h == nil {
				t.h = newHDR()
			}
		default:
			return
		}
	}
	t.begin = t.begin.Add(later)
}

// write writes intervals until full is closed. After a failure it only receives them.
func (l *intervals) write() error {
	log := hdrhistogram.NewHistogramLogWriter(l.out)
	start := l.clock.milliseconds(l.clock.at)
	failed := errors.Join(log.OutputLogFormatVersion(), log.OutputStartTime(start), log.OutputLegend())
	for i := range l.full {
		i.h.SetTag(i.of.tag)
		i.h.SetStartTimeMs(l.clock.milliseconds(i.begin))
		i.h.SetEndTimeMs(l.clock.milliseconds(i.end))
		if failed == nil {
			failed = log.OutputIntervalHistogram(i.h)
		}
		i.h.Reset()
		select {
		case i.of.spare <- i.h:
		default: // the last interval has come meanwhile
		}
	}
	return failed
}

// close hands over the last intervals if they are wanted. No interval begins afterwards.
func (l *intervals) close(isWanted bool) {
	l.ended.Do(func() {
		if l.full == nil {
			return
		}
		for _, t := range l.targets {
			t.mu.Lock()
			t.closed = true
			if isWanted && t.h.TotalCount() > 0 {
				l.full <- fullInterval{t, t.h, t.begin, t.last}
			}
			t.mu.Unlock()
		}
		close(l.full)
	})
}

func (l *intervals) finish(*Result) error {
	l.close(true)
	if l.written != nil {
		if err := <-l.written; err != nil {
			return err
		}
	}
	return l.out.Flush()
}

func (l *intervals) abandon() { l.close(false) }

// milliseconds returns the time of a moment since the Unix epoch.
func (c *wallClock) milliseconds(at probe.Instant) int64 {
	return c.nanoseconds(at) / int64(time.Millisecond)
}
