package probe

import (
	"encoding/hex"

	"example.com/prober/errcode"
)

// HTTP is the part of a Result about HTTP.
type HTTP struct {
	// Status is the final status, or 0 when no response header was received. It is kept if
	// the body fails later.
	Status  int
	Version Version
	// Resent means that the request was sent again, because the server said that it had not
	// processed it. ResentFrom is where the connection of that first attempt came from.
	Resent     bool
	ResentFrom Hop
	// Hops are the responses before the final one: redirects that were followed. Status and
	// Version, and Opened, Reused and Remote of the Result, describe the final exchange only.
	// All else describes all exchanges together.
	Hops []Hop
	// TraceID is the trace ID in the request's traceparent.
	TraceID TraceID
	// BodyErr is the failure of the check of the body.
	BodyErr error
}

// Hop is a redirect response, and where its connection came from.
type Hop struct {
	Status         int
	Version        Version
	Opened, Reused bool
}

// Version is the HTTP version of a response.
type Version uint8

// The versions a response can have; VersionNone means there was no response.
const (
	VersionNone Version = iota
	HTTP10
	HTTP11
	HTTP2
	HTTP3
)

// String returns the version for the label http_version.
func (v Version) String() string {
	switch v {
	case HTTP10:
		return "1.0"
	case HTTP11:
		return "1.1"
	case HTTP2:
		return "2"
	case HTTP3:
		return "3"
	default:
		return "none"
	}
}

// TraceID identifies a request in a system of traces (W3C Trace Context, section
// 3.2.2.3). The zero value means that the request carries none.
type TraceID [16]byte

// String returns 32 hexadecimal digits.
func (id TraceID) String() string { return hex.EncodeToString(id[:]) }

// Resend prepares a request over HTTP to be sent again.
func (r *Result) Resend() {
	r.Trace.Notef("the server says that it has not processed the request: it is sent once more")
	r.HTTP.Resent, r.HTTP.ResentFrom = true, Hop{Opened: r.Opened, Reused: r.Reused}
	r.Opened, r.Reused = false, false
	r.Enter(errcode.PhaseQueue)
}

// Redirect turns the response into a redirect on the way to another response. The clock of
// the new exchange starts now.
func (r *Result) Redirect() {
	h := r.HTTP
	h.Hops = append(h.Hops, Hop{Status: h.Status, Version: h.Version, Opened: r.Opened, Reused: r.Reused})
	h.Status, h.Version, r.Opened, r.Reused = 0, VersionNone, false, false
	r.Start = Now()
	r.EnterAt(errcode.PhaseQueue, r.Start)
}
