package web

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"
)

// A page is drawn at most once in this time, however often clients ask for it. Showing results must not take the
// processor time that bursts need.
const drawnFor = time.Second

// maxDrawn bounds the number of kept pages.
const maxDrawn = 64

// The program draws one page at a time, however many different pages clients ask for. Drawing takes at most
// 1/drawingShare of the time, and at most maxWaiting requests wait for a page. No request has to wait before drawing
// has taken freeDrawing/drawingShare.
const (
	drawingShare = 4
	freeDrawing  = 4 * time.Second
	maxWaiting   = 32
)

var errBusy = errors.New("too many requests for pages at once")

// pageCache keeps pages for drawnFor.
type pageCache struct {
	mu    sync.Mutex
	drawn map[string]drawing
	// waiting has the requests for a page, and turn is a lock: only its holder may draw.
	waiting admission
	turn    chan struct{}
	// next is the earliest time for the next page. Only the holder of turn uses it.
	next time.Time
}

func newPageCache() *pageCache {
	return &pageCache{drawn: map[string]drawing{}, waiting: admission{most: maxWaiting}, turn: make(chan struct{}, 1)}
}

type drawing struct {
	at   time.Time
	body []byte
	etag string
}

// get returns the page kept under key, or draws it for r. It returns errBusy if too many requests wait, and the cause
// if r's context ends first.
func (g *pageCache) get(r *http.Request, key string, draw func() ([]byte, error)) (drawing, error) {
	if d, ok := g.kept(key); ok {
		return d, nil
	}
	ctx, place, ok := g.waiting.admit(r)
	if !ok {
		return drawing{}, errBusy
	}
	defer place.giveBack()
	select {
	case g.turn <- struct{}{}:
		defer func() { <-g.turn }()
	case <-ctx.Done():
		return drawing{}, ended(ctx)
	}
	if d, ok := g.kept(key); ok { // another request drew it meanwhile
		return d, nil
	}
	select {
	case <-time.After(time.Until(g.next)):
	case <-ctx.Done():
		return drawing{}, ended(ctx)
	}
	start := time.Now()
	// A quiet time counts only so far: otherwise a crowd after a quiet night could draw without a pause.
	if free := start.Add(-freeDrawing); g.next.Before(free) {
		g.next = free
	}
	body, err := draw()
	// Drawing that failed took its time as well.
	g.next = g.next.Add(drawingShare * time.Since(start))
	if err != nil {
		return drawing{}, err
	}
	return g.keep(key, body), nil
}

// ended returns why a request no longer waits. It is errBusy if the request had to make room for another one.
func ended(ctx context.Context) error {
	if errors.Is(context.Cause(ctx), errDisplaced) {
		return errBusy
	}
	return context.Cause(ctx)
}

// kept returns the page kept under key, and reports whether it is new enough.
func (g *pageCache) kept(key string) (drawing, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	d, ok := g.drawn[key]
	return d, ok && time.Since(d.at) < drawnFor
}

func (g *pageCache) keep(key string, body []byte) drawing {
	d := drawing{time.Now(), body, etagOf(body)}
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.drawn) >= maxDrawn {
		// Pages are old after a second, so it does not matter which ones go.
		clear(g.drawn)
	}
	g.drawn[key] = d
	return d
}

func etagOf(body []byte) string {
	sum := sha256.Sum256(body)
	return `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
}

// versionOf returns an etag as the query of an address.
func versionOf(etag string) string { return strings.Trim(etag, `"`) }

// page answers with a page of HTML.
func (s *Shell) page(w http.ResponseWriter, r *http.Request, key string, draw func() ([]byte, error)) {
	if d, ok := s.drawn(w, r, key, draw); ok {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		d.serve(w, r)
	}
}

// drawn returns the page kept under key, or draws it for r. It reports whether there is a page. If not, it has answered
// with an error.
func (s *Shell) drawn(w http.ResponseWriter, r *http.Request, key string, draw func() ([]byte, error)) (d drawing, ok bool) {
	d, err := s.pageCache.get(r, key, draw)
	if errors.Is(err, context.Canceled) {
		panic(http.ErrAbortHandler) // the client has gone
	}
	if errors.Is(err, errBusy) {
		w.Header().Set("Retry-After", "1")
		text(w, http.StatusServiceUnavailable, err.Error())
		return d, false
	}
	if errors.Is(err, errNoGroup) {
		text(w, http.StatusNotFound, err.Error())
		return d, false
	}
	if err != nil {
		s.opts.Log.Error("cannot draw a page", "page", key, "err", err)
		text(w, http.StatusInternalServerError, "the page cannot be drawn")
		return d, false
	}
	return d, true
}

// serve answers with the page, or with 304 to a client that has it already.
func (d *drawing) serve(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "private, no-cache")
	w.Header().Set("ETag", d.etag)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(d.body))
}
