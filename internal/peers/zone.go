package peers

import (
	"cmp"
	"encoding/binary"
	"net/netip"
	"sync/atomic"

	"golang.org/x/net/dns/dnsmessage"
)

// Entry is the data of a name in a name server, with its behaviour.
type Entry struct {
	// Rcode is the code of the answer, and Rcode6 that of the answer about IPv6.
	Rcode, Rcode6 dnsmessage.RCode
	// Alias stands before the addresses. Another alias leads to it.
	Alias string
	// IPv4 and IPv6 are addresses.
	IPv4, IPv6 []string
	// Raw is sent as it is after the ID of the question, in place of an answer.
	Raw []byte
	// Truncate marks answers over UDP as truncated, without addresses. CutShort marks answers over TCP as well, but these
	// have the addresses.
	Truncate, CutShort bool
	// Silent leaves questions without an answer. Silent4 and Silent6 do so for one family.
	Silent, Silent4, Silent6 bool
	// Strict is the code for a question with an OPT record, if it is not 0. Bare leaves the question out of answers
	// with an error.
	Strict dnsmessage.RCode
	Bare   bool
	// Other answers another question. Cut leaves out the end of the last record.
	Other, Cut bool
	// Length is what the last record says of the length of its address, and Class the class of all records; 0 stands
	// for the right one.
	Length int
	Class  dnsmessage.Class
}

// Failing fails for both families.
func Failing(code dnsmessage.RCode) Entry { return Entry{Rcode: code, Rcode6: code} }

// Zone is a name server with a table, over UDP and TCP. Names outside it do not exist.
type Zone struct {
	Address netip.AddrPort
	// Questions counts all questions, and Streams the questions over TCP.
	Questions, Streams atomic.Int64

	entries map[string]Entry
}

// ServeZone serves entries until the test ends. Their names end in a dot.
func ServeZone(t T, entries map[string]Entry) *Zone {
	t.Helper()
	z := &Zone{entries: entries}
	overUDP := func(query []byte) []byte { return z.answer(query, false) }
	overTCP := func(query []byte) []byte {
		z.Streams.Add(1)
		return z.answer(query, true)
	}
	z.Address = netip.MustParseAddrPort(NameServerOfBoth(t, overUDP, overTCP))
	return z
}

func (z *Zone) answer(query []byte, isStream bool) []byte {
	z.Questions.Add(1)
	var asked dnsmessage.Message
	if asked.Unpack(query) != nil || len(asked.Questions) != 1 {
		return nil
	}
	e, isKnown := z.entries[asked.Questions[0].Name.String()]
	if !isKnown {
		e = Failing(dnsmessage.RCodeNameError)
	}
	return e.answer(query, asked, isStream)
}

func (e Entry) answer(query []byte, asked dnsmessage.Message, isStream bool) []byte {
	rcode, isSilent := e.Rcode, e.Silent || e.Silent4
	if asked.Questions[0].Type == dnsmessage.TypeAAAA {
		rcode, isSilent = e.Rcode6, e.Silent || e.Silent6
	}
	isExtended := len(asked.Additionals) > 0
	switch {
	case isSilent:
		return nil
	case e.Strict != 0 && isExtended:
		return reply(query, func(m *dnsmessage.Message) {
			m.RCode = e.Strict
			if e.Bare {
				m.Questions = nil
			}
		})
	case e.Raw != nil && (isStream || !e.Truncate):
		return append(query[:2:2], e.Raw...)
	}
	missing, size := 0, 0
	answer := reply(query, func(m *dnsmessage.Message) {
		m.RCode = rcode & 0xf
		m.Truncated = e.Truncate && !isStream || e.CutShort
		if e.Other {
			m.Questions[0].Name = dnsmessage.MustNewName("other.test.")
		}
		if !m.Truncated || isStream {
			m.Answers = e.records(m.Questions[0])
		}
		switch {
		case e.Cut && len(m.Answers) > 0:
			missing = 2
		case e.Length != 0 && len(m.Answers) > 0:
			size = 4
			if m.Questions[0].Type == dnsmessage.TypeAAAA {
				size = 16
			}
		case isExtended && !e.Cut:
			var h dnsmessage.ResourceHeader
			_ = h.SetEDNS0(1232, rcode, false) // has no error for these arguments
			m.Additionals = []dnsmessage.Resource{{Header: h, Body: &dnsmessage.OPTResource{}}}
		}
		if e.Bare && rcode != dnsmessage.RCodeSuccess {
			m.Questions = nil
		}
	})
	if size > 0 {
		binary.BigEndian.PutUint16(answer[len(answer)-size-2:], uint16(e.Length))
		answer = append(answer, make([]byte, max(e.Length-size, 0))...)
	}
	return answer[:len(answer)-missing]
}

func (e Entry) records(q dnsmessage.Question) (all []dnsmessage.Resource) {
	add := func(body dnsmessage.ResourceBody) {
		head := dnsmessage.ResourceHeader{Name: q.Name, Class: cmp.Or(e.Class, dnsmessage.ClassINET), TTL: 60}
		all = append(all, dnsmessage.Resource{Header: head, Body: body})
	}
	if e.Alias != "" {
		for _, next := range []string{"step." + e.Alias, e.Alias} {
			name := dnsmessage.MustNewName(next)
			add(&dnsmessage.CNAMEResource{CNAME: name})
			q.Name = name
		}
	}
	switch q.Type {
	case dnsmessage.TypeA:
		for _, text := range e.IPv4 {
			add(&dnsmessage.AResource{A: netip.MustParseAddr(text).As4()})
		}
	case dnsmessage.TypeAAAA:
		for _, text := range e.IPv6 {
			add(&dnsmessage.AAAAResource{AAAA: netip.MustParseAddr(text).As16()})
		}
	}
	return all
}
