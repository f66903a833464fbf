package probe

import "example.com/prober/errcode"

// DNS is the part of a Result about a DNS answer.
type DNS struct {
	// Answered means that a usable answer came. The fields below describe it.
	Answered bool
	// Answers is how many records of the requested type it has. TTL is the least time to
	// live of these records, in seconds.
	Answers int
	TTL     uint32
	// Authentic means that the server claims to have verified the signatures (the bit AD,
	// RFC 4035, section 3.2.3).
	Authentic bool
	// Cut means that the answer to a datagram was cut, so the question was asked again over
	// TCP. DatagramOpened and DatagramReused say where the socket of the datagram came
	// from. Opened, Reused and Remote of the Result describe the connection.
	Cut                            bool
	DatagramOpened, DatagramReused bool
}

// Redo notes that the answer to a datagram was cut at now, and prepares the request to be
// sent again, over a connection.
func (r *Result) Redo(now Instant) {
	r.Trace.Notef("the answer was cut: the question is asked once more, over TCP")
	r.DNS.Cut, r.DNS.DatagramOpened, r.DNS.DatagramReused = true, r.Opened, r.Reused
	r.Opened, r.Reused = false, false
	r.EnterAt(errcode.PhaseQueue, now)
}
