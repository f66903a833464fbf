package prober

import (
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"example.com/prober/errcode"
	"example.com/prober/prober/load"
)

const (
	// reportEvery is the time between lines about a target that goes on failing: a
	// minute, less the jitter of bursts a minute apart.
	reportEvery = 59 * time.Second
	// newsAtOnce is how many lines about changes may come at once. Every newsEvery
	// allows one more.
	newsAtOnce = 6
	newsEvery  = time.Minute
)

// reports logs how the bursts of one target go, in few lines however often they fail.
// It logs a change at once: failures after none, a new code, the end of failures, the
// breaker. It logs continued failures every reportEvery. It adds up what it holds back
// and logs the sums with the next line. Like the recorder it outlives changes of the
// target's configuration.
type reports struct {
	log *slog.Logger

	mu      sync.Mutex
	failing bool      // according to the log
	since   time.Time // of the first burst with failures; zero if their end is in the log
	last    time.Time // when a line about failures was logged
	// inLog holds the codes logged since the last regular line.
	inLog map[errcode.Code]bool
	news  budget
	held  heldBack
	// short means that the shortage of workers is in the log.
	short bool
	// defects are the logged codes of the prober's own bugs.
	defects map[errcode.Code]bool
}

// heldBack is what happened since the last line and is not in the log yet.
type heldBack struct {
	bursts, requests, failed uint64
	codes                    map[errcode.Code]uint64
	breaker                  uint64 // changes of its state
}

func newReports(log *slog.Logger, target string) *reports {
	return &reports{
		log:   log.With("target", target),
		inLog: make(map[errcode.Code]bool),
		held:  heldBack{codes: make(map[errcode.Code]uint64)},

		defects: make(map[errcode.Code]bool),
	}
}

// burst reports a burst that ended. A burst in which no request ended says nothing.
func (r *reports) burst(failures map[errcode.Code]uint64, requests uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	switch {
	case len(failures) > 0:
		r.failed(now, failures, requests)
	case requests > 0:
		r.succeeded(now)
	}
}

// defect reports a failure that is a bug of the prober, once for each code. It calls
// stack only if needed.
func (r *reports) defect(code errcode.Code, stack func() string) {
	r.mu.Lock()
	first := !r.defects[code]
	r.defects[code] = true
	r.mu.Unlock()
	if first {
		const most = 16 << 10
		text := stack()
		r.log.Error("a bug of the prober, please report it", "code", code, "name", code.Name(), "stack", text[:min(len(text), most)])
	}
}

// shortage reports that the workers of a burst were too few, once.
func (r *reports) shortage(c load.Capacity, isShort bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if isShort && !r.short {
		r.short = true
		r.log.Warn("too few workers: requests are dropped, or wait until their time runs out", "workers", c.String())
	}
}

// breaker reports that the breaker has opened after so many failures, or closed.
func (r *reports) breaker(open bool, after int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case !r.news.take(time.Now()):
		r.held.breaker++
	case open:
		r.log.Warn("breaker opened: bursts are one request until it closes", r.release("failures", after)...)
	default:
		r.log.Info("breaker closed", r.release()...)
	}
}

// end logs what is still held back when the target is gone.
func (r *reports) end() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.held.any() {
		r.log.Warn("target ended, failures had been held back", r.release()...)
	}
}

func (r *reports) failed(now time.Time, failures map[errcode.Code]uint64, requests uint64) {
	if r.since.IsZero() {
		r.since = now
	}
	due := r.failing && now.Sub(r.last) >= reportEvery
	if !due && !(r.isNews(failures) && r.news.take(now)) {
		r.held.add(failures, requests)
		return
	}
	if due {
		clear(r.inLog)
	}
	for code := range failures {
		r.inLog[code] = true
	}
	for code := range r.held.codes {
		r.inLog[code] = true
	}
	r.failing, r.last = true, now
	r.log.Warn("burst had failures", r.release("requests", requests, "failed", sum(failures), "codes", formatCounts(failures))...)
}

// succeeded logs the end of failures, even if all failures were held back. Without room for
// the line, the next burst that succeeds tries again.
func (r *reports) succeeded(now time.Time) {
	if r.since.IsZero() || !r.news.take(now) {
		return
	}
	r.log.Info("bursts succeed again", r.release("after", now.Sub(r.since).Round(time.Millisecond).String())...)
	r.failing, r.since = false, time.Time{}
	clear(r.inLog)
}

// isNews reports whether the log has no failures yet, or none with one of these codes.
func (r *reports) isNews(failures map[errcode.Code]uint64) bool {
	if !r.failing {
		return true
	}
	for code := range failures {
		if !r.inLog[code] {
			return true
		}
	}
	return false
}

// release adds the held back numbers to the attributes of a line, and resets them.
func (r *reports) release(attrs ...any) []any {
	h := &r.held
	if h.bursts > 0 {
		attrs = append(attrs, "held_back_bursts", h.bursts, "held_back_requests", h.requests,
			"held_back_failed", h.failed, "held_back_codes", formatCounts(h.codes))
	}
	if h.breaker > 0 {
		attrs = append(attrs, "held_back_breaker_changes", h.breaker)
	}
	clear(h.codes)
	r.held = heldBack{codes: h.codes}
	return attrs
}

func (h *heldBack) add(failures map[errcode.Code]uint64, requests uint64) {
	h.bursts++
	h.requests += requests
	h.failed += sum(failures)
	for code, n := range failures {
		h.codes[code] += n
	}
}

func (h *heldBack) any() bool { return h.bursts > 0 || h.breaker > 0 }

// budget allows newsAtOnce lines, and one more with every newsEvery. Its state is two
// numbers, however many lines there were.
type budget struct {
	spent int
	since time.Time // when the oldest spent line began to come back
}

// take spends one line, and reports whether there was one.
func (b *budget) take(now time.Time) bool {
	back := int(now.Sub(b.since) / newsEvery)
	if back >= b.spent {
		b.spent, b.since = 0, now
	} else {
		b.spent -= back
		b.since = b.since.Add(time.Duration(back) * newsEvery)
	}
	if b.spent == newsAtOnce {
		return false
	}
	b.spent++
	return true
}

func sum(counts map[errcode.Code]uint64) (total uint64) {
	for _, n := range counts {
		total += n
	}
	return total
}

// formatCounts lists the codes and how often each occurred: "1212 refused: 3".
func formatCounts(counts map[errcode.Code]uint64) string {
	parts := make([]string, 0, len(counts))
	for _, code := range slices.Sorted(maps.Keys(counts)) {
		parts = append(parts, code.String()+" "+code.Name()+": "+strconv.FormatUint(counts[code], 10))
	}
	return strings.Join(parts, ", ")
}
