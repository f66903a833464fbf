package dns

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/net/dns/dnsmessage"

	"example.com/prober/errcode"
	"example.com/prober/option"
)

const (
	// headerSize is the size of the header of a message, lengthSize the size of the length
	// before it over TCP, in bytes.
	headerSize = 12
	lengthSize = 2
	// datagramSize is the longest answer in a datagram that the question allows: 1280
	// bytes, the least that IPv6 asks of every link (RFC 8200, section 5), less the headers
	// of IPv6 and UDP. Such a datagram needs no fragments, and these get lost more often
	// than others.
	datagramSize = 1232
)

// Errors of messages that are no answer to the question.
var (
	errNoMessage     = errcode.New(errcode.DNSMalformed, "what came is no DNS message")
	errNoAnswer      = errcode.New(errcode.DNSMalformed, "the message is no answer")
	errOtherID       = errcode.New(errcode.DNSMalformed, "the answer has the id of another question")
	errOtherQuestion = errcode.New(errcode.DNSMalformed, "the answer is to another question")
	errTooLong       = errcode.New(errcode.DNSMalformed, "the datagram is far longer than the question allows")
	errCutOverTCP    = errcode.New(errcode.DNSMalformed, "the answer is cut (TC), although it came over a connection")
)

// query is a question, encoded once.
type query struct {
	message  []byte // with the id 0
	question []byte // the part of message that answers repeat
	kind     dnsmessage.Type
}

func newQuery(ask option.DNS) (*query, error) {
	number, ok := ask.Type.Number()
	if !ok {
		return nil, fmt.Errorf("the type %q is not known", ask.Type)
	}
	name, err := dnsmessage.NewName(strings.TrimSuffix(ask.Name, ".") + ".")
	if err != nil {
		return nil, fmt.Errorf("the name %q: %w", ask.Name, err)
	}
	var room dnsmessage.ResourceHeader
	if err := room.SetEDNS0(datagramSize, dnsmessage.RCodeSuccess, ask.DNSSEC); err != nil {
		return nil, err
	}
	kind := dnsmessage.Type(number)
	m := dnsmessage.Message{
		// The bit AD in a question asks for the bit AD in the answer (RFC 6840, section
		// 5.7).
		Header:      dnsmessage.Header{RecursionDesired: !ask.NoRecursion, AuthenticData: ask.DNSSEC},
		Questions:   []dnsmessage.Question{{Name: name, Type: kind, Class: dnsmessage.ClassINET}},
		Additionals: []dnsmessage.Resource{{Header: room, Body: &dnsmessage.OPTResource{}}},
	}
	message, err := m.Pack()
	if err != nil {
		return nil, fmt.Errorf("the name %q: %w", ask.Name, err)
	}
	const wireRoot, typeAndClass = 1, 4
	size := typeAndClass + wireRoot
	// The bytes of the question are known beforehand, so an answer is compared with them
	// and not parsed.
	if name.Length > 1 { // each label has its length in place of the dot after it
		size += int(name.Length)
	}
	return &query{message: message, question: message[headerSize : headerSize+size], kind: kind}, nil
}

// framed returns a copy of the message with its length in front.
func (q *query) framed() []byte {
	return slices.Concat(binary.BigEndian.AppendUint16(nil, uint16(len(q.message))), q.message)
}

// recognise returns nil for an answer to the question with this id. Both have to fit:
// whoever forges an answer to a datagram must guess the id (RFC 5452, section 9.1).
func (q *query) recognise(message []byte, id uint16) error {
	const responseBit = 0x80
	switch {
	case len(message) < headerSize:
		return errNoMessage
	case message[2]&responseBit == 0:
		return errNoAnswer
	case binary.BigEndian.Uint16(message) != id:
		return errOtherID
	case !q.isRepeated(message):
		return errOtherQuestion
	}
	return nil
}

// isRepeated reports whether an answer repeats the question. Servers that could not read
// the question, and some that refuse it, answer with only the header. Such an answer counts
// only with an error in it: without the question, anything could be meant by a success.
func (q *query) isRepeated(message []byte) bool {
	const codeBits = 0x0f
	switch questions := binary.BigEndian.Uint16(message[4:]); {
	case questions == 0:
		return message[3]&codeBits != 0 || hasExtendedCode(message)
	case questions != 1 || len(message) < headerSize+len(q.question):
		return false
	}
	for i, b := range q.question {
		if lower(message[headerSize+i]) != lower(b) {
			return false
		}
	}
	return true
}

// hasExtendedCode reports whether an answer has an error whose four bits in the header are 0,
// such as BADVERS. The other bits are in the OPT record.
func hasExtendedCode(message []byte) bool {
	var p dnsmessage.Parser
	if _, err := p.Start(message); err != nil || p.SkipAllQuestions() != nil || p.SkipAllAnswers() != nil || p.SkipAllAuthorities() != nil {
		return false
	}
	var s scratch
	return readExtension(&p, &s) == nil && s.rcode != option.RcodeSuccess
}

// lower leaves the lengths of labels unchanged: their values are below the letters. Servers
// may change the case of names.
func lower(b byte) byte {
	if 'A' <= b && b <= 'Z' {
		return b + ('a' - 'A')
	}
	return b
}

// isCut reports whether the answer did not fit (the bit TC).
func isCut(message []byte) bool {
	const cutBit = 0x02
	return message[2]&cutBit != 0
}
