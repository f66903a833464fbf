// Package peers reads the targets of other probers. It keeps only the last answer of each.
//
// A [Set] reads each peer every few seconds by way of its API, and [Set.Answers] returns what is known. A peer that
// does not answer keeps its last list, with the reason. [Rows] puts the lists of several probers side by side by
// walking through them, without a table of all targets.
//
// Peers are not trusted: the number of targets, the length and the time of an answer are bounded, one answer is
// decoded at a time, texts are cleaned, and no redirect leads to another host.
package peers

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode"
	"unicode/utf8"

	"example.com/prober/errcode"
	"example.com/prober/web/baseurl"
)

// Bounds on the use of resources by the peers. They hold for each peer, except maxPeers.
const (
	maxPeers = 50
	// MaxTargets is the largest number of targets that a set keeps of a peer.
	MaxTargets = 20_000
	// readEvery is the time from the end of a reading to the start of the next. maxWait is how long a peer may keep one
	// request waiting.
	readEvery = 10 * time.Second
	maxWait   = 5 * time.Second
	// longestName is in characters, longestURL in bytes.
	longestName = 64
	longestURL  = 256
)

// State says how a target does, the worst first. It has the states of the API.
type State uint8

// The states of a target.
const (
	Failing State = iota
	Troubled
	Waiting
	OK
	numStates = iota
)

// String returns the state as it stands in the API.
func (s State) String() string { return [numStates]string{"failing", "troubled", "waiting", "ok"}[s] }

// Target is a target as its prober describes it.
type Target struct {
	Name  string
	State State
	// Code is the commonest failure behind the state. It is 0 without any.
	Code errcode.Code
	// Since is the start of a state other than well. It is zero for a well target.
	Since time.Time
}

// Peer is another prober.
type Peer struct {
	Name string
	// URL is the root of its web interface, without a slash at its end.
	URL *url.URL
}

// Parse reads a peer from NAME=URL. The default name is the host and port of the URL.
func Parse(text string) (Peer, error) {
	name, address := "", text
	if !strings.HasPrefix(text, "http://") && !strings.HasPrefix(text, "https://") {
		var isPair bool
		if name, address, isPair = strings.Cut(text, "="); !isPair {
			return Peer{}, errors.New("it must be NAME=URL, or a URL that begins with http:// or https://")
		}
		if err := CheckName(name); err != nil {
			return Peer{}, err
		}
	}
	u, err := parseURL(address)
	if err != nil {
		return Peer{}, err
	}
	if name == "" {
		name = u.Host
	}
	return Peer{name, u}, CheckName(name)
}

func parseURL(text string) (*url.URL, error) {
	u, err := baseurl.Parse(text, "its URL", ", because the page would show it; use --web.client-config")
	switch {
	case errors.Is(err, baseurl.ErrNotURL):
		return nil, errors.New("what should be its URL is not a URL")
	case err == nil && len(text) > longestURL:
		return nil, fmt.Errorf("its URL must have at most %d bytes", longestURL)
	}
	return u, err
}

// CheckName returns an error if a prober cannot have this name.
func CheckName(name string) error {
	if n := utf8.RuneCountInString(name); n == 0 || n > longestName || !isPrintable(name) || strings.TrimSpace(name) != name {
		return fmt.Errorf("a name must have 1 to %d printable characters and no space at its ends, not %.80q", longestName, name)
	}
	return nil
}

func isPrintable(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) })
}

// Options are the settings of a [Set].
type Options struct {
	Log *slog.Logger
	// Client sends the requests to all peers.
	Client *http.Client
	// Name is the name of this prober. A peer of this name is this prober itself, so the set leaves it out. This way all
	// probers can have the same list.
	Name  string
	Peers []Peer
}

// Set is the peers of a prober.
type Set struct {
	name    string
	log     *slog.Logger
	client  *http.Client
	readers []*reader
	// turn belongs to the working reader, so at most one reader works.
	turn           chan struct{}
	every, maxWait time.Duration
}

// reader reads one peer. Only its own goroutine stores last.
type reader struct {
	Peer
	last atomic.Pointer[Answer]
}

// Answer is the known state of one prober. It is immutable.
type Answer struct {
	Peer
	// Targets are the targets in its last list, by name.
	Targets []Target
	// Total is how many targets it has. Targets may have fewer.
	Total int
	// ReadAt is when it gave this list. It is zero if it never gave one.
	ReadAt time.Time
	// Down says why it has given no list since then. It is empty if the last reading went well. DownSince is the time
	// since which it has given none: ReadAt, or the time of the first request.
	Down      string
	DownSince time.Time
	// HasAnswered reports whether it answered the last request, though not with a list.
	HasAnswered bool
}

// IsDown reports whether the last reading failed.
func (a *Answer) IsDown() bool { return a.Down != "" }

// IsAwaited reports whether the first reading has not ended.
func (a *Answer) IsAwaited() bool { return a.Down == "" && a.ReadAt.IsZero() }

// New returns the peers, without any answers yet. The error is about o.Peers.
func New(o Options) (*Set, error) {
	if len(o.Peers) > maxPeers {
		return nil, fmt.Errorf("there are %d peers, but at most %d are allowed", len(o.Peers), maxPeers)
	}
	s := &Set{name: o.Name, log: o.Log, client: baseurl.SameHostOnly(o.Client), turn: make(chan struct{}, 1), every: readEvery, maxWait: maxWait}
	taken := map[string]bool{}
	for _, p := range o.Peers {
		if taken[p.Name] {
			return nil, fmt.Errorf("two peers have the name %q", p.Name)
		}
		taken[p.Name] = true
		if p.Name == o.Name {
			continue
		}
		r := &reader{Peer: p}
		r.last.Store(&Answer{Peer: p, DownSince: time.Now()})
		s.readers = append(s.readers, r)
	}
	return s, nil
}

// IsEmpty reports whether there are no peers. A nil set has none.
func (s *Set) IsEmpty() bool { return s == nil || len(s.readers) == 0 }

// Name returns the name of this prober.
func (s *Set) Name() string {
	if s == nil {
		return ""
	}
	return s.name
}

// Answers returns the last answer of each peer, in the order of the peers.
func (s *Set) Answers() []*Answer {
	if s == nil {
		return nil
	}
	all := make([]*Answer, len(s.readers))
	for i, r := range s.readers {
		all[i] = r.last.Load()
	}
	return all
}

// Run reads the peers again and again until ctx ends.
func (s *Set) Run(ctx context.Context) {
	var all sync.WaitGroup
	for _, r := range s.readers {
		all.Go(func() { s.follow(ctx, r) })
	}
	all.Wait()
	s.client.CloseIdleConnections()
}

func (s *Set) follow(ctx context.Context, r *reader) {
	for {
		s.read(ctx, r)
		if pause(ctx, s.every) != nil {
			return
		}
	}
}

// read asks a peer for all its targets, and keeps the answer.
func (s *Set) read(ctx context.Context, r *reader) {
	before := r.last.Load()
	targets, total, err := s.list(ctx, r.Peer, before.Targets)
	// The end of the prober is no failure of the peer.
	if ctx.Err() != nil {
		return
	}
	if err == nil {
		now := time.Now()
		r.last.Store(&Answer{Peer: r.Peer, Targets: targets, Total: total, ReadAt: now, DownSince: now})
		if before.IsDown() {
			s.log.Info("a peer gives its targets again", "peer", r.Name)
		}
		return
	}
	after := *before
	after.HasAnswered = isAnswer(err)
	after.Down = words(err)
	r.last.Store(&after)
	if !before.IsDown() {
		s.log.Warn("a peer does not give its targets; the page shows the last ones", "peer", r.Name, "err", after.Down)
	}
}

// pause waits for d. If ctx ends first, it returns its error.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
