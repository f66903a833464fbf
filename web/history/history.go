// Package history reads the results of requests to a target over days from a Prometheus. The prober itself keeps its
// last bursts only.
//
// A [Store] keeps what it has read. An answer about a longer span counts as new for longer. Nobody waits for a read:
// a caller gets the known answer at once, and the store reads an old one anew meanwhile. So a slow or missing Prometheus
// delays no page. Reads at once, waiting reads, kept answers and the length of an answer are bounded.
package history

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/prometheus/client_golang/api"
	v1 "github.com/prometheus/client_golang/api/prometheus/v1"

	"example.com/prober/web/baseurl"
)

// Bounds on the cost of reading, for the prober and for Prometheus.
const (
	queryTimeout = 10 * time.Second
	// maxAnswer bounds an answer, in bytes.
	maxAnswer = 8 << 20
	// maxReading is the largest number of concurrent reads. maxWaiting further reads may wait for them.
	maxReading = 2
	maxWaiting = 32
	// maxKept is the largest number of kept reads.
	maxKept = 1024
	// retryAfter is the time from a failed read to the next try.
	retryAfter = 15 * time.Second
)

// Store keeps its reads from a Prometheus. No caller waits for a read: a caller gets the known answer, and asks again
// later.
type Store struct {
	prometheus v1.API
	matchers   string
	now        func() time.Time

	ctx    context.Context //nolint:containedctx // that of all reads, which no caller waits for
	cancel context.CancelFunc
	reads  sync.WaitGroup
	places chan struct{} // of the concurrent reads

	mu      sync.Mutex
	waiting int // reads that have begun and not ended
	kept    map[key]*entry
}

// Options say which Prometheus to read.
type Options struct {
	// URL is the URL of the Prometheus, without a query.
	URL *url.URL
	// Client reaches the Prometheus.
	Client *http.Client
	// Matchers select the series of the probers among all series of the Prometheus, such as `job="prober"`. Empty matchers
	// select all.
	Matchers string
}

// New returns an empty store. Close it after use.
func New(o Options) (*Store, error) {
	sameHost := baseurl.SameHostOnly(o.Client)
	sameHost.Transport = bounded{sameHost.Transport}
	client, err := api.NewClient(api.Config{Address: o.URL.String(), Client: sameHost})
	if err != nil {
		return nil, err
	}
	s := &Store{
		prometheus: v1.NewAPI(client), matchers: o.Matchers, now: time.Now,
		places: make(chan struct{}, maxReading), kept: map[key]*entry{},
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	return s, nil
}

// Close ends all reads, and waits for their ends.
func (s *Store) Close() {
	s.mu.Lock()
	s.cancel() // under the lock: no read begins afterwards
	s.mu.Unlock()
	s.reads.Wait()
}

// key says what a read is about.
type key struct {
	kind    kind
	subject string // the name of a target, or the matcher of a group
	span    Span
}

type kind int

const (
	counts kind = iota
	latencies
	shares
)

// entry is the known answer to a key.
type entry struct {
	// value is the result of the last read that succeeded, and at its start. Before such a read they are nil and zero.
	value any
	at    time.Time
	// err says why the last read failed, or is nil if it succeeded. tried is the time of its end.
	err     error
	tried   time.Time
	reading bool
	used    time.Time
}

// get returns the known answer to k. If the answer is old, get starts a read.
func (s *Store) get(k key) entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	e := s.kept[k]
	if e == nil {
		s.makeRoom()
		e = new(entry)
		s.kept[k] = e
	}
	e.used = now
	isOld := e.at.IsZero() || now.Sub(e.at) >= k.span.lifetime()
	if e.err != nil {
		isOld = now.Sub(e.tried) >= retryAfter
	}
	if isOld && !e.reading && s.waiting < maxReading+maxWaiting && s.ctx.Err() == nil {
		e.reading = true
		s.waiting++
		s.reads.Go(func() { s.read(k, e) })
	}
	return *e
}

// makeRoom forgets the answer used longest ago if the store is full. mu is held.
func (s *Store) makeRoom() {
	if len(s.kept) < maxKept {
		return
	}
	var oldest key
	var found *entry
	for k, e := range s.kept {
		if !e.reading && (found == nil || e.used.Before(found.used)) {
			oldest, found = k, e
		}
	}
	delete(s.kept, oldest)
}

func (s *Store) read(k key, e *entry) {
	// Each read ends with its timeout or with Close, so this wait ends too.
	s.places <- struct{}{}
	begun := s.now()
	value, err := s.ask(k, begun)
	<-s.places
	s.mu.Lock()
	defer s.mu.Unlock()
	e.reading, e.err, e.tried = false, err, s.now()
	s.waiting--
	if err == nil {
		e.value, e.at = value, begun
	}
}

func (s *Store) ask(k key, now time.Time) (any, error) {
	switch k.kind {
	case latencies:
		return s.readLatencies(k, now)
	case shares:
		return s.readShares(k, now)
	default:
		return s.readCounts(k, now)
	}
}

// bounded cuts answers that are too long.
type bounded struct{ next http.RoundTripper }

func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := b.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	resp.Body = http.MaxBytesReader(nil, resp.Body, maxAnswer)
	return resp, nil
}

// reason says in words why a read failed. The text has no part of the query.
func reason(err error) error {
	var tooLong *http.MaxBytesError
	var refused *v1.Error
	var unreachable *url.Error
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("no answer within %s", queryTimeout)
	case errors.As(err, &tooLong):
		return fmt.Errorf("the answer has more than %d MiB", maxAnswer>>20)
	case errors.As(err, &refused) && refused.Type == v1.ErrBadResponse:
		return fmt.Errorf("the answer is not one of Prometheus: %s", refused.Msg)
	case errors.As(err, &refused):
		return fmt.Errorf("it answers: %s", refused.Msg)
	case errors.As(err, &unreachable):
		return unreachable.Err
	default:
		return err
	}
}
