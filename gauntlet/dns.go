package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"example.com/prober/internal/peers"
)

// asker is a connection, or a UDP socket, from which questions come. The ids of its questions count up, so a repeated
// question is recognized.
type asker struct {
	prefix, serial uint64
	id             uint16 // of the question before
	at             time.Time
}

func (f *farm) newAsker() *asker { return &asker{prefix: f.askers.Add(1)} }

// name returns the id of a question for the ledger.
func (a *asker) name(query []byte) string {
	id := binary.BigEndian.Uint16(query)
	if a.at.IsZero() {
		a.id = id
	}
	a.serial += uint64(id - a.id)
	a.id, a.at = id, time.Now()
	return fmt.Sprintf("%016x%016x", a.prefix, a.serial)
}

// subjectOf returns the target of a question: the first label of the name in it.
func subjectOf(query []byte) (target string, ok bool) {
	var m dnsmessage.Message
	if m.Unpack(query) != nil || len(m.Questions) != 1 {
		return "", false
	}
	target, _, _ = strings.Cut(m.Questions[0].Name.String(), ".")
	return target, true
}

// wellKnown answers each question without a fault.
var wellKnown = peers.Addresses(addressHome)

// serveQuestions plays a script on a connection, question after question. In the ledger suffix follows the name of the
// target. Texts of the script are framed already.
func (f *farm) serveQuestions(s dnsScript, suffix string) peers.Script {
	return func(c net.Conn) {
		l, a := lineOf(c), f.newAsker()
		for first := true; ; first = false {
			target, query, ok := readQuestion(c)
			if !ok {
				return
			}
			target += suffix
			n := f.ledger.note(target, a.name(query))
			if !l.take() {
				f.unread.Add(1)
				f.ledger.expect(target, unread(first))
				continue
			}
			d := s(target, n)
			m := move{text: d.framed(query), then: d.then, code: d.code, reused: d.reused}
			if !f.reply(c, c, &m, target, first) {
				return
			}
		}
	}
}

func readQuestion(r io.Reader) (target string, query []byte, ok bool) {
	var length [2]byte
	if _, err := io.ReadFull(r, length[:]); err != nil {
		return "", nil, false
	}
	query = make([]byte, binary.BigEndian.Uint16(length[:]))
	if _, err := io.ReadFull(r, query); err != nil {
		return "", nil, false
	}
	target, ok = subjectOf(query)
	return target, query, ok
}

// dnsMove is the answer of a DNS server to one question: messages and, over a connection, its end.
type dnsMove struct {
	says         []peers.Names
	then         ending
	code, reused string // as of a move
}

// dnsScript returns the move for the n-th question of a target.
type dnsScript func(target string, n int) dnsMove

func dnsWell(string, int) dnsMove { return dnsMove{says: []peers.Names{wellKnown}, code: "0"} }

// framed returns the messages as a connection carries them.
func (m *dnsMove) framed(query []byte) string {
	var b bytes.Buffer
	for _, says := range m.says {
		answer := says(query)
		_ = binary.Write(&b, binary.BigEndian, uint16(len(answer))) // to memory
		b.Write(answer)
	}
	return b.String()
}
