package http2

// State is what a pool counts at one moment.
type State struct {
	// Connections are those that are not removed yet, Streams those open on them.
	Connections, Streams int
	// Waiting are the requests that wait for a stream. Dialing workers dial on behalf of
	// others too, Lined ones wait for the permit to.
	Waiting, Dialing, Lined int
	// Reserved are the streams that are kept for requests.
	Reserved int
	// Watched reports whether a deadline is watched.
	Watched bool
}

// State returns what p counts. Nothing is left where no request is under way and all
// connections are gone.
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
