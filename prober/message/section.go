package message

// FieldOverhead is what each field of a section counts beyond its name and value (RFC 9113,
// section 10.5.1; RFC 9114, section 4.2.2).
const FieldOverhead = 32

// Section holds the kept parts of a field section of a response over HTTP/2 or HTTP/3: its
// header or its trailers. Its space is used again for every response of a connection.
type Section struct {
	Status int
	Length int64 // Content-Length, or -1
	// Pseudo reports whether there was a pseudo-header field, regular whether there was
	// another.
	Pseudo  bool
	regular bool
	// Fault is the first fault of the section, "" if there is none. Faulty is the name of
	// the field with the fault, empty if no field has it.
	Fault  string
	Faulty []byte
	// Oversized reports whether the section is longer than MaxHeaderBytes.
	Oversized bool
	size      int

	Wanted []string // names of the fields to keep
	Kept   FieldSet
	// All has every field of the section for a reader that wants to show it; otherwise it
	// is nil.
	All *Lines
}

// Reset forgets the section before.
func (h *Section) Reset() {
	h.Kept.Reset()
	h.All.Reset()
	*h = Section{Length: -1, Faulty: h.Faulty[:0], Wanted: h.Wanted, Kept: h.Kept, All: h.All}
}

// IsFull reports whether the section is too long for more fields to matter.
func (h *Section) IsFull() bool { return h.Oversized }

// Add takes in one field (RFC 9113, sections 8.2 and 8.3; RFC 9114, sections 4.2 and 4.3);
// sound is the verdict of IsSound on it.
func (h *Section) Add(name, value []byte, sound bool) {
	if h.size += len(name) + len(value) + FieldOverhead; h.size > MaxHeaderBytes {
		h.Oversized = true
		return
	}
	var fault string
	if sound {
		fault = h.accept(name, value)
	} else {
		fault = unsoundness(name)
	}
	if fault != "" && h.Fault == "" {
		h.Fault, h.Faulty = fault, append(h.Faulty, name...)
	}
	h.Kept.Add(h.Wanted, name, value)
	h.All.Add(name, value)
}

// accept takes in a field and returns its fault, "" if there is none.
func (h *Section) accept(name, value []byte) (fault string) {
	if isPseudo(name) {
		return h.acceptPseudo(name, value)
	}
	h.regular = true
	if string(name) != "content-length" {
		return ""
	}
	n, ok := ParseLength(value)
	switch {
	case !ok:
		return "a length that is not a number"
	case h.Length >= 0 && h.Length != n:
		return "two lengths"
	}
	h.Length = n
	return ""
}

// acceptPseudo knows the one pseudo-header field of responses. It comes once and before all
// other fields (RFC 9113, section 8.3.2).
func (h *Section) acceptPseudo(name, value []byte) (fault string) {
	const noStatus = "a status that is not a number from 100 to 999"
	h.Pseudo = true
	switch {
	case string(name) != ":status":
		return "a pseudo-header field that no response has"
	case h.Status != 0:
		return "two statuses"
	case h.regular:
		return "a status after other fields"
	case len(value) != 3:
		return noStatus
	}
	for _, d := range value {
		if !IsDigit(d) {
			return noStatus
		}
		h.Status = h.Status*10 + int(d-'0')
	}
	if h.Status < 100 {
		return noStatus
	}
	return ""
}

// IsSound reports whether a field of a section is well-formed, whatever comes before and
// after it. Only a Section can judge a pseudo-header field.
func IsSound(name, value []byte) bool {
	if isPseudo(name) {
		return true
	}
	if n := len(value); n > 0 && (IsBlank(value[0]) || IsBlank(value[n-1])) {
		return false
	}
	return isFieldName(name) && IsFieldValue(value) && !IsConnectionField(name)
}

// unsoundness returns why IsSound does not hold for a field of that name.
func unsoundness(name []byte) (fault string) {
	switch {
	case !isFieldName(name):
		return "a field name that is not in lower case"
	case IsConnectionField(name):
		return "a field that only HTTP/1 uses"
	default:
		return "a value with a control character, or with spaces at its ends"
	}
}

func isPseudo(name []byte) bool { return len(name) > 0 && name[0] == ':' }

// isFieldName reports whether name is a token without capitals (RFC 9113, section
// 8.2.1; RFC 9114, section 4.2).
func isFieldName(name []byte) bool {
	for _, c := range name {
		if !IsTokenByte(c) || 'A' <= c && c <= 'Z' {
			return false
		}
	}
	return len(name) > 0
}

// IsConnectionField reports whether a field is about an HTTP/1 connection, and so has no
// place in later versions (RFC 9113, section 8.2.2; RFC 9114, section 4.2).
func IsConnectionField(name []byte) bool {
	switch string(name) {
	case "connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade":
		return true
	}
	return false
}

// IsHTTP1Only reports whether a field of the configuration belongs to HTTP/1 connections,
// or has another form in later versions (RFC 9113, section 8.2.2). name is in lower case.
func IsHTTP1Only(name string) bool {
	switch name {
	case "host", "te", "http2-settings":
		return true
	}
	return IsConnectionField([]byte(name))
}

// IsSecret reports whether no intermediary may put a field into a table for later messages
// (RFC 7541, section 7.1.3; RFC 9204, section 7.1.3). name is in lower case.
func IsSecret(name string) bool {
	switch name {
	case "authorization", "cookie", "proxy-authorization":
		return true
	}
	return false
}
