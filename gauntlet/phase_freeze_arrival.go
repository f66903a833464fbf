package main

import (
	"sync"
	"time"

	"example.com/prober/internal/peers"
)

// punctualAfter is the time before an answer. A freeze begins within it, and ends long after the answer has come.
const punctualAfter = time.Second

// answered records the times of answers.
type answered struct {
	mu sync.Mutex
	at []time.Time
}

// wait waits before an answer and records the time.
func (a *answered) wait() {
	<-time.After(punctualAfter)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.at = append(a.at, time.Now())
}

// lay returns how long answers lay unread: they were given between begun and ended, and read at ended.
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

// punctual opens targets of each kind whose answers always take the same time, one after the other without end. HTTP/3
// is not among them: its servers retransmit what nobody acknowledges, and the last packet is no part of the answer
// then.
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

// judgeArrivals compares the ends of answers in the daemon's metrics with the times when they were given. Each request
// was due before its answer was awaited. The daemon read its end after a freeze, which is far longer.
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
