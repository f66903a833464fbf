package demo

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"

	"golang.org/x/net/dns/dnsmessage"
)

// answering makes the answer to the question in m. It returns false for silence.
type answering func(m *dnsmessage.Message, isStream bool) bool

// nameServer answers over UDP and TCP, on one port.
func nameServer(answer answering) opener {
	return func(ctx context.Context, s *Server, _ string) (string, error) {
		packets, streams, err := bothOnOnePort()
		if err != nil {
			return "", err
		}
		s.hold(packets)
		s.hold(streams)
		s.running.Go(func() { answer.packets(packets) })
		s.running.Go(func() { s.accept(ctx, streams, answer.stream) })
		return "dns://" + packets.LocalAddr().String(), nil
	}
}

// bothOnOnePort listens over UDP and TCP. Another process may have the port for one of the two. The kernel chooses a
// port that is free for TCP, as TCP uses more ports: connections have them too.
func bothOnOnePort() (packets *net.UDPConn, streams *net.TCPListener, err error) {
	const tries = 20
	for range tries {
		if streams, err = net.ListenTCP("tcp", loopback()); err != nil {
			return nil, nil, err
		}
		at := streams.Addr().(*net.TCPAddr)
		if packets, err = net.ListenUDP("udp", &net.UDPAddr{IP: at.IP, Port: at.Port}); err == nil {
			return packets, streams, nil
		}
		_ = streams.Close() // no client knows it yet
	}
	return nil, nil, err
}

// packets answers datagrams until c is closed.
func (a answering) packets(c *net.UDPConn) {
	query := make([]byte, 1<<16)
	for {
		n, from, err := c.ReadFromUDPAddrPort(query)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil { // the error is about an answer that no client took
			continue
		}
		if message := a.reply(query[:n], false); message != nil {
			_, _ = c.WriteToUDPAddrPort(message, from) // the client may be gone
		}
	}
}

// stream answers messages with their length in front (RFC 1035, section 4.2.2).
func (a answering) stream(c *net.TCPConn) {
	for {
		var length [2]byte
		if _, err := io.ReadFull(c, length[:]); err != nil {
			return
		}
		query := make([]byte, binary.BigEndian.Uint16(length[:]))
		if _, err := io.ReadFull(c, query); err != nil {
			return
		}
		if message := a.reply(query, true); message != nil {
			_, _ = c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(message))), message...)) // the client may be gone
		}
	}
}

// reply returns the answer to a query, nil for none.
func (a answering) reply(query []byte, isStream bool) []byte {
	var m dnsmessage.Message
	if m.Unpack(query) != nil || len(m.Questions) != 1 {
		return nil
	}
	m.Header = dnsmessage.Header{ID: m.ID, Response: true, RecursionDesired: m.RecursionDesired, RecursionAvailable: true}
	m.Additionals = nil
	if !a(&m, isStream) {
		return nil
	}
	message, err := m.Pack()
	if err != nil {
		return nil
	}
	return message
}

// anAddress answers with an address for documentation (RFC 5737).
func anAddress(m *dnsmessage.Message, _ bool) bool {
	head := dnsmessage.ResourceHeader{Name: m.Questions[0].Name, Class: dnsmessage.ClassINET, TTL: 300}
	m.Answers = []dnsmessage.Resource{{Header: head, Body: &dnsmessage.AResource{A: [4]byte{192, 0, 2, 1}}}}
	return true
}

// cutInPackets answers over TCP only.
func cutInPackets(m *dnsmessage.Message, isStream bool) bool {
	m.Truncated = !isStream
	return m.Truncated || anAddress(m, isStream)
}

// code answers with a code and nothing else.
func code(rcode dnsmessage.RCode) answering {
	return func(m *dnsmessage.Message, _ bool) bool {
		m.RCode = rcode
		return true
	}
}

func noAnswer(*dnsmessage.Message, bool) bool { return false }

// anotherQuestion answers a question of another type.
func anotherQuestion(m *dnsmessage.Message, isStream bool) bool {
	m.Questions[0].Type = dnsmessage.TypeMX
	return anAddress(m, isStream)
}

// closedPacketPort reserves a port without a listener for datagrams. Its socket takes datagrams from one peer alone.
func closedPacketPort(ctx context.Context, s *Server, _ string) (string, error) {
	var dialer net.Dialer
	c, err := dialer.DialContext(ctx, "udp", "127.0.0.1:9")
	if err != nil {
		return "", err
	}
	s.hold(c)
	return "dns://" + c.LocalAddr().String(), nil
}
