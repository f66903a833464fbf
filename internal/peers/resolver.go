package peers

import (
	"crypto/tls"
	"encoding/binary"
	"io"
	"net"
	"sync"
	"sync/atomic"

	"golang.org/x/net/dns/dnsmessage"
)

// Asked is a question to a [Resolver].
type Asked struct {
	Query []byte
	// Stream means that it came over TCP or TLS. Before is the number of earlier questions on the same connection.
	Stream bool
	Before int
}

// Said is the answer of a [Resolver] to a question. The zero value is silence.
type Said struct {
	// Messages are sent one after the other. On a stream, each message follows its length.
	Messages [][]byte
	// Raw is sent on a stream after the messages, as it is.
	Raw []byte
	// Bytewise writes each byte of a stream on its own.
	Bytewise bool
	// End closes a stream afterwards, and Reset ends it with RST.
	End, Reset bool
}

// onStream returns the bytes for a stream, in pieces.
func (s Said) onStream() (pieces [][]byte) {
	var all []byte
	for _, message := range s.Messages {
		all = append(binary.BigEndian.AppendUint16(all, uint16(len(message))), message...)
	}
	all = append(all, s.Raw...)
	if !s.Bytewise {
		return [][]byte{all}
	}
	for i := range all {
		pieces = append(pieces, all[i:i+1])
	}
	return pieces
}

// Resolver is a scripted DNS server. It serves UDP and TCP on one port of loopback, and TLS on another.
type Resolver struct {
	// Address is the address for UDP and TCP, and Secured the address for TLS, as host:port.
	Address, Secured string
	// Datagrams counts the questions over UDP, Streams the questions over TCP and TLS, and Connections the connections.
	Datagrams, Streams, Connections atomic.Int64
}

// ServeDNS serves DNS until the test ends. answer makes the answer to each question.
func ServeDNS(t T, cert tls.Certificate, answer func(Asked) Said) *Resolver {
	t.Helper()
	r := new(Resolver)
	script := r.script(answer)
	r.Secured = Listen(t, Within(Showing(cert), script)).Address()
	for {
		r.Address = Listen(t, script).Address()
		if r.serveDatagrams(t, answer) == nil { // otherwise another process has the port for UDP
			return r
		}
	}
}

func (r *Resolver) serveDatagrams(t T, answer func(Asked) Said) error {
	c, err := (&net.ListenConfig{}).ListenPacket(t.Context(), "udp", r.Address)
	if err != nil {
		return err
	}
	var serving sync.WaitGroup
	t.Cleanup(func() {
		_ = c.Close()
		serving.Wait()
	})
	serving.Go(func() {
		query := make([]byte, 1<<16)
		for {
			n, from, err := c.ReadFrom(query)
			if err != nil {
				return
			}
			r.Datagrams.Add(1)
			for _, message := range answer(Asked{Query: query[:n]}).Messages {
				_, _ = c.WriteTo(message, from) // the client may be gone
			}
		}
	})
	return nil
}

// script serves one connection (RFC 7766, section 8).
func (r *Resolver) script(answer func(Asked) Said) Script {
	return func(c net.Conn) {
		r.Connections.Add(1)
		for before := 0; ; before++ {
			var length [2]byte
			if _, err := io.ReadFull(c, length[:]); err != nil {
				return
			}
			query := make([]byte, binary.BigEndian.Uint16(length[:]))
			if _, err := io.ReadFull(c, query); err != nil {
				return
			}
			r.Streams.Add(1)
			said := answer(Asked{Query: query, Stream: true, Before: before})
			for _, piece := range said.onStream() {
				_, _ = c.Write(piece) // the client may be gone
			}
			if said.Reset {
				Reset(c)
			}
			if said.End || said.Reset {
				return
			}
		}
	}
}

// SayingDNS returns an answer of these messages.
func SayingDNS(messages ...[]byte) Said { return Said{Messages: messages} }

// AnswerDNS answers a query with a message that fill fills in. It returns nil if the bytes are no query.
func AnswerDNS(query []byte, fill func(*dnsmessage.Message)) []byte { return reply(query, fill) }
