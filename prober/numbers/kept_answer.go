package numbers

import (
	"sync/atomic"

	"example.com/prober/prober/probe"
)

// Answer is the kept part of the answer to a failed request, if the target asks for it. Its
// texts are safe to print. Secrets of the request are struck out of it.
type Answer struct {
	// Fields are the fields of the header and the trailers, in their order: 64 at most. More is
	// how many were left out. A value is kept only if it says nothing about the requester.
	Fields []AnswerField
	More   int
	// Body has the first bytes of the body, and Size is how many came. Cut means that there are
	// more bytes. Hidden means that none may be shown. Raw means that the bytes are no valid
	// answer.
	Body             string
	Size             uint64
	Cut, Hidden, Raw bool
}

// AnswerField is a header field. Its value is "" if it is not kept.
type AnswerField struct{ Name, Value string }

// FieldCount returns how many fields came.
func (a *Answer) FieldCount() uint64 { return uint64(len(a.Fields) + a.More) }

// AnswerSpace bounds the memory for kept answers, over all recorders that share it.
type AnswerSpace struct {
	most int64
	used atomic.Int64
}

// NewAnswerSpace returns a space of so many bytes; 0 means no bound.
func NewAnswerSpace(most int) *AnswerSpace { return &AnswerSpace{most: int64(most)} }

// Used returns how many bytes are taken.
func (s *AnswerSpace) Used() int64 { return s.used.Load() }

// take takes so many bytes. It returns false if there is not enough space.
func (s *AnswerSpace) take(size int64) bool {
	// Add first and look afterwards: two that look first could both find the last space
	// free.
	if s.used.Add(size) > s.most && s.most > 0 {
		s.used.Add(-size)
		return false
	}
	return true
}

// KeepAnswers makes the recorder keep the answers in the results of failed requests, in space.
// If space is nil, it keeps none and forgets the kept ones.
func (r *Recorder) KeepAnswers(space *AnswerSpace) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f := &r.history.last
	for i := range f.ring {
		if space == nil {
			f.drop(i)
		}
	}
	f.space = space
}

// drop forgets the answer of a failure.
func (f *failures) drop(i int) {
	if kept := f.ring[i].extra.get().answer; kept != nil {
		f.space.used.Add(-kept.size())
		f.ring[i].extra = extraOf(nil, f.ring[i].extra.get().trace)
	}
}

// keep returns the part of res's answer to keep. It returns nil if there was no answer, the
// target does not ask for it, or there is no space.
func (f *failures) keep(res *probe.Result) *Answer {
	if f.space == nil {
		return nil
	}
	came, ok := res.AnswerCame()
	if !ok {
		return nil
	}
	kept := &Answer{
		More: came.More, Body: VisibleLines(came.Body), Size: uint64(came.Total), Cut: came.Cut, Hidden: came.Hidden, Raw: came.Raw,
	}
	for _, field := range came.Fields {
		kept.Fields = append(kept.Fields, AnswerField{Visible(field.Name), Visible(field.Value)})
	}
	if !f.space.take(kept.size()) {
		return nil
	}
	return kept
}

// size returns about how many bytes a takes.
func (a *Answer) size() int64 {
	const itself, field = 96, 32
	size := itself + len(a.Body)
	for i := range a.Fields {
		size += field + len(a.Fields[i].Name) + len(a.Fields[i].Value)
	}
	return int64(size)
}
