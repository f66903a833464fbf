package web

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"example.com/prober/prober"
	"example.com/prober/prober/numbers"
)

// maxScrapes bounds how many scrapes may be under way. Clients that do not read their answers
// count too.
const maxScrapes = 64

// exposition answers scrapes. It renders one scrape at a time, and all requests that come
// meanwhile share the next one, so a crowd of scrapers costs the targets no more than one or two.
// It renders into memory, so a client that does not read holds up nobody. If a client leaves, its
// scrape needs no more work.
type exposition struct {
	log      *slog.Logger
	manager  *prober.Manager
	registry prometheus.Gatherer
	scrapes  admission

	turn     chan struct{} // holds a value while a scrape is rendered; its sender owns zip, protobuf and courtesy
	zip      *gzip.Writer
	protobuf protobuf
	yielder  *yielder
	mu       sync.Mutex
	next     map[encoding]*rendering
	free     pieces // of a page without readers; mu covers it
}

// encoding is the format and the compression of a scrape.
type encoding struct {
	format expfmt.Format
	gzip   bool
}

// rendering is a scrape with clients that wait for it.
type rendering struct {
	done chan struct{} // closed when page and err are set
	page pieces
	err  error
	by   int // the number of clients that wait for it or read it; mu covers it
}

// errUnfinished goes to the clients of a rendering that panics: no page is better than a page
// without metrics.
var errUnfinished = errors.New("the rendering did not end")

func newExposition(o Options) *exposition {
	zip, err := gzip.NewWriterLevel(io.Discard, gzip.BestSpeed)
	if err != nil {
		panic(err) // the level is valid
	}
	return &exposition{
		zip:      zip,
		yielder:  newYielder(scrapeFor),
		log:      o.Log,
		manager:  o.Manager,
		registry: o.Registry,
		scrapes:  admission{most: maxScrapes},
		turn:     make(chan struct{}, 1),
		next:     make(map[encoding]*rendering),
	}
}

// ServeHTTP writes all metrics in the format that the client prefers.
func (e *exposition) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx, place, ok := e.scrapes.admit(r)
	if !ok {
		refuseScrape(w)
		return
	}
	defer place.giveBack()
	as := encoding{
		format: expfmt.NegotiateAccept(r.Header, expfmt.DefaultOpenMetricsAcceptedFormats()...),
		gzip:   acceptsGzip(r.Header.Get("Accept-Encoding")),
	}
	next := e.join(as)
	defer e.leave(next)
	page, err := e.scrape(ctx, as, next)
	if ctx.Err() != nil {
		gaveUp(ctx, func() { refuseScrape(w) })
		return
	}
	if err != nil {
		e.log.Error("cannot write the metrics", "err", err)
		text(w, http.StatusInternalServerError, "the metrics cannot be written")
		return
	}
	h := w.Header()
	h.Set("Content-Type", string(as.format))
	h.Add("Vary", "Accept, Accept-Encoding")
	if as.gzip {
		h.Set("Content-Encoding", "gzip")
	}
	place.answer(ctx, w, page...)
}

func refuseScrape(w http.ResponseWriter) {
	text(w, http.StatusServiceUnavailable, "too many scrapes are under way")
}

// join returns the next rendering. The caller must call leave after it has read the page.
func (e *exposition) join(as encoding) *rendering {
	e.mu.Lock()
	defer e.mu.Unlock()
	r := e.next[as]
	if r == nil {
		r = &rendering{done: make(chan struct{}), err: errUnfinished}
		e.next[as] = r
	}
	r.by++
	return r
}

// leave frees the memory of a page for the next one, once the page has no readers.
func (e *exposition) leave(r *rendering) {
	e.mu.Lock()
	defer e.mu.Unlock()
	r.by--
	if r.by == 0 && r.page != nil {
		e.free, r.page = r.page, nil
	}
}

// scrape returns the page of r. Its numbers are from a moment after the client joined r. If ctx
// ends first, scrape returns its cause. One client of a rendering renders it for all, once no
// other rendering is under way.
func (e *exposition) scrape(ctx context.Context, as encoding, r *rendering) (pieces, error) {
	select {
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case <-r.done:
		return r.page, r.err
	// The request with the turn gives it back when its page is rendered. Rendering waits for no
	// client.
	case e.turn <- struct{}{}:
		defer func() { <-e.turn }()
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	select {
	case <-r.done:
		return r.page, r.err
	default:
	}
	// Deferred, so that the others do not wait for ever if the rendering panics.
	defer close(r.done)
	e.mu.Lock()
	delete(e.next, as) // later requests may want later numbers
	e.mu.Unlock()
	page, err := e.render(as)
	e.mu.Lock()
	defer e.mu.Unlock()
	r.page, r.err = page, err
	return page, err
}

func (e *exposition) render(as encoding) (pieces, error) {
	e.mu.Lock()
	page := &writer{free: e.free}
	e.free = nil
	e.mu.Unlock()
	if !as.gzip {
		err := e.encode(page, as.format)
		return page.written, err
	}
	e.zip.Reset(page)
	err := errors.Join(e.encode(e.zip, as.format), e.zip.Close())
	return page.written, err
}

func (e *exposition) encode(w io.Writer, format expfmt.Format) error {
	encoder := e.encoder(yieldingWriter{w, e.yielder}, format)
	process, err := e.registry.Gather()
	if err != nil { // some metrics are better than none
		e.log.Error("cannot gather all metrics of the process", "err", err)
	}
	for _, family := range process {
		if err := encoder.Encode(family); err != nil {
			return err
		}
	}
	if err := e.encodeOwn(yieldingWriter{w, e.yielder}, encoder, format.FormatType()); err != nil {
		return err
	}
	if closer, ok := encoder.(expfmt.Closer); ok {
		return closer.Close()
	}
	return nil
}

// encodeOwn writes the metrics of the prober. It uses encoder only for the formats for people.
func (e *exposition) encodeOwn(w io.Writer, encoder expfmt.Encoder, format expfmt.FormatType) error {
	own := map[expfmt.FormatType]numbers.Format{
		expfmt.TypeTextPlain:   numbers.FormatText,
		expfmt.TypeOpenMetrics: numbers.FormatOpenMetrics,
		expfmt.TypeProtoDelim:  numbers.FormatProtobuf,
	}
	if as, ok := own[format]; ok {
		return e.manager.WriteMetrics(w, as, e.yielder.giveWay)
	}
	for family := range e.manager.Families(e.yielder.giveWay) {
		if err := encoder.Encode(family); err != nil {
			return err
		}
	}
	return nil
}

func (e *exposition) encoder(w io.Writer, format expfmt.Format) expfmt.Encoder {
	if format.FormatType() == expfmt.TypeProtoDelim {
		e.protobuf.w, e.protobuf.giveWay = w, e.yielder.giveWay
		return &e.protobuf
	}
	// No name here needs escaping. To look for one would need a list of all series.
	return expfmt.NewEncoder(w, format.WithEscapingScheme(model.NoEscaping))
}

// acceptsGzip reports whether an Accept-Encoding header asks for gzip (RFC 9110,
// section 12.5.3).
func acceptsGzip(header string) bool {
	for coding := range strings.SplitSeq(header, ",") {
		name, weight, _ := strings.Cut(coding, ";")
		if strings.TrimSpace(name) == "gzip" {
			q, err := strconv.ParseFloat(strings.TrimPrefix(strings.TrimSpace(weight), "q="), 64)
			return err != nil || q > 0
		}
	}
	return false
}

// numbered serves h and numbers the scrapes. The shutdown waits for a scrape that has begun
// after the last request was counted.
func (s *Shell) numbered(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := s.begun.Add(1)
		h.ServeHTTP(w, r)
		for last := s.answered.Load(); last < n && !s.answered.CompareAndSwap(last, n); {
			last = s.answered.Load()
		}
	})
}

// metrics serves all metrics, and counts how often.
func (s *Shell) metrics() http.Handler {
	return s.numbered(promhttp.InstrumentMetricHandler(s.opts.Registry, newExposition(s.opts)))
}
