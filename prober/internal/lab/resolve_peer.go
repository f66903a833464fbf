package lab

import (
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"
)

// DnsAnswer is what a test's DNS server does with a question.
type DnsAnswer struct {
	Rcode dnsmessage.RCode
	// Alias comes before the addresses.
	Alias string
	Ipv4  []string
	Ipv6  []string
	// Raw is sent as it is after the ID of the question, instead of an answer.
	Raw []byte
	// Truncate makes the answer over UDP a truncated one, cutShort that over TCP too, with
	// as many addresses as there are.
	Truncate, CutShort bool
	// Silent leaves the question without an answer, silent4 and silent6 only that for
	// one family.
	Silent, Silent4, Silent6 bool
	// Strict is what a question with an OPT record is answered with, if it is not 0; bare
	// makes a bare header of that.
	Strict dnsmessage.RCode
	Bare   bool
	// Rcode6 replaces rcode for IPv6.
	Rcode6 dnsmessage.RCode
	// Other answers another question, cut lacks the end of its last record.
	Other, Cut bool
}

// DnsServer answers over UDP and TCP from a table; names outside it do not exist.
type DnsServer struct {
	Addr      netip.AddrPort
	Answers   map[string]DnsAnswer
	Questions atomic.Int64
	Streams   atomic.Int64 // questions over TCP
}

func ServeDNS(t testing.TB, answers map[string]DnsAnswer) *DnsServer {
	t.Helper()
	packets, stream := listenDNS(t)
	s := &DnsServer{Answers: answers, Addr: packets.LocalAddr().(*net.UDPAddr).AddrPort()}
	var serving sync.WaitGroup
	serving.Go(func() { s.ServePackets(packets) })
	serving.Go(func() { s.serveStreams(stream, &serving) })
	t.Cleanup(func() {
		_, _ = packets.Close(), stream.Close()
		serving.Wait()
	})
	return s
}

// listenDNS finds a port that is free for UDP and for TCP.
func listenDNS(t testing.TB) (net.PacketConn, net.Listener) {
	t.Helper()
	for range 20 {
		packets, err := net.ListenPacket("udp", "127.0.0.1:0")
		require.NoError(t, err)
		stream, err := net.Listen("tcp", packets.LocalAddr().String())
		if err == nil {
			return packets, stream
		}
		_ = packets.Close()
	}
	require.Fail(t, "no port is free for UDP and TCP")
	return nil, nil
}

func (s *DnsServer) ServePackets(c net.PacketConn) {
	buf := make([]byte, 4096)
	for {
		n, from, err := c.ReadFrom(buf)
		if err != nil {
			return
		}
		if answer := s.reply(buf[:n], false); answer != nil {
			_, _ = c.WriteTo(answer, from)
		}
	}
}

func (s *DnsServer) serveStreams(ln net.Listener, serving *sync.WaitGroup) {
	for {
		c, err := ln.Accept()
		if err != nil {
			return
		}
		_ = c.SetDeadline(time.Now().Add(Patience))
		serving.Go(func() {
			defer c.Close()
			var size [2]byte
			if _, err := io.ReadFull(c, size[:]); err != nil {
				return
			}
			message := make([]byte, binary.BigEndian.Uint16(size[:]))
			if _, err := io.ReadFull(c, message); err != nil {
				return
			}
			s.Streams.Add(1)
			if answer := s.reply(message, true); answer != nil {
				_, _ = c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer...))
			}
		})
	}
}

func (s *DnsServer) reply(message []byte, stream bool) []byte {
	var asked dnsmessage.Message
	if asked.Unpack(message) != nil || len(asked.Questions) != 1 {
		return nil
	}
	s.Questions.Add(1)
	q := asked.Questions[0]
	a, known := s.Answers[q.Name.String()]
	if !known {
		a.Rcode, a.Rcode6 = dnsmessage.RCodeNameError, dnsmessage.RCodeNameError
	}
	rcode := a.Rcode
	if q.Type == dnsmessage.TypeAAAA {
		rcode = a.Rcode6
	}
	switch {
	case a.Silent || a.Silent6 && q.Type == dnsmessage.TypeAAAA || a.Silent4 && q.Type == dnsmessage.TypeA:
		return nil
	case a.Strict != 0 && len(asked.Additionals) > 0:
		refusal := dnsmessage.Message{Header: dnsmessage.Header{ID: asked.ID, Response: true, RCode: a.Strict}}
		if !a.Bare {
			refusal.Questions = asked.Questions
		}
		packed, _ := refusal.Pack() // nothing in it can be too long
		return packed
	case a.Raw != nil && (stream || !a.Truncate):
		return append(binary.BigEndian.AppendUint16(nil, asked.ID), a.Raw...)
	}
	if a.Other {
		q.Name = dnsmessage.MustNewName("other.test.")
	}
	answer := dnsmessage.Message{
		Header: dnsmessage.Header{
			ID: asked.ID, Response: true, RecursionDesired: true, RecursionAvailable: true, RCode: rcode & 0xf,
			Truncated: a.Truncate && !stream || a.CutShort,
		},
		Questions: []dnsmessage.Question{q},
	}
	if !answer.Truncated || stream {
		answer.Answers = a.records(q)
	}
	if !a.Cut && len(asked.Additionals) > 0 {
		answer.Additionals = []dnsmessage.Resource{optRecord(rcode)}
	}
	packed, err := answer.Pack()
	switch {
	case err != nil:
		return nil
	case a.Cut && len(answer.Answers) > 0:
		return packed[:len(packed)-2]
	}
	return packed
}

func optRecord(rcode dnsmessage.RCode) dnsmessage.Resource {
	var h dnsmessage.ResourceHeader
	_ = h.SetEDNS0(1232, rcode, false) // has no error for these arguments
	return dnsmessage.Resource{Header: h, Body: &dnsmessage.OPTResource{}}
}

func (a DnsAnswer) records(q dnsmessage.Question) []dnsmessage.Resource {
	var records []dnsmessage.Resource
	add := func(kind dnsmessage.Type, body dnsmessage.ResourceBody) {
		records = append(records, dnsmessage.Resource{
			Header: dnsmessage.ResourceHeader{Name: q.Name, Type: kind, Class: dnsmessage.ClassINET, TTL: 60},
			Body:   body,
		})
	}
	if a.Alias != "" {
		add(dnsmessage.TypeCNAME, &dnsmessage.CNAMEResource{CNAME: dnsmessage.MustNewName("step." + a.Alias)})
		q.Name = dnsmessage.MustNewName("step." + a.Alias)
		add(dnsmessage.TypeCNAME, &dnsmessage.CNAMEResource{CNAME: dnsmessage.MustNewName(a.Alias)})
		q.Name = dnsmessage.MustNewName(a.Alias)
	}
	switch q.Type {
	case dnsmessage.TypeA:
		for _, text := range a.Ipv4 {
			add(q.Type, &dnsmessage.AResource{A: netip.MustParseAddr(text).As4()})
		}
	case dnsmessage.TypeAAAA:
		for _, text := range a.Ipv6 {
			add(q.Type, &dnsmessage.AAAAResource{AAAA: netip.MustParseAddr(text).As16()})
		}
	}
	return records
}
