package peers

import (
	"encoding/binary"
	"io"
	"net"
	"sync"

	"golang.org/x/net/dns/dnsmessage"
)

// Names makes the answer of a name server to a question, or nil for none.
type Names func(query []byte) []byte

// NameServer serves DNS over UDP, and nothing over TCP, on a port of loopback until the test ends. It returns its
// address.
func NameServer(t T, names Names) string {
	t.Helper()
	for {
		address := ClosedPort(t)
		if serveNames(t, address, names) == nil { // otherwise another process has the port for UDP
			return address
		}
	}
}

// NameServerOfBoth is [NameServer] with answers over TCP on the same port.
func NameServerOfBoth(t T, overUDP, overTCP Names) string {
	t.Helper()
	for {
		p := Listen(t, answering(overTCP))
		if serveNames(t, p.Address(), overUDP) == nil { // as above
			return p.Address()
		}
	}
}

func serveNames(t T, address string, names Names) error {
	c, err := (&net.ListenConfig{}).ListenPacket(t.Context(), "udp", address)
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
			if answer := names(query[:n]); answer != nil {
				_, _ = c.WriteTo(answer, from)
			}
		}
	})
	return nil
}

// answering answers the questions of a connection (RFC 1035, section 4.2.2).
func answering(names Names) Script {
	return func(c net.Conn) {
		for {
			var length [2]byte
			if _, err := io.ReadFull(c, length[:]); err != nil {
				return
			}
			query := make([]byte, binary.BigEndian.Uint16(length[:]))
			if _, err := io.ReadFull(c, query); err != nil {
				return
			}
			if answer := names(query); answer != nil {
				binary.BigEndian.PutUint16(length[:], uint16(len(answer)))
				_, _ = c.Write(append(length[:], answer...)) // the client may be gone
			}
		}
	}
}

// reply answers a question with a message that fill fills in. It returns nil if query is no question.
func reply(query []byte, fill func(*dnsmessage.Message)) []byte {
	var m dnsmessage.Message
	if m.Unpack(query) != nil || len(m.Questions) != 1 {
		return nil
	}
	m.Header = dnsmessage.Header{ID: m.ID, Response: true, RecursionAvailable: true}
	m.Additionals = nil
	fill(&m)
	answer, err := m.Pack()
	if err != nil {
		return nil
	}
	return answer
}

// NoNames answers with a code and no records.
func NoNames(code dnsmessage.RCode) Names {
	return func(query []byte) []byte { return reply(query, func(m *dnsmessage.Message) { m.RCode = code }) }
}

// CutNames answers that the whole answer is available over TCP.
func CutNames(query []byte) []byte {
	return reply(query, func(m *dnsmessage.Message) { m.Truncated = true })
}

// SilentNames gives no answer.
func SilentNames([]byte) []byte { return nil }

// SayNames answers every question with the same bytes.
func SayNames(bytes string) Names { return func([]byte) []byte { return []byte(bytes) } }

// Addresses answers questions for IPv4 addresses with these addresses.
func Addresses(addresses ...string) Names {
	return func(query []byte) []byte {
		return reply(query, func(m *dnsmessage.Message) { m.Answers = Entry{IPv4: addresses}.records(m.Questions[0]) })
	}
}

// Services answers questions for services with the names from targets, on port 1.
func Services(targets func() []string) Names {
	return func(query []byte) []byte {
		return reply(query, func(m *dnsmessage.Message) {
			for _, target := range targets() {
				head := dnsmessage.ResourceHeader{Name: m.Questions[0].Name, Class: dnsmessage.ClassINET, TTL: 1}
				m.Answers = append(m.Answers, dnsmessage.Resource{Header: head, Body: &dnsmessage.SRVResource{Target: dnsmessage.MustNewName(target), Port: 1}})
			}
		})
	}
}
