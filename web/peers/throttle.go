package peers

import (
	"context"
	"errors"
	"io"
	"runtime"
	"time"
)

const (
	// workFor is how long answers are decoded between two rests. A rest takes restShare times as long as the work: bursts
	// need the processor.
	workFor   = 100 * time.Microsecond
	restShare = 3
	longRest  = 10 * time.Millisecond
	// rememberedBytes of an answer are kept to say what it is.
	rememberedBytes = 60
)

// waitLimit ends a request after its peer has kept it waiting for too long. It adds up all waits.
type waitLimit struct {
	timer   *time.Timer
	left    time.Duration
	since   time.Time
	isGoing bool
}

// newWaitLimit returns a waitLimit with a running timer. It calls end after d.
func newWaitLimit(d time.Duration, end func()) *waitLimit {
	return &waitLimit{timer: time.AfterFunc(d, end), left: d, since: time.Now(), isGoing: true}
}

func (p *waitLimit) pause() {
	if p.isGoing {
		p.timer.Stop()
		p.left -= time.Since(p.since)
		p.isGoing = false
	}
}

func (p *waitLimit) resume() {
	p.since, p.isGoing = time.Now(), true
	p.timer.Reset(max(p.left, 0))
}

// throttledBody reads an answer. Between two reads its reader decodes. Only one reader of all peers decodes at a time, and it
// rests for most of that time. It is not safe for concurrent use.
type throttledBody struct {
	from      io.Reader
	turn      chan struct{}
	waitLimit *waitLimit
	// left is how many more bytes the answer may have, and target how many more bytes of it the current target may have.
	left, target int
	beginning    []byte
	// broken is why the answer broke off. It is nil if the answer came whole.
	broken  error
	hasTurn bool
	// worked is the working time from the last rest to began.
	worked time.Duration
	began  time.Time
}

// begin starts counting the bytes of a target, or of another part of the answer.
func (b *throttledBody) begin() { b.target = maxTarget }

// within returns a reader that ends with ctx.
func (b *throttledBody) within(ctx context.Context) io.Reader {
	b.begin()
	return readFunc(func(p []byte) (int, error) { return b.read(ctx, p) })
}

type readFunc func(p []byte) (int, error)

// Read implements io.Reader.
func (f readFunc) Read(p []byte) (int, error) { return f(p) }

func (b *throttledBody) read(ctx context.Context, p []byte) (n int, err error) {
	if err := b.rest(ctx); err != nil {
		return 0, err
	}
	b.end()
	switch {
	case b.left <= 0:
		return 0, wrong("its answer is longer than %d MiB", maxAnswer>>20)
	case b.target <= 0:
		return 0, wrong("its answer has more than %d MiB about one target", maxTarget>>20)
	}
	b.waitLimit.resume()
	n, err = b.from.Read(p[:min(len(p), b.left, b.target)])
	b.waitLimit.pause()
	b.left -= n
	b.target -= n
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		b.broken = err
	}
	if room := rememberedBytes - len(b.beginning); room > 0 {
		b.beginning = append(b.beginning, p[:min(n, room)]...)
	}
	select {
	case b.turn <- struct{}{}:
		b.hasTurn, b.began = true, time.Now()
		return n, err
	case <-ctx.Done():
		b.broken = context.Cause(ctx)
		return 0, b.broken
	}
}

// rest lets other work run, but no other reader: it keeps the turn.
func (b *throttledBody) rest(ctx context.Context) error {
	if !b.hasTurn {
		return nil
	}
	b.worked += time.Since(b.began)
	if b.worked < workFor {
		runtime.Gosched()
		return nil
	}
	d := min(restShare*b.worked, longRest)
	b.worked = 0
	return pause(ctx, d)
}

// end gives the turn back.
func (b *throttledBody) end() {
	if b.hasTurn {
		<-b.turn
		b.hasTurn = false
	}
}
