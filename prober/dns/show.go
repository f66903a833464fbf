package dns

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/net/dns/dnsmessage"

	"example.com/prober/errcode"
	"example.com/prober/option"
	"example.com/prober/prober/probe"
)

// maxShownRecords is how many records of an answer a trace has. A server may send
// thousands, and a trace is for a person to read.
const maxShownRecords = 64

// Rule says which expectation gave the code of r; r has no other failure.
func (e *Engine) Rule(r *probe.Result, code errcode.Code) string {
	x, s := e.expect, scratchOf(r)
	rcodes := make([]string, len(x.rcodes))
	for i, code := range x.rcodes {
		rcodes[i] = code.String()
	}
	rule := "expect.rcode [" + strings.Join(rcodes, ", ") + "]: got " + s.rcode.String()
	switch {
	case code == errcode.OK:
		return rule + ", and all else that is expected"
	case code == errcode.TooSlow:
		return fmt.Sprintf("expect.max_latency %s: took %s", x.latency, r.Duration())
	case s.rcode == option.RcodeSuccess && r.Unmet != nil:
		return fmt.Sprintf("expect.answers: %v", r.Unmet)
	}
	return rule
}

// showQuestion records the question in the trace.
func (c *conn) showQuestion(t *probe.Trace) {
	var p dnsmessage.Parser
	h, err := p.Start(c.out[lengthSize:])
	if err != nil {
		return
	}
	q, err := p.Question()
	if err != nil {
		return
	}
	recursion := "without asking for recursion"
	if h.RecursionDesired {
		recursion = "asking for recursion"
	}
	t.SendLine(fmt.Sprintf("%s %s, id %d, %s, %d bytes", nameText(&q.Name), kindText(q.Type), h.ID, recursion, len(c.out)-lengthSize))
}

// showMessage records any received message in the trace.
func showMessage(t *probe.Trace, message []byte) {
	var p dnsmessage.Parser
	h, err := p.Start(message)
	if err != nil {
		t.ReceiveRaw(message)
		return
	}
	t.Receive(fmt.Sprintf("id %d, %s%s, %d questions, %d answers, %d authorities, %d additional, %d bytes",
		h.ID, option.Rcode(h.RCode), flagsOf(&h), count(message, 0), count(message, 1), count(message, 2), count(message, 3), len(message)))
	if p.SkipAllQuestions() != nil {
		return
	}
	for i := 0; ; i++ {
		r, err := p.AnswerHeader()
		switch {
		case errors.Is(err, dnsmessage.ErrSectionDone):
			return
		case err != nil:
			t.Notef("the records behind that cannot be read")
			return
		case i == maxShownRecords:
			t.Notef("and more records")
			return
		}
		text, err := appendRecord(nil, &p, &r)
		if err != nil {
			t.Notef("a record of the type %s that cannot be read", kindText(r.Type))
			return
		}
		t.Receive(fmt.Sprintf("%s %d %s %s", nameText(&r.Name), r.TTL, kindText(r.Type), text))
	}
}

// count returns the number of entries in a section, according to the header of the
// message.
func count(message []byte, section int) int {
	const counts, size = 4, 2
	return int(binary.BigEndian.Uint16(message[counts+section*size:]))
}

func flagsOf(h *dnsmessage.Header) (text string) {
	for _, f := range []struct {
		set  bool
		name string
	}{
		{h.Authoritative, "authoritative"}, {h.Truncated, "cut (TC)"}, {h.RecursionAvailable, "recursion available"}, {h.AuthenticData, "signatures verified (AD)"},
	} {
		if f.set {
			text += ", " + f.name
		}
	}
	return text
}

func nameText(n *dnsmessage.Name) string { return string(appendName(nil, n)) }

func kindText(kind dnsmessage.Type) string { return strings.TrimPrefix(kind.String(), "Type") }
