package dns

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"os"

	"example.com/prober/errcode"
	"example.com/prober/prober/probe"
	"example.com/prober/prober/wire"
)

// conn is one connection, or one socket of datagrams. Only the goroutine that has taken it from
// the pool uses it; Abort on its stream is the exception.
type conn struct {
	wire.Link

	pool *pool
	// out has the length of the question and then the question, with the id of the request under
	// way.
	out []byte
	id  uint16

	served    int
	reusable  bool
	jammed    bool // a write failed
	idleSince probe.Instant
	place     probe.Place // taken while the connection is idle
}

func newConn(p *pool, l wire.Link, q *query) *conn {
	c := &conn{Link: l, pool: p, out: q.framed(), id: uint16(rand.Uint32())}
	c.place = probe.Place{Ceiling: p.connections, Of: c}
	return c
}

// End closes the connection without waiting.
func (c *conn) End() { c.Link.Close(c.jammed) }

// Abort ends the operation under way and all later ones.
func (c *conn) Abort() { c.Stream.Abort() }

// Place returns the connection's place among the idle ones of its ceiling.
func (c *conn) Place() *probe.Place { return &c.place }

// lookAfter is how long a connection must have been idle to be checked before its next use:
// between two requests of a worker the check would find nothing.
const lookAfter = probe.Instant(1e6)

// fit reports whether c, idle until now, can carry another request. A datagram received
// meanwhile does no harm: its id is different.
func (c *conn) fit(now probe.Instant) bool {
	return c.pool.datagrams || now-c.idleSince < lookAfter && !c.IsInRecord() || c.IsQuiet()
}

// release gives the connection back or closes it. It turns a panic of the exchange into a
// failure of this one request. A connection with an answer still to come is closed: that
// answer would be taken for the next one's.
func (c *conn) release(r *probe.Result) {
	if v := recover(); v != nil {
		c.reusable = false
		r.Fail(&errcode.PhaseError{Err: probe.Panicked(v)})
	}
	if c.reusable && c.pool.Put(c) {
		return
	}
	c.pool.Close(c)
}

// Withdraw removes an idle connection from its pool.
func (c *conn) Withdraw(any) bool { return c.pool.Withdraw(c) }

// Evict closes a withdrawn connection.
func (c *conn) Evict() bool {
	kept := c.Stream.Yield()
	c.End()
	return kept
}

// ask sends the question and waits for the answer on this goroutine. It returns true if the
// answer was cut and is available over TCP; otherwise the request has ended.
func (c *conn) ask(r *probe.Result, e *Engine, s *scratch) (cut bool) {
	c.reusable = false
	err := c.send(r)
	if err == nil {
		cut, err = c.receive(r, e, s)
	}
	if err != nil {
		c.reusable = false
		r.Fail(&errcode.PhaseError{Err: err})
		return false
	}
	c.served++
	c.reusable = c.reusable && c.served != c.pool.most
	c.idleSince = s.lastRead
	if !cut {
		r.Finish(s.end)
	}
	return cut
}

func (c *conn) send(r *probe.Result) error {
	// An answer to an earlier question on this socket has another id, for the next 65,535
	// questions.
	c.id++
	binary.BigEndian.PutUint16(c.out[lengthSize:], c.id)
	message := c.out
	if c.pool.datagrams {
		message = c.out[lengthSize:]
	}
	r.Enter(errcode.PhaseSend)
	if r.Trace != nil {
		c.showQuestion(r.Trace)
	}
	n, err := c.RW.Write(message)
	r.Sent += int64(n)
	if err != nil {
		c.jammed = true
		return c.failure(err, nil)
	}
	r.Enter(errcode.PhaseProcessing)
	return nil
}

// receive waits for the answer and reads it.
func (c *conn) receive(r *probe.Result, e *Engine, s *scratch) (cut bool, err error) {
	var message []byte
	if c.pool.datagrams {
		message, err = c.receiveDatagram(r, e, s)
	} else {
		message, err = c.receiveFramed(r, s)
		if err == nil && r.Trace != nil {
			showMessage(r.Trace, message)
		}
		if err == nil {
			err = e.query.recognise(message, c.id)
		}
	}
	switch {
	case err != nil:
		return false, err
	case isCut(message) && c.pool.datagrams:
		c.reusable = true
		return true, nil
	case isCut(message):
		return false, errCutOverTCP
	}
	return false, e.readAnswer(message, s)
}

// receiveDatagram waits for the answer and skips other datagrams: anybody could have sent them
// (RFC 5452, section 3). If only rubbish came, that is the failure instead of the silence.
func (c *conn) receiveDatagram(r *probe.Result, e *Engine, s *scratch) ([]byte, error) {
	var rubbish error
	for {
		// The buffer may have grown for an answer over TCP. Only at this length a full one
		// means the same for every worker.
		n, err := c.RW.Read(s.buf[:startBuffer])
		if err != nil {
			return nil, c.failure(err, rubbish)
		}
		arrival := c.Stream.Arrival()
		s.lastRead = arrival.Read
		r.Received += int64(n)
		message := s.buf[:n]
		if r.Trace != nil {
			showMessage(r.Trace, message)
		}
		// A datagram may be longer than what was read of it. Only a full buffer can hide
		// that.
		if err = e.query.recognise(message, c.id); err == nil && n == startBuffer {
			err = errTooLong
		}
		if err == nil {
			s.arrived(r, arrival)
			c.reusable = true
			return message, nil
		}
		if rubbish == nil {
			rubbish = err
		}
	}
}

// receiveFramed reads one message with its length in front (RFC 7766, section 8).
func (c *conn) receiveFramed(r *probe.Result, s *scratch) ([]byte, error) {
	got, want := 0, lengthSize
	for got < want {
		n, err := c.RW.Read(s.buf[got:])
		if n > 0 {
			c.note(r, s, n)
			c.reusable = err == nil
		}
		got += n
		if want == lengthSize && got >= lengthSize {
			want += int(binary.BigEndian.Uint16(s.buf))
			// Two bytes of length bound this to 64 KiB. The deadline of the request
			// ends the wait for a peer that announces more than it sends.
			s.grow(got, want)
		}
		switch {
		case got >= want:
		case errors.Is(err, io.EOF) && got > 0:
			return nil, errcode.Wrap(errcode.DNSMalformed, "the connection ended within the answer", err)
		case err != nil:
			return nil, c.failure(err, nil)
		case n == 0:
			return nil, io.ErrNoProgress
		}
	}
	// Bytes after the answer belong to no question, and the next answer would be looked for
	// in them.
	c.reusable = c.reusable && got == want && !c.holdsMore()
	return s.buf[lengthSize:want], nil
}

// note counts n bytes of the answer just read. The first bytes end the wait.
func (c *conn) note(r *probe.Result, s *scratch, n int) {
	arrival := c.Stream.Arrival()
	s.lastRead = arrival.Read
	r.Received += int64(n)
	s.arrived(r, arrival)
}

// grow makes room for want bytes. The buffer holds got of them already.
func (s *scratch) grow(got, want int) {
	if want > len(s.buf) {
		s.buf = append(make([]byte, 0, want), s.buf[:got]...)[:want]
	}
}

// holdsMore reports whether TLS holds bytes after the answer, or its end.
func (c *conn) holdsMore() bool {
	if !c.MayHold() {
		return false
	}
	err := c.WithinTLS(func() error {
		_, err := c.RW.Read(make([]byte, 1))
		return err
	})
	return !errors.Is(err, os.ErrDeadlineExceeded)
}

// failure returns the error for a failed read or write. rubbish is nil if nothing had come.
func (c *conn) failure(err, rubbish error) error {
	switch {
	case errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, os.ErrDeadlineExceeded) && rubbish != nil:
		return errcode.Wrap(errcode.DNSMalformed, rubbish.Error()+", and no other answer came in time", err)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return errcode.Wrap(errcode.DNSTimeout, "no answer came in time", err)
	// A socket of datagrams learns by ICMP, in any call, that nobody listens there.
	case c.pool.datagrams:
		return errcode.Wrap(errcode.DNSUnreachable, "the DNS server cannot be reached", err)
	}
	return err
}
