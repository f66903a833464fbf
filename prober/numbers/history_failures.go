package numbers

import (
	"errors"
	"net/netip"
	"net/url"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
	"unique"

	"example.com/prober/errcode"
	"example.com/prober/prober/probe"
)

// maxText is how many bytes of an error's text are kept.
const maxText = 176

// failures are the last failures of a target: the first of each kind in each burst, and how many were like
// it.
type failures struct {
	ring  []failure
	added int
	space *AnswerSpace // for answers; nil where none is kept
}

// failure is the first of its kind in a burst. Its text has been cleaned.
type failure struct {
	at       int64                 // milliseconds since the Unix epoch
	request  unique.Handle[string] // its name, "" without one, in half the space of a string
	text     string
	remote   netip.AddrPort
	extra    *extra // nil where there is none
	count    uint32 // of its kind in its burst, itself included
	duration float32
	code     errcode.Code
	status   uint16
	phase    errcode.Phase
}

// add keeps a failure instead of the oldest one, and returns where.
func (f *failures) add(name string, res *probe.Result, code errcode.Code, phase errcode.Phase) int8 {
	i := f.added % keptFailures
	f.added++
	if f.ring == nil {
		f.ring = make([]failure, 0, keptKinds)
	}
	if i == len(f.ring) {
		if i == keptKinds {
			f.ring = append(make([]failure, 0, keptFailures), f.ring...)
		}
		f.ring = append(f.ring, failure{})
	}
	status := 0
	if res.HTTP != nil {
		status = res.HTTP.Status
	}
	f.drop(i)
	f.ring[i] = failure{
		at:       time.Now().UnixMilli(),
		request:  unique.Make(name),
		text:     FailureText(res, code),
		remote:   res.Remote,
		extra:    extraOf(f.keep(res), sentTrace(res)),
		count:    1,
		duration: seconds(res.Duration()),
		code:     code,
		status:   uint16(status),
		phase:    phase,
	}
	return int8(i)
}

// extra is what few failures have. It is never written to.
type extra struct {
	answer *Answer       // nil where none is kept
	trace  probe.TraceID // zero without one
}

// extraOf returns nil if there is nothing to keep.
func extraOf(answer *Answer, trace probe.TraceID) *extra {
	if answer == nil && trace == (probe.TraceID{}) {
		return nil
	}
	return &extra{answer, trace}
}

func (e *extra) get() extra {
	if e == nil {
		return extra{}
	}
	return *e
}

// sentTrace returns the trace of a sent request. An unsent request has no trace that can be looked up.
func sentTrace(res *probe.Result) probe.TraceID {
	if res.HTTP == nil || res.Sent == 0 {
		return probe.TraceID{}
	}
	return res.HTTP.TraceID
}

// FailureText returns the text of a request's error, cleaned as [Failure.Text] is. It leaves out the phase,
// because others show it. It is empty if nothing but the status is wrong. It says what is wrong with a body
// only if the code is about the body: the status may have decided the code.
func FailureText(res *probe.Result, code errcode.Code) string {
	err := res.Err
	if failed, ok := errors.AsType[*errcode.PhaseError](err); ok {
		err = failed.Err
	}
	if about, ok := errors.AsType[*url.Error](err); ok {
		err = about.Err // without the URL
	}
	if err == nil {
		err = res.Unmet
	}
	if err == nil && res.HTTP != nil && code == errcode.UnexpectedBody {
		err = res.HTTP.BodyErr
	}
	if err == nil {
		return ""
	}
	return Clean(err.Error())
}

// Clean makes a text of unknown origin fit to be shown anywhere. It keeps the first line, because a panic's
// stack follows. It takes credentials and the query out of a URL, and puts U+FFFD for characters that are
// invisible or change the direction of writing. A text that is too long ends with an ellipsis.
func Clean(text string) string {
	text, _, _ = strings.Cut(text, "\n")
	// A peer may have made the text long. What is cut here would be cut below, unless most
	// of the text is a query.
	text = withoutSecrets(text[:min(len(text), 8*maxText)])
	var b strings.Builder
	for _, r := range text {
		if !unicode.IsPrint(r) || unicode.In(r, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point) {
			r = utf8.RuneError
		}
		if b.Len()+utf8.RuneLen(r) > maxText-len("…") {
			b.WriteRune('…')
			break
		}
		b.WriteRune(r)
	}
	return strings.Clone(b.String()) // without the builder's spare room
}

// withoutSecrets takes credentials and queries out of the URLs in a text. If in doubt, it
// takes out more. A URL in a text of another program may hold anything, and nobody looks at
// the text before it is on a page.
func withoutSecrets(text string) string {
	words := strings.Split(text, " ")
	for i, word := range words {
		scheme, rest, ok := strings.Cut(word, "://")
		if !ok {
			continue
		}
		rest = rest[strings.LastIndexByte(rest, '@')+1:]
		if end := strings.IndexAny(rest, "?#"); end >= 0 {
			rest = rest[:end]
		}
		words[i] = scheme + "://" + rest
	}
	return strings.Join(words, " ")
}
