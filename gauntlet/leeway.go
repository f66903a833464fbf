package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// leeway says which figures of a target are not exact, and by how much. Nil is no leeway at all.
type leeway struct {
	// unreached returns the least and the greatest possible number of requests that were sent and reached no server. If
	// it is nil, all reached one.
	unreached func(c *counts, t *target) (least, most float64)
	// free are codes with any count: nobody was there to enter their requests.
	free string
	// lostTo are codes of requests that reached no server. The ledger may also have requests with these codes.
	lostTo string
	// bounds returns the bounds for the count of a code by its count in the ledger. ok is false for an exact code.
	bounds func(want map[string]float64, code string) (least, most float64, ok bool)
	// unsent reports whether the ledger lacks failures before anything was sent. loses reports whether answers may be
	// lost; their requests have one of the codes of lostTo.
	unsent, loses bool
	// connects reports whether the server has accepted every connection, even if requests have not reached it.
	connects bool
}

// leewayHTTP1 is for a server that is killed. A connection that was opened and not accepted has carried one request,
// and nobody has read it.
func leewayHTTP1() *leeway {
	return &leeway{
		unreached: func(c *counts, t *target) (least, most float64) {
			n := c.opened - t.accepted()
			return n, n
		},
		free: "1212 1303", lostTo: "1201 1220",
	}
}

// leewayHTTP2 is for a server that is killed while abreast requests share a connection. They wait for the connection,
// and to be written with others. All are lost together if the connection ends before that.
func leewayHTTP2(abreast int) *leeway {
	return &leeway{
		unreached: func(_ *counts, t *target) (least, most float64) { return 0, float64(abreast * t.barn.deaths()) },
		free:      "1212 1303", lostTo: "1201 1220 1221 1604 1609",
	}
}

// leewayQUIC is for a server that is killed while abreast requests share a connection of QUIC. Requests may stay
// unread, as over HTTP/2. Answers may stay unsent, and the server does not know that. Nobody enters the outcome of
// handshakes that the death cuts short.
func leewayQUIC(b *barn, abreast int) *leeway {
	most := func() float64 { return float64(abreast * b.deaths()) }
	return &leeway{
		unreached: func(*counts, *target) (float64, float64) { return 0, most() },
		lostTo:    "1050 1903 1904 1905", unsent: true, loses: true,
		bounds: func(want map[string]float64, code string) (float64, float64, bool) {
			return want[code] - most(), want[code], true
		},
	}
}

// leewayDatagrams is for a server that is killed while abreast questions are on their way. The kernel reports a
// question that reaches a closed port (1108). It does not report the questions in a socket as it closes. If a second
// answer to the previous question lies in the socket of a lost question, the lost question gets 1106.
func leewayDatagrams(abreast int) *leeway {
	return &leeway{
		unreached: func(c *counts, t *target) (least, most float64) {
			n := c.requests["1108"]
			return n, n + float64(abreast*t.barn.deaths())
		},
		lostTo: "1001 1105 1106 1108",
	}
}

// leewayShared is for up to eight requests that wait for one connection. Only one of them asks for the address.
func leewayShared() *leeway {
	const most = 8
	return &leeway{bounds: func(want map[string]float64, code string) (float64, float64, bool) {
		return want[code], want[code] * most, strings.HasPrefix(code, "11") || code == "1212"
	}}
}

// leewayFreeze is for a daemon that is stopped. If it stops as a request is to be written, the deadline has passed
// before the first byte when it goes on.
func leewayFreeze() *leeway {
	return &leeway{unreached: func(c *counts, _ *target) (least, most float64) { return 0, c.expired }, connects: true}
}

// exactConnections reports whether the accepted connections are those that were opened.
func (w *leeway) exactConnections() bool { return w == nil || w.unreached == nil || w.connects }

// lost returns how many requests reached no server.
func (w *leeway) lost(c *counts, t *target) (least, most float64) {
	if w == nil || w.unreached == nil {
		return 0, 0
	}
	return w.unreached(c, t)
}

// compare returns what is wrong with the counted codes, "" if nothing is. unreached requests reached no server.
func (w *leeway) compare(want, got map[string]float64, unreached float64) string {
	if w == nil {
		w = &leeway{}
	}
	for _, code := range slices.Sorted(maps.Keys(union(want, got))) {
		least, most := want[code], want[code]
		if w.bounds != nil {
			if low, high, ok := w.bounds(want, code); ok {
				least, most = low, high
			}
		}
		switch {
		case slices.Contains(strings.Fields(w.free), code):
		case slices.Contains(strings.Fields(w.lostTo), code):
			unreached -= got[code] - want[code]
		case got[code] < least || got[code] > most:
			return fmt.Sprintf("code %s, from %v to %v", code, least, most)
		case w.loses:
			unreached += want[code] - got[code]
		}
	}
	if w.lostTo != "" && unreached != 0 {
		return fmt.Sprintf("%v more reached no server than have codes for it, which are %s", unreached, w.lostTo)
	}
	return ""
}

func union(a, b map[string]float64) map[string]float64 {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}

// accepted returns the number of connections to the target, at all of its addresses.
func (t *target) accepted() float64 {
	n := t.barn.connections()
	if t.away != nil {
		n += t.away.connections()
	}
	if t.over != nil {
		n += t.over.connections()
	}
	return float64(n)
}
