package numbers

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"example.com/prober/errcode"
	"example.com/prober/prober/load"
	"example.com/prober/prober/probe"
)

// come ends a request of the burst under way with a code.
func come(r *Recorder, request int, code errcode.Code) {
	r.Begin(request)
	res := &probe.Result{Due: 1, End: 2, Request: request}
	if code == errcode.Refused {
		res.Err = &errcode.PhaseError{Phase: errcode.PhaseConnect, Err: errNo}
	}
	r.End(res, code)
}

// bursts plays bursts one after the other. Each has the codes of some of its requests.
func bursts(r *Recorder, all ...map[int]errcode.Code) {
	for _, codes := range all {
		r.StartBurst(nil)
		for request, code := range codes {
			come(r, request, code)
		}
		r.EndBurst(time.Second, load.DropShutdown)
	}
}

func TestTroubleNamesTheOnlyRequestThatHasIt(t *testing.T) {
	t.Parallel()
	r := testRecorder()
	r.SetRequests([]string{"search", "cart"}, false)
	r.StartBurst(nil)
	come(r, 0, errcode.OK)
	come(r, 1, errcode.FromStatus(401))
	come(r, 1, errcode.FromStatus(401))
	come(r, 0, errcode.Refused)
	one := []FailureKind{
		{Code: errcode.FromStatus(401), Count: 2, Request: "cart"},
		{Code: errcode.Refused, Phase: errcode.PhaseConnect, Count: 1, Request: "search"},
	}
	assert.Equal(t, one, r.Snapshot(WithSummary).Trouble, "of the burst under way")
	r.EndBurst(time.Second, load.DropShutdown)
	assert.Equal(t, one, r.Snapshot(WithSummary).Trouble)
	r.StartBurst(nil)
	s := r.Snapshot(WithEverything)
	assert.Equal(t, one, s.Trouble, "of the last burst while there is none in this one")
	for _, all := range [][]FailureKind{s.Kinds, s.Last.Kinds} {
		for _, k := range all {
			assert.Empty(t, k.Request)
		}
	}

	come(r, 1, errcode.Refused)
	come(r, 0, errcode.Refused)
	come(r, 1, errcode.Refused)
	several := []FailureKind{{Code: errcode.Refused, Phase: errcode.PhaseConnect, Count: 3}}
	assert.Equal(t, several, r.Snapshot(WithSummary).Trouble, "two requests, no name")
	r.EndBurst(time.Second, load.DropShutdown)
	bursts(r, map[int]errcode.Code{0: errcode.OK})
	assert.Empty(t, r.Snapshot(WithSummary).Trouble)
}

func TestEachRequestKnowsSinceWhenItFails(t *testing.T) {
	t.Parallel()
	r := testRecorder()
	r.SetRequests([]string{"search", "cart"}, false)
	type state struct{ failing, troubled bool }
	of := func() (all []state) {
		for _, n := range r.Snapshot(0).ByRequest {
			all = append(all, state{!n.FailingSince.IsZero(), !n.TroubledSince.IsZero()})
		}
		return all
	}
	bursts(r, map[int]errcode.Code{0: errcode.OK, 1: errcode.Refused})
	since := r.Snapshot(0).FailingSince
	assert.Equal(t, []state{{}, {failing: true}}, of())
	bursts(r, map[int]errcode.Code{0: errcode.OK})
	assert.Equal(t, []state{{}, {failing: true}}, of(), "a burst without it says nothing")
	bursts(r, map[int]errcode.Code{1: errcode.Refused})
	assert.Equal(t, since, r.Snapshot(0).ByRequest[1].FailingSince, "since the first of the bursts")
	bursts(r, map[int]errcode.Code{0: errcode.LocalPorts, 1: errcode.LocalPorts})
	assert.Equal(t, []state{{troubled: true}, {true, true}}, of(), "what never reached the target says nothing about it")
	bursts(r, map[int]errcode.Code{0: errcode.OK, 1: errcode.OK})
	assert.Equal(t, []state{{}, {}}, of())

	r.StartBurst(nil)
	r.Begin(0)
	r.DropUnsent(0, load.DropLimitConnections)
	come(r, 1, errcode.Refused)
	assert.Equal(t, []state{{}, {failing: true}}, of(), "a long burst need not end first")
	r.EndBurst(time.Second, load.DropShutdown)
	assert.Equal(t, []state{{troubled: true}, {failing: true}}, of())

	r.StartBurst(nil)
	come(r, 1, errcode.OK)
	r.CutClosed(load.DropReload, 3)
	r.EndBurst(time.Second, load.DropReload)
	assert.Equal(t, []state{{troubled: true}, {failing: true}}, of(), "a burst that was cut short is no success")

	r.SetRequests([]string{"cart", "pay"}, false)
	assert.Equal(t, []state{{failing: true}, {}}, of(), "kept by name")
}
