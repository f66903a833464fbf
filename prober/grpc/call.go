package grpc

import (
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
	"example.com/prober/protoset"
)

// prefixSize is the size of the prefix of each message: a flag, which is 1 for a compressed
// message, and the length.
const prefixSize = 5

// call is the request of calls of one kind, encoded once except for the varying parts.
type call struct {
	request       http2.Request
	content       message.Content
	varying       message.Varying
	authorization func() (string, error)
	rendering     *rendering // nil if nothing is put together for each call
	secrets       []string   // in lower case
	// proxy are the credentials for a proxy, and message is the message, both unencoded.
	proxy   []string
	message string
	// closed means that the message is too long to compare excerpts with it.
	closed bool
}

func newCall(cfg *Config, method *protoset.Method) call {
	c := call{
		content:       message.NewContent(framedMessage(cfg.Message), 0),
		rendering:     newRendering(cfg, method),
		varying:       message.Varying{Authorization: cfg.Authorization != nil, Traceparent: cfg.Traceparent},
		authorization: cfg.Authorization,
		secrets:       secretsOf(cfg),
		closed:        len(cfg.Message) > maxSecretMessage,
		proxy:         []string{cfg.Plan.Proxy.Username, cfg.Plan.Proxy.Password, cfg.Plan.Proxy.Authorization()},
		message:       string(cfg.Message[:min(len(cfg.Message), maxSecretMessage)]),
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
	// By te a server of gRPC finds out whether a proxy on the way knows trailers.
	q.Fields = message.Fields("te", "trailers", "content-type", "application/grpc", "grpc-accept-encoding", "identity,gzip")
	if !cfg.hasField("user-agent") {
		q.Fields = append(q.Fields, message.Field{Name: "user-agent", Value: "prober"})
	}
	q.Fields = append(q.Fields, cfg.Metadata...)
	return q
}

// hasField reports whether the metadata have a field with this name.
func (cfg *Config) hasField(name string) bool {
	return slices.ContainsFunc(cfg.Metadata, func(f message.Field) bool { return strings.EqualFold(f.Name, name) }) ||
		slices.ContainsFunc(cfg.VaryingMetadata, func(f VaryingField) bool { return strings.EqualFold(f.Name, name) })
}

// stamp makes the parts of the call of r that no other call has.
func (c *call) stamp(s *scratch, r *probe.Result) error {
	if err := s.render(r, c.rendering); err != nil {
		return err
	}
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

// appendTimeout appends left in the form of grpc-timeout: up to eight digits and a unit. It
// is rounded up: a server that gave up earlier than the prober would make failures of
// answers that were in time.
func appendTimeout(p []byte, left time.Duration) []byte {
	const most = 99_999_999
	for _, unit := range [...]struct {
		size time.Duration
		name byte
	}{{time.Microsecond, 'u'}, {time.Millisecond, 'm'}, {time.Second, 'S'}} {
		// A timeout of 0 would be over before the call came.
		if n := max((left+unit.size-1)/unit.size, 1); n <= most {
			return append(strconv.AppendInt(p, int64(n), 10), unit.name)
		}
	}
	return append(strconv.AppendInt(p, most, 10), 'S')
}

// appendTimeoutField appends the field grpc-timeout to a header block. It is not indexed:
// each call has another value, and would push everything else out of the table.
func appendTimeoutField(block []byte, left time.Duration) []byte {
	var digits [9]byte
	value := appendTimeout(digits[:0], left)
	block = hpack.AppendString(append(block, 0), "grpc-timeout")
	return append(append(block, byte(len(value))), value...)
}

// scratch is the state of this engine in a worker's Result, reused for every call.
type scratch struct {
	rendered
	http     probe.HTTP
	plan     *plan
	stamp    message.Stamp // the varying parts of the call
	kept     *content.Kept // of the first message
	permit   probe.Permit
	exchange http2.Exchange
	answer   answer
	// code is the failure of the answer, if Err of the Result has none.
	code errcode.Code
}

// scratchOf returns the scratch of r. It makes one for the first call of a worker.
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
	s.stamp.Authorization, s.rendered = "", rendered{}
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

// maxSecretMessage is the longest message to compare excerpts with. maxSaid bounds the
// rendered texts to compare them with. Both are in bytes.
const (
	maxSecretMessage = 4 << 10
	maxSaid          = 64 << 10
)

// Secrets returns the confidential parts of the call: its metadata and its message.
func (s *scratch) Secrets() (secrets []string, ok bool) {
	said, ok := s.said()
	if s.plan.call.closed || !ok || len(s.encoded) > maxSecretMessage {
		return nil, false
	}
	secrets = slices.Clone(s.plan.call.secrets)
	for _, text := range append(said, s.stamp.Authorization) {
		secrets = append(secrets, strings.ToLower(text))
	}
	return secrets, true
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
