package dns

import (
	"errors"

	"golang.org/x/net/dns/dnsmessage"

	"example.com/prober/errcode"
	"example.com/prober/option"
)

// Failures of an answer whose records cannot be used.
var (
	errBroken     = errcode.New(errcode.DNSMalformed, "the records of the answer cannot be read")
	errOtherClass = errcode.New(errcode.DNSMalformed, "a record of the answer has another class than the question")
)

// readAnswer parses a recognised answer into s.
func (e *Engine) readAnswer(message []byte, s *scratch) error {
	var p dnsmessage.Parser
	h, err := p.Start(message)
	if err != nil || p.SkipAllQuestions() != nil {
		return errBroken
	}
	s.rcode, s.dns.Authentic = option.Rcode(h.RCode), h.AuthenticData
	if err := e.readRecords(&p, s); err != nil {
		return err
	}
	if p.SkipAllAuthorities() != nil {
		return errBroken
	}
	if err := readExtension(&p, s); err != nil {
		return err
	}
	s.dns.Answered = true
	return nil
}

// readRecords counts the records of the type in the question. Aliases on the way to them, and
// signatures, have other types.
func (e *Engine) readRecords(p *dnsmessage.Parser, s *scratch) error {
	for {
		h, err := p.AnswerHeader()
		switch {
		case errors.Is(err, dnsmessage.ErrSectionDone):
			return nil
		case err != nil || h.Type != e.query.kind:
			// The parser rejects names with a dot within a label, although they are valid.
			if p.SkipAnswer() != nil {
				return errBroken
			}
			continue
		case !isWhole(&h):
			return errBroken
		case h.Class != dnsmessage.ClassINET:
			return errOtherClass
		}
		// Resolvers forget a set of records with the first of its TTLs.
		if ttl := timeToLive(h.TTL); s.dns.Answers == 0 || ttl < s.dns.TTL {
			s.dns.TTL = ttl
		}
		s.dns.Answers++
		if err := e.matchRecord(p, &h, s); err != nil {
			return errBroken
		}
	}
}

// matchRecord looks for the expected pattern in the record after header h. After the first
// match, records are only counted: nobody needs their text.
func (e *Engine) matchRecord(p *dnsmessage.Parser, h *dnsmessage.ResourceHeader, s *scratch) error {
	if e.expect.pattern == nil || s.matched {
		return p.SkipAnswer()
	}
	var err error
	if s.text, err = appendRecord(s.text[:0], p, h); err != nil {
		return err
	}
	s.matched = e.expect.pattern.Match(s.text)
	return nil
}

// isWhole reports whether a record has the fixed length of its type, if the type has one.
// The parser takes the bytes of an address from wherever the record begins, so another
// length would be read without an error.
func isWhole(h *dnsmessage.ResourceHeader) bool {
	switch h.Type {
	case dnsmessage.TypeA:
		return h.Length == 4
	case dnsmessage.TypeAAAA:
		return h.Length == 16
	}
	return true
}

// timeToLive returns a time in seconds. A TTL with the highest bit set counts as 0 (RFC 2181,
// section 8).
func timeToLive(ttl uint32) uint32 {
	if ttl > 1<<31-1 {
		return 0
	}
	return ttl
}

// readExtension completes the code of the answer with the bits in the OPT record (RFC 6891,
// section 6.1.3). Without these, BADVERS would look like a success: its four bits in the
// header are 0.
func readExtension(p *dnsmessage.Parser, s *scratch) error {
	for {
		h, err := p.AdditionalHeader()
		switch {
		case errors.Is(err, dnsmessage.ErrSectionDone):
			return nil
		case err == nil && h.Type == dnsmessage.TypeOPT:
			s.rcode = option.Rcode(h.ExtendedRCode(dnsmessage.RCode(s.rcode)))
		}
		if p.SkipAdditional() != nil {
			return errBroken
		}
	}
}
