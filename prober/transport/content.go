package transport

import (
	"errors"
	"strings"

	"example.com/prober/errcode"
	"example.com/prober/prober/probe"
)

// maxKeptBytes bounds what is kept of the body of one response, as it came and
// decoded. The bodies of many requests may be kept at the same time.
const maxKeptBytes = 8 << 20

var (
	errInflated  = errcode.New(errcode.InflatedLimit, "the body decompresses beyond 8 MiB or a hundredfold")
	errBodyLimit = errcode.New(errcode.BodyLimit, "response body above the limit")
	errTooLong   = errors.New("a body above 8 MiB cannot be checked, so none may be accepted")
)

// contentPlan says what is kept of the responses to a target's requests, and
// what is done with it. It is nil where nothing is.
type contentPlan struct {
	// fields are the names of the header fields to keep, in lower case.
	fields []string
	// check judges a decoded body; nil if nobody asks for one. An encoded body is
	// decoded in any case, to find out whether that can be done.
	check func(body []byte) error
	// room is how long a body that is kept can be, which bounds the space for it.
	room int
	// follows tells that redirects are followed; their bodies are of no interest.
	follows  bool
	decoders *Decoders
}

// contentOptions says what is of interest in responses.
type contentOptions struct {
	// Fields are the names of the header fields to keep.
	Fields []string
	// Check judges the body of each response, decoded; nil means that bodies are not
	// looked at. The body is valid during the call only.
	Check func(body []byte) error
	// Decode has encoded bodies decoded all the same, to find out whether they can be.
	Decode bool
	// Follows tells that redirects are followed; their bodies are of no interest.
	Follows bool
	// MaxBody is the longest body that is accepted, in bytes. It is 8 MiB at most where
	// there is a Check.
	MaxBody int64
	// Decoders are shared by plans that share a bound on memory; nil means some of its own.
	Decoders *Decoders
}

// newContentPlan returns nil where nothing is to be kept.
func newContentPlan(o contentOptions) (*contentPlan, error) {
	p := &contentPlan{check: o.Check, follows: o.Follows, room: maxKeptBytes}
	if o.MaxBody > 0 {
		p.room = int(min(o.MaxBody, maxKeptBytes))
	}
	for _, name := range o.Fields {
		p.fields = append(p.fields, strings.ToLower(name))
	}
	if p.check != nil || o.Decode {
		p.fields = append(p.fields, contentEncoding)
		if p.decoders = o.Decoders; p.decoders == nil {
			p.decoders = NewDecoders(0)
		}
	}
	if p.check != nil && o.MaxBody > maxKeptBytes {
		return nil, errTooLong
	}
	if len(p.fields) == 0 {
		return nil, nil
	}
	return p, nil
}

// kept is what is kept of the response under way. Its space is used again for
// every request of a worker. It belongs to the worker, and from the opening of an
// HTTP/2 stream until its end to the connection.
type kept struct {
	plan   *contentPlan
	fields fieldSet
	body   []byte
	own    []byte // the space of a body that is short
	lent   bool   // the space of the body is that of all requests
	wanted bool   // the body is kept
}

// wanted returns the names of the header fields to keep, in lower case.
func (p *contentPlan) wanted() []string {
	if p == nil {
		return nil
	}
	return p.fields
}

// keep returns what keeps the response to one request as p wants it: k, which kept one
// before, or something new. It is nil if p is.
func (p *contentPlan) keep(k *kept) *kept {
	switch {
	case p == nil:
		return nil
	case k == nil:
		k = new(kept)
	}
	k.reset()
	k.plan = p
	return k
}

// field keeps a field of the final header if it is wanted. k may be nil.
func (k *kept) field(name, value []byte) {
	if k != nil {
		k.fields.add(k.plan.fields, name, value)
	}
}

func (k *kept) reset() {
	k.fields.reset()
	k.forget()
}

// forget drops the body.
func (k *kept) forget() {
	if k.lent {
		k.plan.decoders.space.giveBack(k.body)
	}
	k.body, k.lent, k.wanted = k.own[:0], false, false
}

// copyFields keeps the fields of the final header, which are those that are wanted. k may
// be nil.
func (k *kept) copyFields(from *fieldSet) {
	if k != nil {
		k.fields.copyFrom(from)
	}
}

// begin prepares k, whose fields are those of the final header, for a body. That
// of a redirect which is followed does not matter, and one without a coding only
// if it is to be checked. k may be nil.
func (k *kept) begin(status int) {
	if k == nil {
		return
	}
	p := k.plan
	k.wanted = p.decoders != nil && !(p.follows && isRedirect(status)) &&
		(p.check != nil || k.fields.has(contentEncoding))
}

// take keeps p, a part of the body, if it is wanted. k may be nil.
func (k *kept) take(p []byte) error {
	if k == nil || !k.wanted {
		return nil
	}
	if len(k.body)+len(p) > maxKeptBytes {
		return errInflated // no coding that is of use makes a body longer
	}
	if need := len(k.body) + len(p); need > cap(k.body) {
		if err := k.grow(need); err != nil {
			return err
		}
	}
	k.body = append(k.body, p...)
	return nil
}

// grow makes room for need bytes. It doubles it, so that few bytes are copied.
func (k *kept) grow(need int) error {
	if size := max(need, min(2*cap(k.body), k.plan.room)); size <= ownRoom {
		k.body = append(make([]byte, 0, size), k.body...)
		k.own = k.body
		return nil
	}
	body, ok := k.plan.decoders.space.lend(need, k.plan.room)
	if !ok {
		return errNoSpace
	}
	body = append(body, k.body...)
	if k.lent {
		k.plan.decoders.space.giveBack(k.body)
	}
	k.body, k.lent = body, true
	return nil
}

// settle does with the body of the response to r what the plan says, when the exchange
// has ended and its time has been taken. The body is gone afterwards. k may be nil.
func (k *kept) settle(r *probe.Result) {
	if k == nil {
		return
	}
	defer k.forget()
	p := k.plan
	if p.decoders == nil || r.Err != nil {
		return
	}
	var room [maxCodings]coding
	codings, err := k.codings(room[:0])
	switch {
	case len(k.body) == 0, err == nil && len(codings) == 0:
		if p.check != nil {
			r.HTTP.BodyErr = p.check(k.body)
			r.Conceal(r.HTTP.BodyErr)
		}
		return
	case err == nil:
		r.HTTP.BodyErr, err = p.decoders.decode(k.body, codings, p.check)
		r.Conceal(r.HTTP.BodyErr)
	case p.check == nil:
		return // nobody needs the body
	}
	if err != nil {
		r.Reject(err)
	}
}

// anyField reports whether the final response has a header field of the given name,
// one of those to keep, with a value that matches. The value is valid during the
// call only. k may be nil.
func (k *kept) anyField(name string, match func(value []byte) bool) bool {
	if k == nil {
		return false
	}
	for _, f := range k.fields.fields {
		if strings.EqualFold(f.name, name) && match(k.fields.value(f)) {
			return true
		}
	}
	return false
}
