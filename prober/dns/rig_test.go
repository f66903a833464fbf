package dns

import (
	"context"
	"net"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/internal/peers/certs"
	"example.com/prober/option"
	"example.com/prober/prober/probe"
	"example.com/prober/prober/wire"
)

const (
	// patience is longer than anything takes on a busy machine. briefly is long enough to
	// connect and send there, and for waiting in vain for an answer.
	patience = time.Minute
	briefly  = time.Second
)

const (
	overUDP = option.DNSOverUDP
	overTCP = option.DNSOverTCP
	overTLS = option.DNSOverTLS
)

// server is a resolver of the test with its certificate.
type server struct {
	*peers.Resolver

	ca []byte
}

func serve(t *testing.T, answer func(peers.Asked) peers.Said) server {
	t.Helper()
	cert := certs.Issue(nil)
	return server{peers.ServeDNS(t, cert, answer), certs.PEM(cert)}
}

// ask is the usual question.
func ask(transport option.DNSTransport) option.DNS {
	return option.DNS{Name: "name.test", Type: "A", Transport: transport}
}

// config returns the Config to ask s over a transport.
func (s server) config(transport option.DNSTransport) Config {
	address := s.Address
	if transport == overTLS {
		address = s.Secured
	}
	return Config{
		Plan: wire.Plan{
			URL: &url.URL{Scheme: "dns", Host: address},
			TLS: option.TLS{CA: s.ca},
			Dial: option.Dial{
				ConnectTimeout: patience, TLSTimeout: patience, Clock: option.KernelClock,
			},
		},
		Ask:    ask(transport),
		Answer: option.AnswerPattern{Least: 1},
	}
}

func newEngine(t *testing.T, cfg Config) *Engine {
	t.Helper()
	e, err := New(cfg)
	require.NoError(t, err)
	t.Cleanup(e.CloseIdle)
	return e
}

// do performs a request with a deadline after within.
func do(ctx context.Context, e *Engine, within time.Duration) *probe.Result {
	r := new(probe.Result)
	again(ctx, e, r, within)
	return r
}

func again(ctx context.Context, e *Engine, r *probe.Result, within time.Duration) {
	now := probe.Now()
	r.Reset(now, now.Add(within))
	e.Do(ctx, r)
}

func assertSucceeds(t *testing.T, e *Engine, r *probe.Result) {
	t.Helper()
	assert.Equal(t, errcode.OK, e.Code(r), "%v %v", r.Err, r.Unmet)
}

func assertFails(t *testing.T, e *Engine, r *probe.Result, code errcode.Code, phase errcode.Phase) {
	t.Helper()
	assert.Equal(t, code, e.Code(r), "%v %v", r.Err, r.Unmet)
	assert.Equal(t, phase, r.FailedIn(), "%v", r.Err)
	assert.NotZero(t, r.End)
	var sum time.Duration
	for p := errcode.PhaseNone; p < errcode.NumPhases; p++ {
		d, _ := r.Phase(p)
		sum += d
	}
	assert.Equal(t, r.Duration(), sum, "the phases are the whole")
}

// a returns an address record with a TTL in seconds.
func a(ttl uint32, address ...byte) dnsmessage.Resource {
	return record("name.test.", ttl, &dnsmessage.AResource{A: [4]byte(address)})
}

func record(name string, ttl uint32, body dnsmessage.ResourceBody) dnsmessage.Resource {
	head := dnsmessage.ResourceHeader{Name: dnsmessage.MustNewName(name), Class: dnsmessage.ClassINET, TTL: ttl}
	return dnsmessage.Resource{Header: head, Body: body}
}

// says answers with records.
func says(query []byte, records ...dnsmessage.Resource) []byte {
	return peers.AnswerDNS(query, func(m *dnsmessage.Message) { m.Answers = records })
}

// good is a correct answer.
func good(query []byte) []byte { return says(query, a(60, 192, 0, 2, 1)) }

// code answers with a code and nothing else.
func code(query []byte, rcode dnsmessage.RCode) []byte {
	return peers.AnswerDNS(query, func(m *dnsmessage.Message) { m.RCode = rcode })
}

// cut answers that the rest is available over TCP.
func cut(query []byte) []byte {
	return peers.AnswerDNS(query, func(m *dnsmessage.Message) { m.Truncated = true })
}

// changed returns a copy of a message with another byte in its header.
func changed(message []byte, at int, to byte) []byte {
	c := append([]byte(nil), message...)
	c[at] = to
	return c
}

// other answers another question.
func other(query []byte) []byte {
	return peers.AnswerDNS(query, func(m *dnsmessage.Message) {
		m.Questions[0].Name = dnsmessage.MustNewName("other.test.")
		m.Answers = []dnsmessage.Resource{a(60, 192, 0, 2, 1)}
	})
}

// always gives the same answer over every transport.
func always(answer func(query []byte) []byte) func(peers.Asked) peers.Said {
	return func(q peers.Asked) peers.Said { return peers.SayingDNS(answer(q.Query)) }
}

func port(t *testing.T, address string) string {
	t.Helper()
	_, port, err := net.SplitHostPort(address)
	require.NoError(t, err)
	return port
}
