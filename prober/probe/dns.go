package probe

import "example.com/prober/errcode"

// DNS is what a Result holds of a DNS answer.
type DNS struct {
	// Answered means that an answer came and can be used; what follows is of it.
	Answered bool
	// Answers is how many records of the type that was asked for it has, TTL the least time
	// in seconds that one of them has left to live.
	Answers int
	TTL     uint32
	// Authentic means that the server says that it has verified the signatures (the bit AD,
	// RFC 4035, section 3.2.3).
	Authentic bool
	// Cut means that the answer to a datagram was cut, so that the question was asked again
	// over TCP. DatagramOpened and DatagramReused say where the socket of the datagram came
	// from; Opened, Reused and Remote of the Result are of the connection.
	Cut                            bool
	DatagramOpened, DatagramReused bool
}

// Redo notes that the answer to a datagram was cut at now, and prepares the request to be
// sent once more, over a connection.
func (r *Result) Redo(now Instant) {
	r.Trace.Notef("the answer was cut: the question is asked once more, over TCP")
	r.DNS.Cut, r.DNS.DatagramOpened, r.DNS.DatagramReused = true, r.Opened, r.Reused
	r.Opened, r.Reused = false, false
	r.EnterAt(errcode.PhaseQueue, now)
}
