package http2

// State has the counts of a pool at one moment.
type State struct {
	// Connections counts those not removed yet, Streams those open on them.
	Connections, Streams int
	// Waiting counts the requests waiting for a stream. Dialing counts the workers that dial on behalf of others too,
	// Lined those waiting for the permit to dial.
	Waiting, Dialing, Lined int
	// Reserved counts the streams kept for requests.
	Reserved int
	// Watched reports whether a deadline is watched.
	Watched bool
}

// State returns the counts of p. All are 0 if no request is under way and all connections are gone.
func (p *Pool) State() State {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := State{
		Connections: len(p.conns), Waiting: len(p.waiters), Dialing: p.dialing, Lined: p.lined,
		Reserved: p.reserved, Watched: p.armed != 0,
	}
	for _, c := range p.conns {
		s.Streams += c.streamCount()
	}
	return s
}
