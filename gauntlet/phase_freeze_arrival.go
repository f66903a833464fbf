package main

import (
	"sync"
	"time"

	"example.com/prober/internal/peers"
)

// punctualAfter is how long an answer takes: a freeze begins while it is awaited, and ends
// long after it has come.
const punctualAfter = time.Second

// answered is when answers were given.
type answered struct {
	mu sync.Mutex
	at []time.Time
}

// wait waits before an answer that is given then.
func (a *answered) wait() {
	<-time.After(punctualAfter)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.at = append(a.at, time.Now())
}

// lay returns for how long the answers lay that were given in a stretch of time at the end
// of which they were read.
func (a *answered) lay(begun, ended time.Time) (lay time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, at := range a.at {
		if at.After(begun) && at.Before(ended) {
			lay += ended.Sub(at)
		}
	}
	return lay
}

// punctual opens targets of each kind whose answers always take the same time, one after
// the other without end. There is none of HTTP/3, whose servers send again what nobody
// acknowledges: what came last is no part of the answer then.
func (f *farm) punctual(a *answered) (all []target) {
	streams := func(react reaction) peers.Script {
		return f.serveStreams(func(string, int) (string, reaction) {
			return "0", func(p *peers.H2, stream uint32) {
				a.wait()
				react(p, stream)
			}
		})
	}
	questions := func(target string, n int) dnsMove {
		a.wait()
		return dnsWell(target, n)
	}
	barns := map[string]*barn{
		wireH1: f.open(f.serveHTTP1(func(string, int) move {
			a.wait()
			return okMove()
		})),
		wireClear: f.open(streams(respondOK)),
		wireGRPC:  f.open(streams(answering(serving, "grpc-status", "0"))),
		wireUDP:   f.openPackets(f.serveDatagrams(questions, false)),
		wireTCP:   f.open(f.serveQuestions(questions, "")),
	}
	for _, m := range []member{
		{name: "punctual-h1", wire: wireH1}, {name: "punctual-h2c", wire: wireClear}, {name: "punctual-grpc", wire: wireGRPC},
		{name: "punctual-udp", wire: wireUDP}, {name: "punctual-tcp", wire: wireTCP},
	} {
		t := m.target(barns[m.wire])
		t.interval, t.burst = "20ms", "{duration: 10m, concurrency: 1}"
		all = append(all, t)
	}
	return all
}

// judgeArrivals holds what the daemon says of when answers ended against when they were
// given. A request was due before its answer was waited for, and its end was read after a
// freeze that is far longer than that.
func (a *act) judgeArrivals(v *view, lay time.Duration) {
	if v.global["prober_kernel_clock_available"] != 1 {
		a.board.hold(gateArrival, true, "")
		a.board.fact("frozen: this kernel does not say when answers arrive, so that nothing is held against it")
		return
	}
	late := timeoutSoon + a.allowance()
	for i := range a.targets {
		t := &a.targets[i]
		if t.timeout > 0 || t.frozen {
			continue
		}
		c := v.of(t.name)
		a.board.hold(gateArrival, c.total() > 0 && c.failed() == 0 && c.beyond(late) == 0,
			"%s: %v answers that took %v are said to have taken longer than %v; codes %v", t.name, c.beyond(late), punctualAfter, late, c.codes())
	}
	lag := v.global["prober_receive_lag_seconds_sum"]
	a.board.hold(gateArrival, lay > frozenFor-2*punctualAfter && lag >= 0.9*lay.Seconds(), "answers lay for %v in all, and the lag is %v s", lay, lag)
	a.board.fact("frozen: answers lay in the kernel for %.1f s, and the receive lag is %.1f s", lay.Seconds(), lag)
}
