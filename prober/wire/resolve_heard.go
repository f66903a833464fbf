package wire

import (
	"context"
	"errors"
	"io"
	"net"
	"os"

	"golang.org/x/net/dns/dnsmessage"

	"example.com/prober/prober/probe"
)

// heardConn is a connection to a DNS server that reports questions and answers to a
// listener. It carries one question, and repeats it in cases in which the resolver would
// not.
type heardConn struct {
	net.Conn
	ear    *listener
	framed bool // over TCP: each message has its length before it

	id       uint16
	question dnsmessage.Question // guarded by the listener, but for the resolver's goroutine
	plain    bool                // asked without an OPT record
	rubbish  bool                // something came that is no answer
	// received holds bytes that came over TCP and were not handed on. answered means that
	// all came.
	received []byte
	answered bool
}

// datagrams has the methods that make a connection one of packets to the resolver.
type datagrams interface {
	ReadFrom(p []byte) (int, net.Addr, error)
	WriteTo(p []byte, addr net.Addr) (int, error)
}

// heardPackets is a heardConn over UDP.
type heardPackets struct {
	*heardConn
	datagrams
}

// disguised wraps c in a type the resolver takes for the same kind of connection. The
// resolver decides by a type assertion to [net.PacketConn] whether messages have their
// length before them.
func (c *heardConn) disguised() net.Conn {
	if packets, ok := c.Conn.(datagrams); ok {
		return heardPackets{c, packets}
	}
	c.framed = true
	return c
}

// Write sends the question, unless nobody waits for its family any more. Until something
// is heard, the look-up fails because no answer came in time.
func (c *heardConn) Write(p []byte) (n int, err error) {
	defer probe.Catch(&err) // the goroutine is the resolver's: a panic would end the process
	message := p
	if c.framed && len(p) >= 2 {
		message = p[2:]
	}
	var parser dnsmessage.Parser
	if h, err := parser.Start(message); err == nil {
		c.id = h.ID
	}
	q, err := parser.Question()
	if err != nil {
		return c.Conn.Write(p)
	}
	useful, plain := c.ear.asks(c, q)
	if !useful {
		// The resolver takes this for a server that cannot be reached, tries its next one,
		// and fails there in the same way: it ends at once.
		return 0, net.ErrClosed
	}
	c.ear.note(q, context.DeadlineExceeded)
	if c.ear.trace != nil {
		showQuestion(c.ear.trace, c.RemoteAddr().Network(), c.RemoteAddr().String(), q)
	}
	if plain && c.writePlainly() {
		return len(p), nil
	}
	return c.Conn.Write(p)
}

// Read receives a datagram, or a part of the answer over TCP.
func (c *heardConn) Read(p []byte) (n int, err error) {
	defer probe.Catch(&err) // as above
	if c.framed {
		return c.readStream(p)
	}
	for {
		n, err := c.Conn.Read(p)
		if err != nil {
			c.hearFailure(err)
			return n, err
		}
		switch answer := c.hear(p[:n]); {
		case c.askPlainly(answer):
		case answer.isKept():
			return 0, answer.err
		default:
			return n, nil
		}
	}
}

// readStream hands on the answer when all of it has come and can be used: the resolver
// would take a cut answer for the whole.
func (c *heardConn) readStream(p []byte) (int, error) {
	for !c.answered {
		message, err := readFramed(c.Conn)
		if err != nil {
			c.hearFailure(err)
			return 0, err
		}
		answer := c.hear(message)
		switch {
		case answer.truncated:
			c.ear.note(c.question, errDNSMalformed)
			return 0, errDNSMalformed
		case c.askPlainly(answer):
		case answer.isKept():
			return 0, answer.err
		default:
			c.received, c.answered = frame(message), true
		}
	}
	if len(c.received) == 0 {
		return 0, io.EOF
	}
	n := copy(p, c.received)
	c.received = c.received[n:]
	return n, nil
}

// isKept reports whether an answer is kept from the resolver. It would use more of a malformed
// answer than can be used. It would pass over one without a question, and wait for another.
func (a *reply) isKept() bool { return a.malformed || a.bare }

// askPlainly asks once more, without an OPT record, if that may be why the server refused
// the question (RFC 6891, section 6.2.2). It reports whether it did. The deadline of the
// resolver goes on.
func (c *heardConn) askPlainly(refused reply) bool {
	if !refused.strict || c.plain {
		return false
	}
	c.ear.wantsPlain()
	return c.writePlainly()
}

func (c *heardConn) writePlainly() bool {
	c.plain = true
	message, err := query(c.id, c.question, true)
	if err != nil {
		return false
	}
	if c.framed {
		message = frame(message)
	}
	_, err = c.Conn.Write(message)
	return err == nil
}

// hear notes the content of a message, and returns it. A truncated one says nothing: the
// resolver asks again over TCP.
func (c *heardConn) hear(message []byte) reply {
	answer, err := readReply(message, c.id, c.question)
	if c.ear.trace != nil {
		showReply(c.ear.trace, c.RemoteAddr().String(), c.question, answerOr(answer, err))
	}
	switch {
	case err != nil:
		c.rubbish = true
		c.ear.note(c.question, errDNSMalformed)
		return reply{}
	case answer.truncated:
		c.ear.note(c.question, nil)
	default:
		c.ear.note(c.question, answer.err)
	}
	if len(answer.addrs) > 0 {
		c.ear.found(c.question)
	}
	return answer
}

// hearFailure notes why nothing was read. If only rubbish came, that stays the reason.
func (c *heardConn) hearFailure(err error) {
	if c.ear.trace != nil {
		showReply(c.ear.trace, c.RemoteAddr().String(), c.question, reply{err: err})
	}
	if c.rubbish && errors.Is(err, os.ErrDeadlineExceeded) {
		return
	}
	c.ear.note(c.question, err)
}
