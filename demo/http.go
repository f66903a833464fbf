package demo

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// unavailableEvery is the share of 503s: one answer in this many.
	unavailableEvery = 5
	// pauseEvery requests share one pause of pauseTime.
	pauseEvery = 100
	pauseTime  = 500 * time.Millisecond
	// bigBodySize is above the largest body that a prober reads by default, 1 MiB.
	bigBodySize = 2 << 20
	// hugeHeaderSize is above the largest response header that it reads, 64 KiB.
	hugeHeaderSize = 96 << 10
	// uploadLimit bounds a request body, in bytes.
	uploadLimit = 1 << 20
)

// page serves h at the path /name of the plain HTTP listener.
func page(h http.HandlerFunc) opener {
	return func(_ context.Context, s *Server, name string) (string, error) {
		s.pages.HandleFunc("/"+name, h)
		return "http://" + s.pageHost + "/" + name, nil
	}
}

// fast answers 1 KiB of text.
func fast(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(w, strings.Repeat("0123456789abcde\n", 64))
}

// post takes a body and answers with its size.
func post(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		http.Error(w, "only POST", http.StatusMethodNotAllowed)
		return
	}
	n, err := io.Copy(io.Discard, http.MaxBytesReader(w, r.Body, uploadLimit))
	if err != nil {
		http.Error(w, "the body is too long or incomplete", http.StatusBadRequest)
		return
	}
	w.WriteHeader(http.StatusCreated)
	_, _ = io.WriteString(w, strconv.FormatInt(n, 10)+" bytes\n")
}

// slow answers as fast does, after a delay of slowDelay.
func slow() http.HandlerFunc {
	var requests atomic.Uint64
	return func(w http.ResponseWriter, r *http.Request) {
		if wait(r.Context(), slowDelay(requests.Add(1))) {
			fast(w, r)
		}
	}
}

// slowDelay is the delay of the n-th request. Any hundred requests in a row have every delay in exactly its share: 37
// and 100 have no common divisor, so the multiples of 37 visit each remainder once, well mixed.
func slowDelay(n uint64) time.Duration {
	switch share := n % 100 * 37 % 100; {
	case share < 50:
		return 5 * time.Millisecond
	case share < 90:
		return 20 * time.Millisecond
	case share < 99:
		return 100 * time.Millisecond
	default:
		return 500 * time.Millisecond
	}
}

// pausing answers as fast does, but now and then it stops for all clients at once. A garbage collection or a lock held
// too long has this effect.
func pausing() http.HandlerFunc {
	var p pauser
	return func(w http.ResponseWriter, r *http.Request) {
		if wait(r.Context(), p.delay(time.Now())) {
			fast(w, r)
		}
	}
}

// pauser decides when a pause begins and which requests wait for its end.
type pauser struct {
	mu       sync.Mutex
	requests int
	until    time.Time
}

// delay counts a request that arrives at now, and returns how long it waits. The request does not wait at 0 or less.
// The pause starts in the middle of each pauseEvery requests, so a burst of this size has it in its middle.
func (p *pauser) delay(now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.requests++
	if p.requests%pauseEvery == pauseEvery/2 {
		p.until = now.Add(pauseTime)
	}
	return p.until.Sub(now)
}

// status answers every request with code.
func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

func rateLimited(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Retry-After", "1")
	http.Error(w, "too many requests", http.StatusTooManyRequests)
}

func redirect(w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, "/fast", http.StatusFound)
}

// unavailable answers every fifth request with 503, the others as fast does.
func unavailable() http.HandlerFunc {
	var requests atomic.Uint64
	return func(w http.ResponseWriter, r *http.Request) {
		if requests.Add(1)%unavailableEvery == 0 {
			http.Error(w, "overloaded", http.StatusServiceUnavailable)
			return
		}
		fast(w, r)
	}
}

// stall holds the request until the peer gives up.
func stall(_ http.ResponseWriter, r *http.Request) {
	<-r.Context().Done()
	panic(http.ErrAbortHandler) // closes the connection; a return would answer 200
}

// stallMidBody sends half of the declared length and then holds the connection.
func stallMidBody(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Length", "1024")
	_, _ = w.Write(make([]byte, 512))
	_ = http.NewResponseController(w).Flush()
	<-r.Context().Done()
}

func bigBody(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", strconv.Itoa(bigBodySize))
	chunk := bytes.Repeat([]byte("x"), 32<<10)
	for sent := 0; sent < bigBodySize; sent += len(chunk) {
		if _, err := w.Write(chunk); err != nil {
			return
		}
	}
}

func hugeHeader(w http.ResponseWriter, r *http.Request) {
	const line = 1 << 10
	for range hugeHeaderSize / line {
		w.Header().Add("X-Padding", strings.Repeat("x", line))
	}
	fast(w, r)
}

// wait returns true after d, or false as soon as ctx ends.
func wait(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
