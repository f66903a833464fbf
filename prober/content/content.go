package content

import (
	"errors"
	"strings"

	"example.com/prober/errcode"
	"example.com/prober/prober/message"
	"example.com/prober/prober/probe"
)

// maxKeptBytes bounds the bytes kept of the body of one response, as it came and decoded.
// The bodies of many requests may be kept at the same time.
const maxKeptBytes = 8 << 20

// Why a body is not accepted.
var (
	ErrBodyLimit = errcode.New(errcode.BodyLimit, "response body above the limit")
	ErrInflated  = errcode.New(errcode.InflatedLimit, "the body decompresses to more than 8 MiB or more than 100 times its size")

	errTooLong = errors.New("a body above 8 MiB cannot be checked, so none may be accepted")
)

// Plan says what to keep of the responses to a target's requests, and what to do with it. It
// is nil if nothing is kept.
type Plan struct {
	// fields are the names of the header fields to keep, in lower case.
	fields []string
	// check judges a decoded body; nil if nobody asks for it. An encoded body is decoded in
	// any case, to find out whether it can be.
	check func(body []byte) error
	// accepted gets each body without an objection of check; nil if nobody asks for it.
	accepted func(r *probe.Result, body []byte)
	// room is the longest body to keep, in bytes. It bounds the space for it.
	room int
	// follows reports whether redirects are followed; their bodies are of no interest.
	follows  bool
	Decoders *Decoders
}

// Options says what is of interest in responses.
type Options struct {
	// Fields are the names of the header fields to keep.
	Fields []string
	// Check judges the decoded body of each response; nil means that bodies are not looked
	// at. The body is valid during the call only.
	Check func(body []byte) error
	// Accepted gets the decoded body of each response without an objection of Check; nil
	// means that nobody asks for it. The body is valid during the call only.
	Accepted func(r *probe.Result, body []byte)
	// Decode has encoded bodies decoded in any case, to find out whether they can be.
	Decode bool
	// Follows reports whether redirects are followed; their bodies are of no interest.
	Follows bool
	// MaxBody is the longest body to accept, in bytes. It is 8 MiB at most if there is a
	// Check, or Accepted.
	MaxBody int64
	// Decoders are shared by plans that share a bound on memory; nil gives the plan its own.
	Decoders *Decoders
}

// NewPlan returns nil if there is nothing to keep.
func NewPlan(o Options) (*Plan, error) {
	p := &Plan{check: o.Check, accepted: o.Accepted, follows: o.Follows, room: maxKeptBytes}
	if o.MaxBody > 0 {
		p.room = int(min(o.MaxBody, maxKeptBytes))
	}
	for _, name := range o.Fields {
		p.fields = append(p.fields, strings.ToLower(name))
	}
	if p.wantsBody() || o.Decode {
		p.fields = append(p.fields, contentEncoding)
		if p.Decoders = o.Decoders; p.Decoders == nil {
			p.Decoders = NewDecoders(0)
		}
	}
	if p.wantsBody() && o.MaxBody > maxKeptBytes {
		return nil, errTooLong
	}
	if len(p.fields) == 0 {
		return nil, nil
	}
	return p, nil
}

// wantsBody reports whether somebody looks at bodies.
func (p *Plan) wantsBody() bool { return p.check != nil || p.accepted != nil }

// judge returns the function that looks at the body of the response to r, nil if nobody
// does.
func (p *Plan) judge(r *probe.Result) func(body []byte) error {
	if p.accepted == nil {
		return p.check
	}
	return func(body []byte) error {
		if p.check != nil {
			if err := p.check(body); err != nil {
				return err
			}
		}
		p.accepted(r, body)
		return nil
	}
}

// Kept holds the kept parts of the response under way. Its space is used again for every
// request of a worker. It belongs to the worker. From the opening of an HTTP/2 stream until
// its end it belongs to the connection.
type Kept struct {
	plan   *Plan
	Fields message.FieldSet
	Body   []byte
	own    []byte // the space of a short body
	lent   bool   // the body is in the space shared by all requests
	wanted bool   // the body is kept
}

// Wanted returns the names of the header fields to keep, in lower case.
func (p *Plan) Wanted() []string {
	if p == nil {
		return nil
	}
	return p.fields
}

// Keep returns a Kept for the response to one request under p: k with its space from before,
// or a new one if k is nil. It is nil if p is.
func (p *Plan) Keep(k *Kept) *Kept {
	switch {
	case p == nil:
		return nil
	case k == nil:
		k = new(Kept)
	}
	k.Reset()
	k.plan = p
	return k
}

// Field keeps a field of the final header if it is wanted. k may be nil.
func (k *Kept) Field(name, value []byte) {
	if k != nil {
		k.Fields.Add(k.plan.fields, name, value)
	}
}

// Reset drops everything kept.
func (k *Kept) Reset() {
	k.Fields.Reset()
	k.forget()
}

// forget drops the body.
func (k *Kept) forget() {
	if k.lent {
		k.plan.Decoders.space.giveBack(k.Body)
	}
	k.Body, k.lent, k.wanted = k.own[:0], false, false
}

// CopyFields keeps from, the wanted fields of the final header. k may be nil.
func (k *Kept) CopyFields(from *message.FieldSet) {
	if k != nil {
		k.Fields.CopyFrom(from)
	}
}

// Begin prepares k for a body. The fields of k are those of the final header. The body of a
// redirect does not matter if the redirect is followed. A body without a coding matters only
// if it is to be checked. k may be nil.
func (k *Kept) Begin(status int) {
	if k == nil {
		return
	}
	p := k.plan
	k.wanted = p.Decoders != nil && !(p.follows && message.IsRedirect(status)) &&
		(p.wantsBody() || k.Fields.Has(contentEncoding))
}

// Wants reports whether the body is to be kept. k may be nil.
func (k *Kept) Wants() bool { return k != nil && k.wanted }

// Take keeps p, a part of the body, if it is wanted. k may be nil.
func (k *Kept) Take(p []byte) error {
	if k == nil || !k.wanted {
		return nil
	}
	if len(k.Body)+len(p) > maxKeptBytes {
		return ErrInflated // no useful coding makes a body longer
	}
	if need := len(k.Body) + len(p); need > cap(k.Body) {
		if err := k.grow(need); err != nil {
			return err
		}
	}
	k.Body = append(k.Body, p...)
	return nil
}

// grow makes room for need bytes. It doubles the room, so few bytes are copied.
func (k *Kept) grow(need int) error {
	if size := max(need, min(2*cap(k.Body), k.plan.room)); size <= ownRoom {
		k.Body = append(make([]byte, 0, size), k.Body...)
		k.own = k.Body
		return nil
	}
	body, ok := k.plan.Decoders.space.lend(need, k.plan.room)
	if !ok {
		return ErrNoSpace
	}
	body = append(body, k.Body...)
	if k.lent {
		k.plan.Decoders.space.giveBack(k.Body)
	}
	k.Body, k.lent = body, true
	return nil
}

// Settle treats the body of the response to r as the plan says. The exchange has ended then,
// and its time has been taken. The body is gone afterwards. k may be nil.
func (k *Kept) Settle(r *probe.Result) {
	if k == nil {
		return
	}
	defer k.forget()
	p := k.plan
	if p.Decoders == nil || r.Err != nil {
		return
	}
	var room [maxCodings]coding
	codings, err := k.codings(room[:0])
	judge := p.judge(r)
	switch {
	case len(k.Body) == 0, err == nil && len(codings) == 0:
		if judge != nil {
			r.HTTP.BodyErr = judge(k.Body)
			r.Conceal(r.HTTP.BodyErr)
		}
		return
	case err == nil:
		r.HTTP.BodyErr, err = p.Decoders.decode(k.Body, codings, judge)
		r.Conceal(r.HTTP.BodyErr)
	case judge == nil:
		return // nobody needs the body
	}
	if err != nil {
		r.Reject(err)
	}
}

// AnyField reports whether the final response has a header field of the given name with a
// matching value. The name must be one of those to keep. The value is valid during the call
// only. k may be nil.
func (k *Kept) AnyField(name string, match func(value []byte) bool) bool {
	if k == nil {
		return false
	}
	for _, f := range k.Fields.Fields {
		if strings.EqualFold(f.Name, name) && match(k.Fields.Value(f)) {
			return true
		}
	}
	return false
}
