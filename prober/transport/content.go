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
	errInflated = errcode.New(errcode.InflatedLimit, "the body decompresses beyond 8 MiB or a hundredfold")
	errTooLong  = errors.New("a body above 8 MiB cannot be checked, so none may be accepted")
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

func newContentPlan(cfg *Config) (*contentPlan, error) {
	p := &contentPlan{check: cfg.CheckBody, follows: cfg.FollowRedirects > 0, room: maxKeptBytes}
	if cfg.MaxBodyBytes > 0 {
		p.room = int(min(cfg.MaxBodyBytes, maxKeptBytes))
	}
	for _, name := range cfg.KeepHeader {
		p.fields = append(p.fields, strings.ToLower(name))
	}
	if p.check != nil || len(cfg.Compression) > 0 {
		p.fields = append(p.fields, contentEncoding)
		if p.decoders = cfg.Decoders; p.decoders == nil {
			p.decoders = NewDecoders(0)
		}
	}
	if p.follows {
		p.fields = append(p.fields, location, setCookie)
	}
	if p.check != nil && cfg.MaxBodyBytes > maxKeptBytes {
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

// keep makes the request keep what p wants of its response.
func (s *scratch) keep(p *contentPlan) {
	switch {
	case p == nil:
		s.kept = nil
		return
	case s.kept == nil:
		s.kept = new(kept)
	}
	s.kept.reset()
	s.kept.plan = p
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

// begin prepares k, whose fields are those of the final header, for a body. That
// of a redirect which is followed does not matter, and one without a coding only
// if it is to be checked.
func (k *kept) begin(status int) {
	p := k.plan
	k.wanted = p.decoders != nil && !(p.follows && isRedirect(status)) &&
		(p.check != nil || k.fields.has(contentEncoding))
}

// take keeps p, a part of the body, if it is wanted.
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

// settle does with the body of r what the plan says, when the exchange has ended
// and its time has been taken. The body is gone afterwards.
func (p *contentPlan) settle(r *probe.Result) {
	k := scratchOf(r).kept
	defer k.forget()
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

// AnyField reports whether the final response has a header field of the given name,
// one of those to keep, with a value that matches. The value is valid during the
// call only.
func AnyField(r *probe.Result, name string, match func(value []byte) bool) bool {
	k := scratchOf(r).kept
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

// fieldSet is a selection of header fields.
type fieldSet struct {
	text   []byte
	fields []keptField
}

// keptField is one field line: its name in lower case, and where in the text its
// value stands.
type keptField struct {
	name       string
	start, end int
}

func (s *fieldSet) reset() { s.text, s.fields = s.text[:0], s.fields[:0] }

// add keeps a field if its name is wanted. A header has at most 64 KiB.
func (s *fieldSet) add(wanted []string, name, value []byte) {
	for _, w := range wanted {
		if len(w) == len(name) && equalFold(name, w) {
			start := len(s.text)
			s.text = append(s.text, value...)
			s.fields = append(s.fields, keptField{w, start, len(s.text)})
			return
		}
	}
}

func (s *fieldSet) copyFrom(from *fieldSet) {
	s.text = append(s.text[:0], from.text...)
	s.fields = append(s.fields[:0], from.fields...)
}

func (s *fieldSet) value(f keptField) []byte { return s.text[f.start:f.end] }

func (s *fieldSet) has(name string) bool {
	for _, f := range s.fields {
		if f.name == name {
			return true
		}
	}
	return false
}
