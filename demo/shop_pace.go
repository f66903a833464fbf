package demo

import (
	"context"
	"sync/atomic"
	"time"
)

// pace says when an endpoint of the shop is slow, and when it fails. The zero value means never.
type pace struct {
	slowEvery uint64 // one request in so many waits
	delay     time.Duration
	failEvery uint64 // one request in so many fails

	requests atomic.Uint64
}

// unevenPace returns the pace of an endpoint of an uneven shop. An unknown endpoint is even.
func unevenPace(endpoint string) *pace {
	switch endpoint {
	case "GET /":
		return &pace{slowEvery: 10, delay: 15 * time.Millisecond}
	case "GET /search":
		return &pace{slowEvery: 9, delay: 40 * time.Millisecond, failEvery: 25}
	case "POST /login":
		return &pace{slowEvery: 8, delay: 60 * time.Millisecond}
	case "GET /cart", "POST /cart":
		return &pace{slowEvery: 7, delay: 25 * time.Millisecond}
	case "POST /checkout":
		return &pace{slowEvery: 5, delay: 120 * time.Millisecond, failEvery: 20}
	case "PUT /uploads/{id}":
		return &pace{slowEvery: 6, delay: 30 * time.Millisecond}
	default:
		return &pace{}
	}
}

// admit counts a request and lets it wait if its turn has come. It reports whether the shop serves the request. A wait
// ends with ctx.
func (p *pace) admit(ctx context.Context) bool {
	n := p.requests.Add(1)
	if p.failEvery > 0 && n%p.failEvery == 0 {
		return false
	}
	if p.slowEvery > 0 && n%p.slowEvery == 0 {
		wait(ctx, p.delay)
	}
	return true
}
