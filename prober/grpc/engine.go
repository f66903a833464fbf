package grpc

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"example.com/prober/errcode"
	"example.com/prober/prober/content"
	"example.com/prober/prober/http2"
	"example.com/prober/prober/message"
	"example.com/prober/prober/probe"
	"example.com/prober/prober/wire"
	"example.com/prober/template"
)

// Defaults of a Config.
const (
	defaultMaxMessage = 4 << 20
	defaultStreams    = 100
)

// mostPings is how many PINGs in a row all common servers allow, however fast they come.
// After one more, they end the connection with ENHANCE_YOUR_CALM.
const mostPings = 2

// mostKept is the longest message to keep for checks, in bytes.
const mostKept = 8 << 20

// Config has everything an engine needs to know about its target.
type Config struct {
	// Plan says how connections are made. Its URL has a host, a port and the scheme grpc, or
	// grpcs for TLS. New sets the other fields that depend on the scheme.
	Plan wire.Plan
	// Authority is sent instead of the host and the port of the URL, unless it is empty.
	Authority string
	// Service, with the name of its package, and Method name the method to call.
	Service, Method string
	// Metadata are sent in this order, after the fields of gRPC itself.
	Metadata []message.Field
	// VaryingMetadata are sent after Metadata.
	VaryingMetadata []VaryingField
	// Message is the encoded argument of the method. It may be empty. JSON is the same argument
	// in JSON if the types are not known yet, and nil otherwise.
	Message, JSON []byte
	// VaryingMessage, unless nil, is rendered and encoded for each call, instead of Message. It
	// is for [template.JSON], and needs the types of the method.
	VaryingMessage *template.Template
	// Authorization returns the value of the field authorization for the next call, "" for
	// none. After an error, the call fails with it and sends nothing. Authorization must not
	// block. Nil means that there is no such field, or one in Metadata.
	Authorization func() (string, error)
	// Traceparent sends the field traceparent of W3C Trace Context.
	Traceparent bool

	// Descriptors are the FileDescriptorSet with the types of the method. Without them the
	// messages of an answer are counted and not decoded, except those of the health service.
	Descriptors []byte
	// Reflected means that [Engine.Describe] brings the descriptors later. Until then each call
	// that needs them fails.
	Reflected bool
	Expect    Expectation
	// MaxMessageBytes bounds each message, both as sent and decompressed; 0 means 4 MiB.
	MaxMessageBytes int64
	// Shows means that Results may have an Answer or a Trace.
	Shows bool
	// Decoders are shared by engines with a common bound on memory; nil means that the engine
	// has its own.
	Decoders *content.Decoders

	// RequestsPerConnection closes a connection after so many calls: 1 means a new one for
	// each, 0 means no limit.
	RequestsPerConnection int
	// StreamsPerConnection is how many calls a connection carries at the same time, unless
	// the server allows fewer; 0 means 100.
	StreamsPerConnection int
}

// ports are the schemes of the engine. They have no standard port.
var ports = map[string]uint16{"grpc": 0, "grpcs": 0}

// Engine makes the calls to one target. It is safe for concurrent use. Only its plans
// change, each by one atomic store.
type Engine struct {
	dialer      *wire.Dialer
	pool        *http2.Pool
	connections *probe.Ceiling
	cfgs        []Config
	// plans are the plans for new calls, each for the Config with the same index.
	plans []atomic.Pointer[plan]
	// roomy means that each call begins with a TLS handshake.
	roomy bool
}

var (
	errALPN   = errcode.New(errcode.TLSALPN, "the server did not choose h2 by ALPN")
	errNoCall = errors.New("a mix without a call")
)

// New compiles cfg. It returns an error if the URL, the TLS material, the descriptors or the
// expectations cannot be used, or if two settings exclude each other.
func New(cfg Config) (*Engine, error) { return NewMix([]Config{cfg}) }

// NewMix compiles several calls that share connections. The first Config determines the
// connections. Request of a Result selects a call. It fails as New does, and without any
// Config.
func NewMix(cfgs []Config) (*Engine, error) {
	if len(cfgs) == 0 {
		return nil, errNoCall
	}
	cfg := &cfgs[0]
	p := cfg.Plan
	if p.URL.Port() == "" {
		return nil, errors.New("the URL has no port")
	}
	p.Ports = ports
	p.Secure = p.URL.Scheme == "grpcs"
	p.Protocols = []string{"h2", "http/1.1"} // a server with only http/1.1 says so
	p.Aliases = aliasesOf(cfgs)
	d, err := wire.NewDialer(p)
	if err != nil {
		return nil, err
	}
	e := &Engine{
		dialer:      d,
		connections: p.Connections,
		cfgs:        slices.Clone(cfgs),
		plans:       make([]atomic.Pointer[plan], len(cfgs)),
		roomy:       p.Secure && cfg.RequestsPerConnection == 1,
	}
	for i := range e.cfgs {
		if err := e.compile(i); err != nil {
			return nil, err
		}
	}
	e.carry(cfg)
	return e, nil
}

// aliasesOf returns the host names by which the calls address the target.
func aliasesOf(cfgs []Config) (all []wire.Alias) {
	for i := range cfgs {
		all = append(all, wire.Alias{What: "request.host", Host: hostOf(cfgs[i].Authority)})
	}
	return all
}

// compile makes plan i.
func (e *Engine) compile(i int) error {
	cfg := &e.cfgs[i]
	cfg.Plan.Certificates = nil // it belongs to whoever calls New
	cfg.MaxMessageBytes = cmp.Or(cfg.MaxMessageBytes, defaultMaxMessage)
	if cfg.Decoders == nil {
		cfg.Decoders = content.NewDecoders(0)
	}
	// The target is loaded all the same: its server may be down while the file is read.
	if cfg.Reflected && cfg.needsTypes() {
		e.plans[i].Store(&plan{failure: errUndescribed})
		return nil
	}
	made, err := newPlan(cfg)
	e.plans[i].Store(made)
	return err
}

// carry makes the pool of connections.
func (e *Engine) carry(cfg *Config) {
	secure := cfg.Plan.URL.Scheme == "grpcs"
	e.pool = http2.NewPool(http2.Options{
		Streams:        cmp.Or(cfg.StreamsPerConnection, defaultStreams),
		Requests:       cfg.RequestsPerConnection,
		ConnectTimeout: cfg.Plan.ConnectTimeout,
		TLSTimeout:     cfg.Plan.TLSTimeout,
		Pings:          mostPings,
		Connections:    cfg.Plan.Connections,
		Keeps:          true,
		Wanted:         wanted[:],
		Shows:          cfg.Shows,
		Only:           true,
		Negotiated:     func(l *wire.Link) (bool, error) { return negotiated(secure, l) },
		Dial:           e.dial,
	})
}

// negotiated returns true if l, a link just dialled, can speak HTTP/2, and otherwise an
// error.
func negotiated(secure bool, l *wire.Link) (bool, error) {
	if !secure {
		return true, nil
	}
	switch state, _ := l.State(); {
	case state.NegotiatedProtocol != "h2":
		return false, errALPN
	case state.Version < tls.VersionTLS12:
		return false, http2.ErrWeakTLS
	}
	return true, nil
}

// Do makes one call in one attempt, from r.Due until r.Deadline, and fills in r. The end of
// ctx ends dialling; [Engine.Abort] ends calls under way.
func (e *Engine) Do(ctx context.Context, r *probe.Result) {
	// One plan for the whole call: Describe may store another one meanwhile.
	s, p := scratchOf(r), e.plans[r.Request].Load()
	s.begin(p, r)
	defer e.recover(r)
	if p.failure != nil {
		r.Fail(&errcode.PhaseError{Err: p.failure})
		return
	}
	if err := p.call.stamp(s, r); err != nil {
		r.Fail(&errcode.PhaseError{Err: err})
		return
	}
	if e.roomy {
		e.roomyOnce(ctx, r, s)
	} else {
		e.pool.Do(ctx, r, &s.exchange)
	}
	// The place is for this call alone. Whoever waits for one must not wait for the judging
	// as well.
	if e.connections != nil {
		e.Unreserve(r)
	}
	p.judge.settle(r, s)
}

// roomyOnce keeps the stack large enough for the cryptography of each handshake. Otherwise
// it would grow each time anew, because the runtime halves it in the waits between.
//
//go:noinline
func (e *Engine) roomyOnce(ctx context.Context, r *probe.Result, s *scratch) {
	var room [8 << 10]byte
	e.pool.Do(ctx, r, &s.exchange)
	runtime.KeepAlive(&room)
}

// recover turns a panic into the failure of this one call.
func (e *Engine) recover(r *probe.Result) {
	if v := recover(); v != nil {
		err := probe.Panicked(v)
		e.pool.Withdraw(&scratchOf(r).exchange, err)
		r.Interrupt(err)
	}
}

// Code returns the code of a call after Do.
func (e *Engine) Code(r *probe.Result) errcode.Code {
	if r.Err != nil {
		return errcode.FromError(r.Err)
	}
	return scratchOf(r).plan.judge.verdict(r)
}

// CloseIdle closes the connections without a call. It waits for no peer.
func (e *Engine) CloseIdle() { e.pool.CloseIdle() }

// Abort makes all calls under way fail with context.Canceled, closes all connections and
// prevents new ones. The context of Do must have ended before.
func (e *Engine) Abort() { e.pool.Abort() }

// Wait returns when the closed connections and their goroutines are gone. No call may be
// under way.
func (e *Engine) Wait() { e.pool.Wait() }

// Open returns the number of connections that are open now.
func (e *Engine) Open() int { return e.pool.Count() }

// ClientCertificateNotAfter returns the end of validity of the engine's client certificate,
// or the zero time if it has none.
func (e *Engine) ClientCertificateNotAfter() time.Time { return e.dialer.ClientCertificateNotAfter() }

// Reserve reserves a place on a connection for the call of r, or the permit to open one. An
// idle connection of another engine may be closed for that. If neither is available now,
// Reserve takes nothing and returns false.
func (e *Engine) Reserve(r *probe.Result) bool {
	s := scratchOf(r)
	if e.reserveStream(s) {
		return true
	}
	// A stream may have become free between the two looks.
	return e.connections.Reserve(&s.permit, e.pool) || e.reserveStream(s)
}

func (e *Engine) reserveStream(s *scratch) bool {
	s.exchange.Reserved = e.pool.Reserve()
	return s.exchange.Reserved
}

// Unreserve gives back a reservation that Do has not used.
func (e *Engine) Unreserve(r *probe.Result) {
	s := scratchOf(r)
	if s.exchange.Reserved {
		s.exchange.Reserved = false
		e.pool.Unreserve()
	}
	if s.permit.Spend() {
		e.connections.Release()
	}
}

// Shares returns true: several calls can use a connection at once.
func (e *Engine) Shares() bool { return true }

// dial makes a link. r holds the permit for it, or dial acquires it.
func (e *Engine) dial(ctx context.Context, r *probe.Result) (wire.Link, error) {
	if err := e.connections.Permit(ctx, &scratchOf(r).permit, r.Deadline); err != nil {
		return wire.Link{}, err
	}
	return e.dialer.Dial(ctx, r)
}

// hostOf returns an authority without its port.
func hostOf(authority string) string {
	u := url.URL{Host: authority}
	return u.Hostname()
}

// path returns the path of a call: the names of the service and of the method.
func path(service, method string) string { return fmt.Sprintf("/%s/%s", service, method) }

// withoutZone removes the zone of an IPv6 address. The zone has a meaning only on this host
// (RFC 6874, section 4).
func withoutZone(host string) string {
	start, end := strings.IndexByte(host, '%'), strings.IndexByte(host, ']')
	if start < 0 || end < start {
		return host
	}
	return host[:start] + host[end:]
}
