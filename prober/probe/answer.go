package probe

import (
	"strconv"
	"strings"
)

// Bounds of the kept part of an answer besides its body.
const (
	maxAnswerFields = 64
	maxFieldName    = 64  // bytes
	maxFieldValue   = 128 // bytes
)

// Answer records an answer over HTTP or gRPC as it comes: its header, and the first bytes of its
// body. A Result without an Answer has nil. Every request uses its space again: the steady state
// allocates nothing. It belongs to the worker and, during an exchange, to the connection too.
type Answer struct {
	trace *Trace // records everything instead, unless it is nil
	most  int    // bytes of the body

	status int
	text   []byte // of the fields
	fields []answerField
	more   int // fields without room
	body   []byte
	total  int64
	raw    bool
}

// answerField is a field by the ends of its name and its value in the text.
type answerField struct{ start, name, value int }

// NewAnswer returns an answer that keeps at most body bytes of the body.
func NewAnswer(body int) *Answer { return &Answer{most: body} }

// Most returns how many bytes of the body are kept at most.
func (a *Answer) Most() int { return a.most }

// Answer returns an answer that records in t.
func (t *Trace) Answer() *Answer { return &Answer{trace: t} }

// Reset forgets the answer before. a may be nil.
func (a *Answer) Reset() {
	if a == nil || a.trace != nil {
		return
	}
	a.status, a.text, a.fields, a.more = 0, a.text[:0], a.fields[:0], 0
	a.body, a.total, a.raw = a.body[:0], 0, false
}

// Head begins an answer: its version, its status, and its reason phrase. It forgets earlier
// answers, such as informational ones.
func (a *Answer) Head(version Version, status int, reason []byte) {
	if a.trace == nil {
		a.Reset()
		a.status = status
		return
	}
	a.trace.EndBody()
	line := "HTTP/" + version.String() + " " + strconv.Itoa(status)
	if len(reason) > 0 {
		line += " " + string(reason)
	}
	a.trace.Receive(line)
}

// Field records a field of the header or of the trailers.
func (a *Answer) Field(name, value []byte) {
	switch {
	case a.trace != nil:
		a.trace.ReceiveField(string(name), string(value))
		return
	case len(name) > 0 && name[0] == ':':
		return
	case len(a.fields) == maxAnswerFields:
		a.more++
		return
	}
	start := len(a.text)
	a.text = append(a.text, name[:min(len(name), maxFieldName)]...)
	end := len(a.text)
	if isSafeField(name) {
		a.text = append(a.text, value[:min(len(value), maxFieldValue)]...)
	}
	a.fields = append(a.fields, answerField{start, end, len(a.text)})
}

// Take records a part of the body.
func (a *Answer) Take(part []byte) {
	if a.trace != nil {
		a.trace.ReceiveBody(part)
		return
	}
	a.total += int64(len(part))
	// The bytes behind the end show whether a secret goes on there.
	if room := a.most + leastSecret - len(a.body); room > 0 {
		a.body = append(a.body, part[:min(room, len(part))]...)
	}
}

// TakeRaw records received bytes that are no answer.
func (a *Answer) TakeRaw(bytes []byte) {
	if len(bytes) == 0 {
		return
	}
	if a.trace != nil {
		a.trace.ReceiveRaw(bytes)
		return
	}
	a.raw = true
	a.Take(bytes)
}

// safeFields are fields with values to keep: they say nothing about the requester.
var safeFields = [...]string{
	"content-encoding", "content-length", "content-type", "date", "grpc-status", "retry-after", "server",
}

func isSafeField(name []byte) bool {
	for _, safe := range safeFields {
		if len(name) == len(safe) && strings.EqualFold(string(name), safe) {
			return true
		}
	}
	return false
}

// Came is the content of an Answer, without the secrets of the request. Its texts may hold
// anything else that a peer can send.
type Came struct {
	Fields []CameField
	// More is how many fields had no room.
	More int
	// Body has the first bytes of the body; Total is how many bytes came. Cut means that there
	// are more bytes, Hidden that none may be shown, and Raw that the bytes are no answer, but
	// came instead of one.
	Body             string
	Total            int64
	Cut, Hidden, Raw bool
}

// CameField is a header field. Its value is kept only if it says nothing about the requester.
type CameField struct{ Name, Value string }

// AnswerCame returns the content of the Answer of r. It returns false if nothing came or nobody
// records it.
func (r *Result) AnswerCame() (Came, bool) {
	a := r.Answer
	if a == nil || a.trace != nil || a.status == 0 && a.total == 0 {
		return Came{}, false
	}
	var secrets []string
	shown := true
	if r.secrets != nil {
		secrets, shown = r.secrets.Secrets()
	}
	struck := func(text []byte, most int) string {
		return strikeUpTo(string(text), min(len(text), most), secrets, leastSecret)
	}
	came := Came{More: a.more, Total: a.total, Raw: a.raw, Cut: a.total > int64(a.most), Hidden: !shown}
	if shown {
		came.Body = struck(a.body, a.most)
	}
	for _, f := range a.fields {
		field := CameField{Name: struck(a.text[f.start:f.name], maxFieldName)}
		if shown {
			field.Value = struck(a.text[f.name:f.value], maxFieldValue)
		}
		came.Fields = append(came.Fields, field)
	}
	return came, true
}
