package transport

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"os"

	"golang.org/x/net/dns/dnsmessage"
)

// heardConn is a connection to a DNS server that tells a listener what was asked
// and answered on it. It carries one question.
type heardConn struct {
	net.Conn
	ear    *listener
	framed bool // over TCP: each message has its length before it

	id       uint16
	question dnsmessage.Question
	received []byte // over TCP, of the answer
	rubbish  bool   // something came that is no answer
}

// datagrams is what makes a connection one of packets to the resolver.
type datagrams interface {
	ReadFrom(p []byte) (int, net.Addr, error)
	WriteTo(p []byte, addr net.Addr) (int, error)
}

// heardPackets is a heardConn over UDP.
type heardPackets struct {
	*heardConn
	datagrams
}

// Write sends the question. Until something is heard, the look-up fails for want
// of an answer in time.
func (c *heardConn) Write(p []byte) (int, error) {
	message := p
	if c.framed && len(p) >= 2 {
		message = p[2:]
	}
	var parser dnsmessage.Parser
	if h, err := parser.Start(message); err == nil {
		c.id = h.ID
	}
	if q, err := parser.Question(); err == nil {
		c.question = q
	}
	c.ear.note(c.question, context.DeadlineExceeded)
	return c.Conn.Write(p)
}

// Read receives a datagram, or a part of the stream.
func (c *heardConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if err != nil {
		c.hearFailure(err)
		return n, err
	}
	if !c.framed {
		c.hear(p[:n])
		return n, nil
	}
	c.received = append(c.received, p[:n]...)
	if len(c.received) >= 2 {
		size := int(binary.BigEndian.Uint16(c.received))
		if message := c.received[2:]; len(message) == size {
			c.hear(message)
		}
	}
	return n, nil
}

// hear notes what a message says. A truncated one says nothing: the resolver
// asks again over TCP.
func (c *heardConn) hear(message []byte) {
	answer, err := readReply(message, c.id, c.question)
	switch {
	case err != nil:
		c.rubbish = true
		c.ear.note(c.question, errDNSMalformed)
	case answer.truncated:
		c.ear.note(c.question, nil)
	default:
		c.ear.note(c.question, answer.err)
	}
}

// hearFailure notes why nothing was read. Where only rubbish came, that stays.
func (c *heardConn) hearFailure(err error) {
	if c.rubbish && errors.Is(err, os.ErrDeadlineExceeded) {
		return
	}
	c.ear.note(c.question, err)
}
