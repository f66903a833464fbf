package transport

import (
	"context"
	"encoding/binary"
	"net"
	"net/netip"
	"sync/atomic"
	"testing"

	"golang.org/x/net/dns/dnsmessage"

	"example.com/prober/internal/peers"
	"example.com/prober/policy"
)

// dnsAnswer is what a test's DNS server does with a question.
type dnsAnswer struct {
	rcode dnsmessage.RCode
	// alias comes before the addresses.
	alias string
	ipv4  []string
	ipv6  []string
	// raw is sent as it is after the ID of the question, instead of an answer.
	raw []byte
	// truncate makes the answer over UDP a truncated one, cutShort that over TCP too, with
	// as many addresses as there are.
	truncate, cutShort bool
	// silent leaves the question without an answer, silent4 and silent6 only that for
	// one family.
	silent, silent4, silent6 bool
	// strict is what a question with an OPT record is answered with, if it is not 0; bare
	// makes a bare header of that.
	strict dnsmessage.RCode
	bare   bool
	// rcode6 replaces rcode for IPv6.
	rcode6 dnsmessage.RCode
	// other answers another question, cut lacks the end of its last record.
	other, cut bool
}

// dnsServer answers over UDP and TCP from a table; names outside it do not exist.
type dnsServer struct {
	addr      netip.AddrPort
	answers   map[string]dnsAnswer
	questions atomic.Int64
	streams   atomic.Int64 // questions over TCP
}

func serveDNS(t testing.TB, answers map[string]dnsAnswer) *dnsServer {
	t.Helper()
	s := &dnsServer{answers: answers}
	s.addr = netip.MustParseAddrPort(peers.NameServerOfBoth(t,
		func(query []byte) []byte { return s.reply(query, false) },
		func(query []byte) []byte {
			s.streams.Add(1)
			return s.reply(query, true)
		}))
	return s
}

func (s *dnsServer) reply(message []byte, stream bool) []byte {
	var asked dnsmessage.Message
	if asked.Unpack(message) != nil || len(asked.Questions) != 1 {
		return nil
	}
	s.questions.Add(1)
	q := asked.Questions[0]
	a, known := s.answers[q.Name.String()]
	if !known {
		a.rcode, a.rcode6 = dnsmessage.RCodeNameError, dnsmessage.RCodeNameError
	}
	rcode := a.rcode
	if q.Type == dnsmessage.TypeAAAA {
		rcode = a.rcode6
	}
	switch {
	case a.silent || a.silent6 && q.Type == dnsmessage.TypeAAAA || a.silent4 && q.Type == dnsmessage.TypeA:
		return nil
	case a.strict != 0 && len(asked.Additionals) > 0:
		refusal := dnsmessage.Message{Header: dnsmessage.Header{ID: asked.ID, Response: true, RCode: a.strict}}
		if !a.bare {
			refusal.Questions = asked.Questions
		}
		packed, _ := refusal.Pack() // nothing in it can be too long
		return packed
	case a.raw != nil && (stream || !a.truncate):
		return append(binary.BigEndian.AppendUint16(nil, asked.ID), a.raw...)
	}
	if a.other {
		q.Name = dnsmessage.MustNewName("other.test.")
	}
	answer := dnsmessage.Message{
		Header: dnsmessage.Header{
			ID: asked.ID, Response: true, RecursionDesired: true, RecursionAvailable: true, RCode: rcode & 0xf,
			Truncated: a.truncate && !stream || a.cutShort,
		},
		Questions: []dnsmessage.Question{q},
	}
	if !answer.Truncated || stream {
		answer.Answers = a.records(q)
	}
	if !a.cut && len(asked.Additionals) > 0 {
		answer.Additionals = []dnsmessage.Resource{optRecord(rcode)}
	}
	packed, err := answer.Pack()
	switch {
	case err != nil:
		return nil
	case a.cut && len(answer.Answers) > 0:
		return packed[:len(packed)-2]
	}
	return packed
}

func optRecord(rcode dnsmessage.RCode) dnsmessage.Resource {
	var h dnsmessage.ResourceHeader
	_ = h.SetEDNS0(maxDNSPacket, rcode, false) // has no error for these arguments
	return dnsmessage.Resource{Header: h, Body: &dnsmessage.OPTResource{}}
}

func (a dnsAnswer) records(q dnsmessage.Question) []dnsmessage.Resource {
	var records []dnsmessage.Resource
	add := func(kind dnsmessage.Type, body dnsmessage.ResourceBody) {
		records = append(records, dnsmessage.Resource{
			Header: dnsmessage.ResourceHeader{Name: q.Name, Type: kind, Class: dnsmessage.ClassINET, TTL: 60},
			Body:   body,
		})
	}
	if a.alias != "" {
		add(dnsmessage.TypeCNAME, &dnsmessage.CNAMEResource{CNAME: dnsmessage.MustNewName("step." + a.alias)})
		q.Name = dnsmessage.MustNewName("step." + a.alias)
		add(dnsmessage.TypeCNAME, &dnsmessage.CNAMEResource{CNAME: dnsmessage.MustNewName(a.alias)})
		q.Name = dnsmessage.MustNewName(a.alias)
	}
	switch q.Type {
	case dnsmessage.TypeA:
		for _, text := range a.ipv4 {
			add(q.Type, &dnsmessage.AResource{A: netip.MustParseAddr(text).As4()})
		}
	case dnsmessage.TypeAAAA:
		for _, text := range a.ipv6 {
			add(q.Type, &dnsmessage.AAAAResource{AAAA: netip.MustParseAddr(text).As16()})
		}
	}
	return records
}

// lookups are the two ways to resolve, both leading to server.
func lookups(server netip.AddrPort) map[string]lookup {
	redirected := func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, server.String())
	}
	return map[string]lookup{
		"asking the server directly": directLookup(server, policy.Policy{}),
		"asking as the system does":  systemLookup(redirected),
	}
}
