package probe

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
)

const (
	// maxSteps is the limit of steps of a trace, and maxStep the limit of bytes of a step's text.
	maxSteps = 5000
	maxStep  = 1 << 10
)

// Trace records the course of one request, or of the steps of one journey, for a person to read.
// A Result without a trace has nil. Callers check for nil first, so a request without a trace
// costs one comparison at each call. It is safe for concurrent use.
type Trace struct {
	mu    sync.Mutex
	most  int // bytes of each body
	steps []Step
	left  int // steps without room
	// content is the index of the step with the current body, -1 without one.
	content int
	private Private
	// mute, fields and made are those of Private for the current answer.
	mute         bool
	fields, made []string
	// strict means that a peer has chosen the target of the request; texts about it may repeat
	// anything.
	strict bool
}

// StepKind is the kind of a step of a trace.
type StepKind uint8

// The kinds of steps: an act or a finding of the program, a sent line, a received line, and the
// beginning of a received body.
const (
	StepNote StepKind = iota
	StepSent
	StepReceived
	StepBody
)

// Mark returns the sign of the kind at the start of a line, the same as in curl -v if it has one.
func (k StepKind) Mark() string { return [...]string{"*", ">", "<", "|"}[k] }

// Step is one event of a request. A peer may have sent its text: quote it for display.
type Step struct {
	At   Instant
	Kind StepKind
	Text string
	// What is "a body", or another name of the content of a StepBody.
	What string
	// Total is how many bytes of the body came. Text has the first of them: not all if Cut is
	// set, and none if Hidden is set because they may not be shown.
	Total       int64
	Cut, Hidden bool
	strict      bool
	body        []byte
}

// NewTrace returns a trace that keeps at most body bytes of each body.
func NewTrace(body int) *Trace { return &Trace{most: body, content: -1} }

// traceKey is the key of the trace in a context.
type traceKey struct{}

// WithTrace returns ctx with t in it, for code without access to the Result.
func WithTrace(ctx context.Context, t *Trace) context.Context {
	return context.WithValue(ctx, traceKey{}, t)
}

// TraceOf returns the trace in ctx, nil if there is none.
func TraceOf(ctx context.Context) *Trace {
	t, _ := ctx.Value(traceKey{}).(*Trace)
	return t
}

// Notef records an act or a finding of the program. t may be nil.
func (t *Trace) Notef(format string, args ...any) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.add(Step{Kind: StepNote, Text: fmt.Sprintf(format, args...)})
}

// add adds a step that happens now; mu is held.
func (t *Trace) add(s Step) {
	if len(t.steps) >= maxSteps {
		t.left++
		return
	}
	s.At, s.Text, s.strict = Now(), cutText(s.Text, maxStep), t.strict
	t.steps = append(t.steps, s)
}

// cutText returns the first bytes of a text, with a note about its length if that is not all.
func cutText(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return fmt.Sprintf("%s... (%d bytes in all)", text[:most], len(text))
}

// Learn records the secrets that r is about to send.
func (t *Trace) Learn(r *Result) {
	if r.secrets == nil {
		return
	}
	p := r.secrets.Private()
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, secret := range p.Texts {
		t.private.keep(secret)
	}
	t.private.Said = append(t.private.Said, p.Said...)
	t.mute, t.fields, t.made = p.Mute, p.Fields, p.Made
}

// SendLine records the first line of a request.
func (t *Trace) SendLine(line string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.content = -1
	t.add(Step{Kind: StepSent, Text: t.private.line(line)})
}

// SendField records a sent header field.
func (t *Trace) SendField(name, value string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.add(Step{Kind: StepSent, Text: name + ": " + t.private.sent(name, value, t.made)})
}

// SendBody records a sent body of so many bytes. It does not show the body.
func (t *Trace) SendBody(size int64) {
	if size == 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.add(Step{Kind: StepSent, Text: fmt.Sprintf("[a body of %d bytes, not shown]", size)})
}

// Receive records a received line.
func (t *Trace) Receive(line string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.add(Step{Kind: StepReceived, Text: line})
}

// ReceiveField records a received header field.
func (t *Trace) ReceiveField(name, value string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	shown := t.private.field(name, value)
	if slices.ContainsFunc(t.fields, func(f string) bool { return strings.EqualFold(f, name) }) {
		t.private.keep(value)
		shown = struckOut
	}
	t.add(Step{Kind: StepReceived, Text: name + ": " + shown})
}

// ReceiveBody records a part of a received body. The first part is the beginning.
func (t *Trace) ReceiveBody(part []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.content < 0 {
		if len(t.steps) >= maxSteps {
			return
		}
		t.content = len(t.steps)
		t.add(Step{Kind: StepBody, What: "a body", Hidden: t.mute})
	}
	t.fill(part)
}

// ReceiveRaw records received bytes that are no answer.
func (t *Trace) ReceiveRaw(bytes []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.steps) >= maxSteps {
		t.left++
		return
	}
	t.content = len(t.steps)
	t.add(Step{Kind: StepBody, What: "what is no whole answer", Hidden: t.mute})
	t.fill(bytes)
	t.content = -1
}

// fill adds a part to the current body; mu is held.
func (t *Trace) fill(part []byte) {
	s := &t.steps[t.content]
	s.Total += int64(len(part))
	// The bytes behind the end show whether a secret goes on there.
	if room := t.most + leastPrivate - len(s.body); room > 0 {
		s.body = append(s.body, part[:min(room, len(part))]...)
	}
}

// EndBody records that the next part begins another body.
func (t *Trace) EndBody() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.content = -1
}

// Steps returns the steps without secrets, and how many steps had no room.
func (t *Trace) Steps() (steps []Step, left int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	texts, all := t.private.lists()
	for _, s := range t.steps {
		switch {
		case s.Kind == StepBody && s.Hidden:
		case s.Kind == StepBody:
			s.Text = strikeUpTo(string(s.body), min(len(s.body), t.most), all, leastPrivate)
			s.Cut = s.Total > int64(t.most)
		case s.Kind == StepReceived, s.strict:
			s.Text = strike(s.Text, all)
		default:
			s.Text = strike(s.Text, texts)
		}
		s.body = nil
		steps = append(steps, s)
	}
	return steps, t.left
}

// Strike returns a text without secrets.
func (t *Trace) Strike(text string) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	_, all := t.private.lists()
	return strike(text, all)
}

// Follow records that a peer has the request sent elsewhere. Later texts about it may repeat
// anything from the request.
func (t *Trace) Follow(format string, args ...any) {
	t.mu.Lock()
	t.strict = true
	t.mu.Unlock()
	t.Notef(format, args...)
}

// End records that the request has ended, and returns the number of steps.
func (t *Trace) End() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.strict, t.content = false, -1
	return len(t.steps)
}
