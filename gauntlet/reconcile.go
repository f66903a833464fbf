package main

import (
	"bytes"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// reconcile compares the daemon's counts with the farm's records. Nothing is in flight.
func (a *act) reconcile(v *view) {
	failed, unknown := 0.0, 0.0
	for i := range a.targets {
		t := &a.targets[i]
		c := v.of(t.name)
		a.reconcileIDs(t, c)
		if t.scripted {
			a.reconcileAnswers(t, c)
		}
		if t.barn != nil && t.leeway.exactConnections() {
			a.board.hold(gateAttempts, t.accepted() == c.opened,
				"%s: %v connections were accepted and %v counted as opened", t.name, t.accepted(), c.opened)
		}
		failed += c.failed()
		unknown += c.requests["1000"]
		for _, code := range []string{"1001", "1002", "1003", "1005", "1007"} {
			isMeant := code == "1002" && t.starved || code == "1001" && t.frozen
			a.board.hold(gateOwn, c.requests[code] == 0 || isMeant, "%s: %v requests with code %s", t.name, c.requests[code], code)
		}
	}
	a.board.hold(gateUnknown, unknown <= failed/1000, "%s: %v of %v failures have code 1000", a.name, unknown, failed)
	a.board.fact("%s: %.0f requests, %.0f of them failed", a.name, v.all((*counts).total), failed)
}

// reconcileIDs compares the seen ids with the requests that can have left the daemon.
func (a *act) reconcileIDs(t *target, c *counts) {
	p := a.farm.ledger.read(t.name)
	a.board.hold(gateOnce, len(p.twice) == 0 && len(p.strange) == 0, "%s: twice %.200q, strange %.200q", t.name, p.twice, p.strange)
	seen, left := float64(p.seen), c.total()-c.unsent
	if t.over != nil {
		again := a.farm.ledger.read(t.name + landed)
		a.board.hold(gateOnce, len(again.twice) == 0 && len(again.strange) == 0, "%s over TCP: twice %.200q, strange %.200q", t.name, again.twice, again.strange)
		a.board.hold(gateSeen, float64(again.seen) == c.cut, "%s: %v questions came again over TCP, %v answers were counted as cut", t.name, again.seen, c.cut)
	}
	if t.exact {
		least, most := t.leeway.lost(c, t)
		a.board.hold(gateSeen, left-seen >= least && left-seen <= most,
			"%s: %v ids were seen, %v requests left, from %v to %v never reached the server (%v)", t.name, seen, left, least, most, c.codes())
		return
	}
	answered := 0.0
	for code, n := range c.requests {
		if code == "0" || strings.HasPrefix(code, "14") || strings.HasPrefix(code, "15") {
			answered += n
		}
	}
	isSeen := seen >= answered || p.seen == 0 // some targets do not record ids
	a.board.hold(gateSeen, seen <= left && isSeen, "%s: %v ids were seen, %v requests left, %v were answered", t.name, seen, left, answered)
}

// reconcileAnswers compares the expected codes of the answers with the counted codes.
func (a *act) reconcileAnswers(t *target, c *counts) {
	p := a.farm.ledger.read(t.name)
	want := map[string]float64{}
	for code, n := range p.want {
		want[code] = float64(n)
	}
	got := c.codes()
	if t.leeway != nil && t.leeway.unsent {
		for code, n := range c.unsentBy {
			got[code] -= n
		}
	}
	wrong := t.leeway.compare(want, got, c.total()-c.unsent-float64(p.seen))
	a.board.hold(gateAnswers, wrong == "", "%s: %s: answered so that the codes are %v, and they are %v", t.name, wrong, want, got)
}

// holdWell checks that each target was asked and had no failure.
func (g *gauntlet) holdWell(name gate, v *view, targets []target) {
	for i := range targets {
		c := v.of(targets[i].name)
		g.board.hold(name, c.failed() == 0 && c.total() > 0, "%s has codes %v", targets[i].name, c.codes())
	}
}

// codesOf returns the codes that have occurred, in order.
func codesOf(c *counts) []string { return slices.Sorted(maps.Keys(c.codes())) }

// judgePages looks for secrets in the daemon's pages beside its metrics.
func (a *act) judgePages() {
	for _, path := range []string{"/", "/config", "/api/v1/targets", "/targets/secretive", "/api/v1/targets/secretive/failures"} {
		_, body, err := fetch(a.ctx, http.MethodGet, a.d.url+path, "")
		a.board.hold(gateCanary, err == nil && !bytes.Contains(body, []byte(canarySecret)), "%s shows a secret, %v", path, err)
	}
}
