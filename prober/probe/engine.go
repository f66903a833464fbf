package probe

import (
	"context"
	"time"

	"example.com/prober/errcode"
)

// Engine performs the requests of one target, one at a time for each Result, and judges the
// results. It is safe for concurrent use.
type Engine interface {
	// Do performs one request in one attempt, from r.Due until r.Deadline, and fills in r.
	// When ctx ends, Do stops making connections.
	Do(ctx context.Context, r *Result)
	// Code returns the result of a request after Do: OK, or the code of its failure. It may
	// note the fault of the answer in r.
	Code(r *Result) errcode.Code
	// CloseIdle closes the connections that carry no request now. It waits for no peer.
	CloseIdle()
	// Abort makes all requests under way fail with context.Canceled, closes all connections
	// and lets none be made. The context of Do must have ended before.
	Abort()
	// Wait returns when the closed connections are gone, and their goroutines with them. No
	// request may be under way.
	Wait()
	// Open returns the number of open connections.
	Open() int
	// ClientCertificateNotAfter returns the end of validity of the client certificate of
	// the engine, the zero time if it has none.
	ClientCertificateNotAfter() time.Time
}

// Ruler is an engine that can say why a request got its code.
type Ruler interface {
	// Rule says which expectation gave the code of r, if Err of r did not give it: the
	// expected and the actual value. The text may contain text of the peer.
	Rule(r *Result, code errcode.Code) string
}

// Reserver is an engine whose connections have a [Ceiling]. Its methods do not wait for any
// other request.
type Reserver interface {
	// Reserve takes what the next request needs to be sent, or nothing.
	Reserve(r *Result) bool
	// Unreserve gives unused reservations back.
	Unreserve(r *Result)
	// Shares reports whether several requests can use a connection at once.
	Shares() bool
}
