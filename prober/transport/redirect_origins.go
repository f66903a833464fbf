package transport

import (
	"maps"
	"slices"
	"sync"

	"example.com/prober/option"
	"example.com/prober/prober/probe"
)

// maxOrigins is how many other origins keep connections between requests. Peers choose
// these origins: without a bound they could make the prober keep connections to any number
// of hosts.
const maxOrigins = 8

// origins are the transports to the destinations of redirects, other than the target's own
// origin. There are maxOrigins at most, besides those in use.
type origins struct {
	mu      sync.Mutex
	known   map[string]*origin
	aborted bool
	// ending counts the origins dropped from known whose connections are not gone.
	ending sync.WaitGroup
}

type origin struct {
	t      *Transport
	users  int
	usedAt probe.Instant
}

// acquire returns the transport to the origin of cfg, until release.
func (o *origins) acquire(home *Transport, cfg *Config) (*origin, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	key := originOf(cfg.URL)
	known := o.known[key]
	if known == nil {
		// The others of the target who follow a redirect wait meanwhile: for some
		// milliseconds, most of them for the certificates of tls.ca, and for no peer.
		t, err := home.elsewhere(cfg)
		if err != nil {
			return nil, err
		}
		// abort has been through all origins known then. A transport made later must fail
		// its requests too.
		if o.aborted {
			t.Abort()
		}
		if o.known == nil {
			o.known = make(map[string]*origin)
		}
		known = &origin{t: t}
		o.known[key] = known
	}
	known.users++
	return known, nil
}

// release ends the use of an origin. If there are too many, the least recently used one goes.
func (o *origins) release(used *origin) {
	surplus := o.leave(used)
	if surplus == nil {
		return
	}
	surplus.CloseIdle()
	// Connections of HTTP/1 are gone by now. Others end soon, since no request is on them;
	// the worker does not wait for that, but the end of the target does.
	if surplus.multi != nil {
		o.ending.Go(surplus.Wait)
	}
}

func (o *origins) leave(used *origin) (surplus *Transport) {
	o.mu.Lock()
	defer o.mu.Unlock()
	used.users--
	used.usedAt = probe.Now()
	if len(o.known) <= maxOrigins {
		return nil
	}
	oldest := ""
	for key, at := range o.known {
		// An origin in use stays, even if there are too many. Whoever releases it looks
		// again.
		if at.users == 0 && (oldest == "" || at.usedAt < o.known[oldest].usedAt) {
			oldest = key
		}
	}
	if oldest == "" {
		return nil
	}
	surplus = o.known[oldest].t
	delete(o.known, oldest)
	return surplus
}

func (o *origins) closeIdle() {
	for _, at := range o.all() {
		at.t.CloseIdle()
	}
}

func (o *origins) abort() {
	o.mu.Lock()
	o.aborted = true
	o.mu.Unlock()
	for _, at := range o.all() {
		at.t.Abort()
	}
}

func (o *origins) wait() {
	for _, at := range o.all() {
		at.t.Wait()
	}
	o.ending.Wait()
}

func (o *origins) open() int {
	n := 0
	for _, at := range o.all() {
		n += at.t.Open()
	}
	return n
}

func (o *origins) all() []*origin {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Collect(maps.Values(o.known))
}

// elsewhere returns a transport to the origin of to, for the same target. Settings for the
// host of the target are not used with another host.
func (t *Transport) elsewhere(to *Config) (*Transport, error) {
	cfg := *t.cfg
	cfg.URL, cfg.Method, cfg.Host = to.URL, to.Method, to.Host
	cfg.forgetRequest()
	// Addresses, names and keys of the target say nothing about another host, and a client
	// certificate would tell it who asks.
	if cfg.URL.Hostname() != t.cfg.URL.Hostname() {
		cfg.Resolve = nil
		cfg.TLS.ServerName, cfg.TLS.Cert, cfg.TLS.Key = "", nil, nil
	}
	// h2c is HTTP/2 without TLS. HTTP/2 with TLS is the nearest to it.
	if cfg.HTTPVersion == option.H2C && cfg.URL.Scheme == "https" {
		cfg.HTTPVersion = option.OnlyHTTP2
	}
	return newMix([]Config{cfg}, t.keeps)
}

// forgetRequest leaves only what concerns connections: the requests to come are others, and
// judged elsewhere.
func (cfg *Config) forgetRequest() {
	cfg.Header, cfg.Body, cfg.BodySize, cfg.Authorization = nil, nil, 0, nil
	cfg.Path, cfg.VaryingHeader, cfg.VaryingBody = nil, nil, nil
	cfg.Captures, cfg.Cookies = nil, false
	cfg.Compression, cfg.CheckBody, cfg.Expect, cfg.KeepHeader = nil, nil, Expectation{}, nil
}
