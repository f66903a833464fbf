package wire

import (
	"errors"
	"net"
	"net/netip"
	"strings"

	"golang.org/x/net/dns/dnsmessage"

	"example.com/prober/errcode"
)

// maxDNSPacket is the size of UDP answers to announce and accept, in bytes. It passes
// every path without fragments.
const maxDNSPacket = 1232

// errNotOurs means that a message answers another question, or none.
var errNotOurs = errors.New("not an answer to the question")

// reply is the answer of a DNS message to one question.
type reply struct {
	addrs []netip.Addr
	// err is the reason for having no addresses.
	err error
	// malformed means that err is not what the server says but what is wrong with it.
	malformed bool
	// bare means that the message has no question.
	bare bool
	// truncated means that the rest must be asked for over TCP.
	truncated bool
	// strict means that the server may have refused the question for its OPT record alone
	// (RFC 6891, section 7).
	strict bool
}

// query encodes a question. Unless it is to be plain, it has an OPT record that gives
// room for a larger answer (RFC 6891, section 6.1). It fails if DNS cannot hold the name.
func query(id uint16, q dnsmessage.Question, plain bool) ([]byte, error) {
	m := dnsmessage.Message{
		Header:    dnsmessage.Header{ID: id, RecursionDesired: true},
		Questions: []dnsmessage.Question{q},
	}
	if plain {
		return m.Pack()
	}
	var room dnsmessage.ResourceHeader
	if err := room.SetEDNS0(maxDNSPacket, dnsmessage.RCodeSuccess, false); err != nil {
		return nil, err
	}
	m.Additionals = []dnsmessage.Resource{{Header: room, Body: &dnsmessage.OPTResource{}}}
	return m.Pack()
}

// readReply reads the answer to q. The error is errNotOurs for a message that must be
// ignored, since anybody could have sent it (RFC 5452, section 3).
func readReply(message []byte, id uint16, q dnsmessage.Question) (reply, error) {
	var p dnsmessage.Parser
	h, err := p.Start(message)
	if err != nil || !h.Response || h.ID != id {
		return reply{}, errNotOurs
	}
	asked, err := p.Question()
	if errors.Is(err, dnsmessage.ErrSectionDone) {
		return readBare(&p, h)
	}
	if err != nil || !sameQuestion(asked, q) || p.SkipAllQuestions() != nil {
		return reply{}, errNotOurs
	}
	if h.Truncated {
		return reply{truncated: true, err: errDNSMalformed}, nil
	}
	addrs, err := readAddresses(&p, q.Type)
	if err != nil {
		return reply{malformed: true, err: errDNSMalformed}, nil //nolint:nilerr // the failure is the answer's, not that of reading it
	}
	if err := rcodeError(extendedRCode(&p, h.RCode)); err != nil {
		return reply{err: err, strict: isStrict(h.RCode)}, nil //nolint:nilerr // as above
	}
	if len(addrs) == 0 {
		return reply{err: errNoRecords}, nil
	}
	return reply{addrs: addrs}, nil
}

// readBare reads an answer without a question: servers that could not read the question, and some
// that refuse it, send only the header. It counts only with an error in it. Without the question,
// anything could be meant by a success.
func readBare(p *dnsmessage.Parser, h dnsmessage.Header) (reply, error) {
	code := h.RCode
	if p.SkipAllAnswers() == nil {
		code = extendedRCode(p, code)
	}
	err := rcodeError(code)
	if err == nil {
		return reply{}, errNotOurs
	}
	return reply{err: err, bare: true, strict: isStrict(h.RCode)}, nil
}

// isStrict reports whether code is the answer of a server without OPT records.
func isStrict(code dnsmessage.RCode) bool {
	return code == dnsmessage.RCodeFormatError || code == dnsmessage.RCodeNotImplemented
}

// sameQuestion ignores the case of names: servers may change it.
func sameQuestion(a, b dnsmessage.Question) bool {
	return a.Type == b.Type && a.Class == b.Class && strings.EqualFold(a.Name.String(), b.Name.String())
}

// readAddresses collects the addresses of the answer section. The aliases on the way to
// them need no check: the server was asked to follow them (RFC 1034, section 4.3.1).
func readAddresses(p *dnsmessage.Parser, kind dnsmessage.Type) ([]netip.Addr, error) {
	var addrs []netip.Addr
	for {
		h, err := p.AnswerHeader()
		if errors.Is(err, dnsmessage.ErrSectionDone) {
			return addrs, nil
		}
		if err != nil {
			return nil, err
		}
		switch {
		case h.Type != kind:
			err = p.SkipAnswer()
		case !isSound(&h):
			err = errDNSMalformed
		case kind == dnsmessage.TypeA:
			var a dnsmessage.AResource
			a, err = p.AResource()
			addrs = append(addrs, netip.AddrFrom4(a.A))
		default:
			var a dnsmessage.AAAAResource
			a, err = p.AAAAResource()
			addrs = append(addrs, netip.AddrFrom16(a.AAAA))
		}
		if err != nil {
			return nil, err
		}
	}
}

// isSound reports whether a record can hold an address: the parser looks neither at its class
// nor at its length. It takes the bytes of an address from wherever the record begins, be they
// those of the next record.
func isSound(h *dnsmessage.ResourceHeader) bool {
	size := net.IPv4len
	if h.Type == dnsmessage.TypeAAAA {
		size = net.IPv6len
	}
	return h.Class == dnsmessage.ClassINET && int(h.Length) == size
}

// extendedRCode completes the response code with the bits in the OPT record (RFC 6891,
// section 6.1.3). Nothing else behind the answers is of use, so nothing there makes the
// answer unusable.
func extendedRCode(p *dnsmessage.Parser, code dnsmessage.RCode) dnsmessage.RCode {
	if p.SkipAllAuthorities() != nil {
		return code
	}
	for {
		h, err := p.AdditionalHeader()
		if err != nil {
			return code
		}
		if h.Type == dnsmessage.TypeOPT {
			return h.ExtendedRCode(code)
		}
		if p.SkipAdditional() != nil {
			return code
		}
	}
}

func rcodeError(code dnsmessage.RCode) error {
	switch code {
	case dnsmessage.RCodeSuccess:
		return nil
	case dnsmessage.RCodeNameError:
		return errNoSuchName
	case dnsmessage.RCodeServerFailure:
		return errDNSServfail
	case dnsmessage.RCodeRefused:
		return errDNSRefused
	default:
		return errcode.New(errcode.DNSRcode, "the DNS server answered "+strings.TrimPrefix(code.String(), "RCode"))
	}
}
