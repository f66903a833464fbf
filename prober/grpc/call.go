package grpc

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"example.com/prober/errcode"
	"example.com/prober/prober/content"
	"example.com/prober/prober/hpack"
	"example.com/prober/prober/http2"
	"example.com/prober/prober/message"
	"example.com/prober/prober/probe"
)

// prefixSize is what stands before each message: a flag, which is 1 if the message is
// compressed, and the length.
const prefixSize = 5

// call is what all calls of a target say, encoded once.
type call struct {
	request       http2.Request
	content       message.Content
	varying       message.Varying
	authorization func() (string, error)
	secrets       []string // in lower case
	// closed means that what is sent is too long for excerpts to be held against it.
	closed bool
}

func newCall(cfg *Config) call {
	framed := make([]byte, prefixSize, prefixSize+len(cfg.Message))
	binary.BigEndian.PutUint32(framed[1:], uint32(len(cfg.Message)))
	c := call{
		content:       message.NewContent(append(framed, cfg.Message...), 0),
		varying:       message.Varying{Authorization: cfg.Authorization != nil, Traceparent: cfg.Traceparent},
		authorization: cfg.Authorization,
		secrets:       secretsOf(cfg),
		closed:        len(cfg.Message) > maxSecretMessage,
	}
	c.request = http2.Encode(requestOf(cfg), c.content)
	return c
}

func requestOf(cfg *Config) message.Request {
	q := message.Request{Method: "POST", Scheme: "http", Authority: cfg.Authority, Target: path(cfg.Service, cfg.Method)}
	if cfg.Plan.URL.Scheme == "grpcs" {
		q.Scheme = "https"
	}
	if q.Authority == "" {
		q.Authority = withoutZone(cfg.Plan.URL.Host)
	}
	q.Fields = message.Fields("te", "trailers", "content-type", "application/grpc", "grpc-accept-encoding", "identity,gzip")
	if !hasField(cfg.Metadata, "user-agent") {
		q.Fields = append(q.Fields, message.Field{Name: "user-agent", Value: "prober"})
	}
	q.Fields = append(q.Fields, cfg.Metadata...)
	return q
}

func hasField(fields []message.Field, name string) bool {
	for _, f := range fields {
		if strings.EqualFold(f.Name, name) {
			return true
		}
	}
	return false
}

// stamp makes the fields of r that no other call has.
func (c *call) stamp(s *scratch, r *probe.Result) error {
	if c.varying.Traceparent {
		r.HTTP.TraceID = s.stamp.Trace()
	}
	if c.authorization == nil {
		return nil
	}
	credentials, err := c.authorization()
	if err != nil {
		return fmt.Errorf("no credentials: %w", err)
	}
	if !message.IsFieldValue(credentials) {
		return errcode.New(errcode.General, "the credentials cannot stand in a header")
	}
	s.stamp.Authorization = credentials
	return nil
}

// appendTimeout appends how much time is left as grpc-timeout has it: up to eight digits
// and a unit, rounded up.
func appendTimeout(p []byte, left time.Duration) []byte {
	const most = 99_999_999
	for _, unit := range [...]struct {
		size time.Duration
		name byte
	}{{time.Microsecond, 'u'}, {time.Millisecond, 'm'}, {time.Second, 'S'}} {
		if n := max((left+unit.size-1)/unit.size, 1); n <= most {
			return append(strconv.AppendInt(p, int64(n), 10), unit.name)
		}
	}
	return append(strconv.AppendInt(p, most, 10), 'S')
}

// appendTimeoutField appends the field grpc-timeout to a header block.
func appendTimeoutField(block []byte, left time.Duration) []byte {
	var digits [9]byte
	value := appendTimeout(digits[:0], left)
	block = hpack.AppendString(append(block, 0), "grpc-timeout")
	return append(append(block, byte(len(value))), value...)
}

// scratch is what a worker's Result holds for this engine from one call to the next.
type scratch struct {
	http     probe.HTTP
	plan     *plan
	stamp    message.Stamp // what varies in the call
	kept     *content.Kept // of the first message
	permit   probe.Permit
	exchange http2.Exchange
	answer   answer
	// code is what the answer came to, if it is a failure that Err of the Result is not.
	code errcode.Code
}

// scratchOf returns the scratch of r, which it makes for the first call of a worker.
func scratchOf(r *probe.Result) *scratch {
	s, ok := r.Scratch.(*scratch)
	if !ok {
		s = new(scratch)
		s.exchange.Permit, s.exchange.Stamp, s.exchange.Call = &s.permit, &s.stamp, &s.answer
		s.exchange.MaxBody = math.MaxInt64 // each message has a bound of its own
		r.Scratch = s
	}
	return s
}

// begin prepares r and its scratch for a call.
func (s *scratch) begin(p *plan, r *probe.Result) {
	s.http = probe.HTTP{Hops: s.http.Hops[:0]}
	s.stamp.Authorization = ""
	s.code = errcode.OK
	s.plan = p
	r.HTTP = &s.http
	r.Begin()
	r.Guard(s)
	if p.failure != nil {
		return
	}
	s.exchange.Request, s.exchange.Content, s.exchange.Varying = &p.call.request, &p.call.content, &p.call.varying
	s.kept = p.content.Keep(s.kept)
	s.answer.begin(s.kept, p.judge.maxMessage, p.judge.looks)
}

// maxSecretMessage is how long a message may be that excerpts are held against.
const maxSecretMessage = 4 << 10

// Secrets returns what the call says in confidence: its metadata and its message.
func (s *scratch) Secrets() (secrets []string, ok bool) {
	if s.plan.call.closed {
		return nil, false
	}
	return append(slices.Clip(s.plan.call.secrets), strings.ToLower(s.stamp.Authorization)), true
}

func secretsOf(cfg *Config) []string {
	all := []string{string(cfg.Message), cfg.Plan.Proxy.Username, cfg.Plan.Proxy.Password, cfg.Plan.Proxy.Authorization()}
	for _, f := range cfg.Metadata {
		all = append(all, f.Value)
	}
	for i, secret := range all {
		all[i] = strings.ToLower(secret)
	}
	return all
}
