package http2

import (
	"example.com/prober/prober/hpack"
	"example.com/prober/prober/message"
)

// header is what is kept of a response header. Its space is used again for
// every response of a connection.
type header struct {
	status int
	length int64 // Content-Length, or -1
	// pseudo tells that there was a pseudo-header field, regular that there was
	// another.
	pseudo, regular bool
	// fault is the first thing that is wrong with the header, "" if nothing is, and faulty
	// the name of the field that has it, empty where it is none.
	fault     string
	faulty    []byte
	oversized bool
	size      int // of the field section (RFC 9113, section 10.5.1)

	wanted []string // names of the fields to keep
	kept   message.FieldSet
}

// Reset forgets the header before.
func (h *header) Reset() {
	h.kept.Reset()
	*h = header{length: -1, faulty: h.faulty[:0], wanted: h.wanted, kept: h.kept}
}

// IsFull reports whether the header is too long for more fields to matter.
func (h *header) IsFull() bool { return h.oversized }

// Add takes in one field (RFC 9113, sections 8.2 and 8.3); sound is what isSound says
// of it.
func (h *header) Add(name, value []byte, sound bool) {
	if h.size += len(name) + len(value) + hpack.EntryOverhead; h.size > message.MaxHeaderBytes {
		h.oversized = true
		return
	}
	var fault string
	if sound {
		fault = h.accept(name, value)
	} else {
		fault = unsoundness(name)
	}
	if fault != "" && h.fault == "" {
		h.fault, h.faulty = fault, append(h.faulty, name...)
	}
	h.kept.Add(h.wanted, name, value)
}

// accept takes in a field and returns what is wrong with it, "" if nothing is.
func (h *header) accept(name, value []byte) (fault string) {
	if isPseudo(name) {
		return h.acceptPseudo(name, value)
	}
	h.regular = true
	if string(name) != "content-length" {
		return ""
	}
	n, ok := message.ParseLength(value)
	switch {
	case !ok:
		return "a length that is no number"
	case h.length >= 0 && h.length != n:
		return "two lengths"
	}
	h.length = n
	return ""
}

// acceptPseudo knows the one pseudo-header field of responses, which comes once
// and before all other fields (RFC 9113, section 8.3.2).
func (h *header) acceptPseudo(name, value []byte) (fault string) {
	const noStatus = "a status that is not of three digits from 100 on"
	h.pseudo = true
	switch {
	case string(name) != ":status":
		return "a pseudo-header field that no response has"
	case h.status != 0:
		return "two statuses"
	case h.regular:
		return "a status after other fields"
	case len(value) != 3:
		return noStatus
	}
	for _, d := range value {
		if !message.IsDigit(d) {
			return noStatus
		}
		h.status = h.status*10 + int(d-'0')
	}
	if h.status < 100 {
		return noStatus
	}
	return ""
}

// soundness marks the fields for which isSound holds.
var soundness = hpack.NewMarks(isSound)

// isSound tells whether a field is well-formed, whatever comes before and after it.
// Only header knows what to make of a pseudo-header field.
func isSound(name, value []byte) bool {
	if isPseudo(name) {
		return true
	}
	if n := len(value); n > 0 && (message.IsBlank(value[0]) || message.IsBlank(value[n-1])) {
		return false
	}
	return isFieldName(name) && message.IsFieldValue(value) && !isConnectionField(name)
}

// unsoundness returns why isSound does not hold for a field of that name.
func unsoundness(name []byte) (fault string) {
	switch {
	case !isFieldName(name):
		return "a field name that is not of small letters"
	case isConnectionField(name):
		return "a field that HTTP/2 has no use for"
	default:
		return "a value with a control character, or with blanks at its ends"
	}
}

func isPseudo(name []byte) bool { return len(name) > 0 && name[0] == ':' }

// isFieldName tells whether name is a token without capitals (RFC 9113, section
// 8.2.1).
func isFieldName(name []byte) bool {
	for _, c := range name {
		if !message.IsTokenByte(c) || 'A' <= c && c <= 'Z' {
			return false
		}
	}
	return len(name) > 0
}

// isConnectionField tells whether a field is about an HTTP/1 connection, and so
// has no place in HTTP/2 (RFC 9113, section 8.2.2).
func isConnectionField(name []byte) bool {
	switch string(name) {
	case "connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade":
		return true
	}
	return false
}
