package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// leeway is what cannot be known to the unit about a target, and how much of it can.
// Nil is no leeway at all.
type leeway struct {
	// unreached returns how many requests were sent and reached no server, at least
	// and at most. Nil means that all did.
	unreached func(c *counts, t *target) (least, most float64)
	// free are codes that any number of requests may have: those for which nobody was
	// there to enter them.
	free string
	// lostTo are codes of requests that reached no server, beside those that the
	// ledger has under the same codes.
	lostTo string
	// bounds returns how often a code may have occurred that was entered so often; ok
	// is false for a code that is exact.
	bounds func(want map[string]float64, code string) (least, most float64, ok bool)
	// unsent means that failures before anything was sent are not entered, and loses that
	// answers may be lost, whose requests have one of the codes of lostTo.
	unsent, loses bool
}

// leewayHTTP1 is to be killed. A connection that was opened and that nobody accepted
// has carried one request, which reached nobody.
func leewayHTTP1() *leeway {
	return &leeway{
		unreached: func(c *counts, t *target) (least, most float64) {
			n := c.opened - t.accepted()
			return n, n
		},
		free: "1212 1303", lostTo: "1201 1220",
	}
}

// leewayHTTP2 is to be killed where so many requests share a connection: they wait for
// it, and to be written with others, and are lost together if it ends before that.
func leewayHTTP2(abreast int) *leeway {
	return &leeway{
		unreached: func(_ *counts, t *target) (least, most float64) { return 0, float64(abreast * t.barn.deaths()) },
		free:      "1212 1303", lostTo: "1201 1220 1221 1604 1609",
	}
}

// leewayQUIC is to be killed where so many requests share a connection of QUIC: they may
// not be read, as over HTTP/2, and answers may not be sent, which the server does not know.
// What the handshakes come to that it cuts short nobody enters.
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

// leewayDatagrams is to be killed where so many questions are on their way at once. The
// kernel tells of those for which nobody was there (1108), and of none that was in the
// socket as it was closed. Where a second answer to the question before lies in the socket of
// one that is lost, that is what it comes to (1106).
func leewayDatagrams(abreast int) *leeway {
	return &leeway{
		unreached: func(c *counts, t *target) (least, most float64) {
			n := c.requests["1108"]
			return n, n + float64(abreast*t.barn.deaths())
		},
		lostTo: "1001 1105 1106 1108",
	}
}

// leewayShared is to have up to eight requests wait for one connection, of which one asks
// for the address.
func leewayShared() *leeway {
	const most = 8
	return &leeway{bounds: func(want map[string]float64, code string) (float64, float64, bool) {
		return want[code], want[code] * most, strings.HasPrefix(code, "11") || code == "1212"
	}}
}

// lost returns how many requests reached no server.
func (w *leeway) lost(c *counts, t *target) (least, most float64) {
	if w == nil || w.unreached == nil {
		return 0, 0
	}
	return w.unreached(c, t)
}

// compare returns what is wrong with the codes that were counted, "" if nothing is,
// where so many requests reached no server.
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

// accepted returns how many connections there were to the target, at all of its
// addresses.
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
