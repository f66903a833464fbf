package numbers

import (
	"sync/atomic"

	"example.com/prober/prober/probe"
)

// Answer is what is kept of the answer to a request that failed, where the target asks for
// that. Its texts are safe to print, and what the request said in confidence is struck out.
type Answer struct {
	// Fields are those of the header and the trailers, in their order: 64 at most, and More
	// says how many were left out. Values are kept of those alone that tell nothing about
	// who asked.
	Fields []AnswerField
	More   int
	// Body has the first bytes of the body, and Size is how many came. Cut means that there are
	// more, Hidden that none may be shown, and Raw that what came is no answer.
	Body             string
	Size             uint64
	Cut, Hidden, Raw bool
}

// AnswerField is a header field. Its value is "" where it is not kept.
type AnswerField struct{ Name, Value string }

// FieldCount returns how many fields came.
func (a *Answer) FieldCount() uint64 { return uint64(len(a.Fields) + a.More) }

// AnswerSpace bounds the memory for what is kept of answers, over all recorders that share it.
type AnswerSpace struct {
	most int64
	used atomic.Int64
}

// NewAnswerSpace returns a space of so many bytes; 0 means no bound.
func NewAnswerSpace(most int) *AnswerSpace { return &AnswerSpace{most: int64(most)} }

// Used returns how many bytes are taken.
func (s *AnswerSpace) Used() int64 { return s.used.Load() }

// take takes so many bytes, and returns false if they are not there.
func (s *AnswerSpace) take(size int64) bool {
	if s.used.Add(size) > s.most && s.most > 0 {
		s.used.Add(-size)
		return false
	}
	return true
}

// KeepAnswers has the answers to requests that failed kept with the failures, in space, where
// the results have any. Without a space none are kept, and those that are there are forgotten.
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

// keep returns what is kept of the answer of res; nil where there was none, it is not asked
// for, or there is no space.
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
