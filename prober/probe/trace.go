package probe

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
)

const (
	// maxSteps is how many steps a trace has at most, and maxStep how many bytes the text of one.
	maxSteps = 5000
	maxStep  = 1 << 10
)

// Trace takes down what becomes of one request, or of the steps of one journey, for a person to
// read. A Result without a trace has nil, and whoever has something to say looks for that first:
// a request that is not traced costs one comparison at each of these places. It is safe for
// concurrent use.
type Trace struct {
	mu    sync.Mutex
	most  int // bytes of each body
	steps []Step
	left  int // steps that there was no room for
	// content is the index of the step that takes the body under way, -1 without one.
	content int
	private Private
	// mute and fields are those of Private for the answer under way.
	mute         bool
	fields, made []string
	// strict means that a peer has chosen what is asked for, which may repeat anything.
	strict bool
}

// StepKind says what a step of a trace is.
type StepKind uint8

// The kinds of steps: what the program did or found out, a line that it sent, a line that came,
// and the beginning of a body that came.
const (
	StepNote StepKind = iota
	StepSent
	StepReceived
	StepBody
)

// Mark returns the sign of the kind at the start of a line: that of curl -v where it has one.
func (k StepKind) Mark() string { return [...]string{"*", ">", "<", "|"}[k] }

// Step is one thing that happened to a request. Its text may have been sent by a peer: whoever
// shows it quotes it.
type Step struct {
	At   Instant
	Kind StepKind
	Text string
	// What a step of the kind StepBody has: "a body", or something else that came.
	What string
	// Total is how many bytes of the body came, of which Text has the first: not all if it is
	// cut, and none if they are hidden because they may not be shown.
	Total       int64
	Cut, Hidden bool
	strict      bool
	body        []byte
}

// NewTrace returns a trace that has so many bytes of each body.
func NewTrace(body int) *Trace { return &Trace{most: body, content: -1} }

// traceKey is under what a context has a trace.
type traceKey struct{}

// WithTrace returns ctx with t in it, for code that no Result reaches.
func WithTrace(ctx context.Context, t *Trace) context.Context {
	return context.WithValue(ctx, traceKey{}, t)
}

// TraceOf returns the trace in ctx, nil if there is none.
func TraceOf(ctx context.Context) *Trace {
	t, _ := ctx.Value(traceKey{}).(*Trace)
	return t
}

// Notef takes down what the program did or found out. t may be nil.
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

// cutText returns the first bytes of a text, and says how long it was if that is not all.
func cutText(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return fmt.Sprintf("%s... (%d bytes in all)", text[:most], len(text))
}

// Learn takes in what r is about to say in confidence.
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

// SendLine takes down the first line of a request.
func (t *Trace) SendLine(line string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.content = -1
	t.add(Step{Kind: StepSent, Text: t.private.line(line)})
}

// SendField takes down a header field that is sent.
func (t *Trace) SendField(name, value string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.add(Step{Kind: StepSent, Text: name + ": " + t.private.sent(name, value, t.made)})
}

// SendBody takes down that a body of so many bytes is sent. It is not shown.
func (t *Trace) SendBody(size int64) {
	if size == 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.add(Step{Kind: StepSent, Text: fmt.Sprintf("[a body of %d bytes, not shown]", size)})
}

// Receive takes down a line that came.
func (t *Trace) Receive(line string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.add(Step{Kind: StepReceived, Text: line})
}

// ReceiveField takes down a header field that came.
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

// ReceiveBody takes down a part of the body that comes. The first part is the beginning.
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

// ReceiveRaw takes down what came and is no answer.
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

// fill adds a part to the body under way; mu is held.
func (t *Trace) fill(part []byte) {
	s := &t.steps[t.content]
	s.Total += int64(len(part))
	// The bytes behind the end tell whether a secret goes on there.
	if room := t.most + leastPrivate - len(s.body); room > 0 {
		s.body = append(s.body, part[:min(room, len(part))]...)
	}
}

// EndBody takes down that the next part is the beginning of another body.
func (t *Trace) EndBody() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.content = -1
}

// Steps returns what happened, with what is secret struck out, and how many steps there was no
// room for.
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

// Strike returns a text with what is secret struck out.
func (t *Trace) Strike(text string) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	_, all := t.private.lists()
	return strike(text, all)
}

// Follow takes down that a peer has the request sent elsewhere. What it says of that from now on
// may repeat anything that was said.
func (t *Trace) Follow(format string, args ...any) {
	t.mu.Lock()
	t.strict = true
	t.mu.Unlock()
	t.Notef(format, args...)
}

// End takes down that the request has ended, and returns how many steps there are.
func (t *Trace) End() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.strict, t.content = false, -1
	return len(t.steps)
}
