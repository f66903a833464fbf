package prober

import (
	"encoding/base64"
	"errors"
	"fmt"

	"example.com/prober/config"
	"example.com/prober/option"
	"example.com/prober/policy"
	"example.com/prober/prober/dns"
	"example.com/prober/prober/draw"
	"example.com/prober/prober/message"
	"example.com/prober/prober/probe"
	"example.com/prober/prober/tcp"
	"example.com/prober/prober/transport"
	"example.com/prober/prober/wire"
)

// compiled is a target ready to run.
type compiled struct {
	engine   probe.Engine
	reserver probe.Reserver // engine, if its connections have a ceiling
	supplies []supply       // bring what else the requests need
	data     *draw.Set      // nil if no request has a text
	draws    []*draw.Plan   // what each request draws; nil for nothing
}

// compile returns the engine of t, which sends its requests and judges the answers. It
// fails when the TLS material does not fit together, or settings exclude each other. It
// keeps the certificates it reads in read, unless read is nil.
func (m *Manager) compile(t config.Target, network policy.Rules, read *wire.Certificates) (*compiled, error) {
	var c *compiled
	var err error
	switch kind := t.Kind(); kind {
	case config.KindHTTP:
		c, err = m.compileHTTP(t, network, read)
	case config.KindTCP:
		c, err = m.compileTCP(t, network, read)
	case config.KindGRPC:
		c, err = m.compileGRPC(t, network, read)
	case config.KindDNS:
		c, err = m.compileDNS(t, network, read)
	default:
		err = errors.New("no engine knows the scheme of the URL")
	}
	if err != nil {
		return nil, fmt.Errorf("target %q: %w", t.Name, err)
	}
	if m.limiter.Connections == nil {
		// Without a ceiling nothing has to be reserved: it would cost locks for each
		// request.
		c.reserver = nil
	}
	return c, nil
}

func (m *Manager) compileTCP(t config.Target, network policy.Rules, read *wire.Certificates) (*compiled, error) {
	e, err := tcp.New(tcp.Config{Plan: m.planOf(&t, network, read), MaxLatency: t.Expect.MaxLatency})
	if err != nil {
		return nil, err
	}
	return &compiled{engine: e, reserver: e}, nil
}

func (m *Manager) compileDNS(t config.Target, network policy.Rules, read *wire.Certificates) (*compiled, error) {
	records := t.Expect.Answers
	answer := option.AnswerPattern{Rcodes: t.Expect.Rcode, Regexp: records.Regexp, MinTTL: records.MinTTL}
	if records.Count != nil {
		answer.Least = *records.Count
	}
	e, err := dns.New(dns.Config{
		Plan:       m.planOf(&t, network, read),
		Ask:        *t.DNS,
		Requests:   requestsPerConnection(t.Connection),
		Answer:     answer,
		MaxLatency: t.Expect.MaxLatency,
	})
	if err != nil {
		return nil, err
	}
	return &compiled{engine: e, reserver: e}, nil
}

// planOf returns how connections to t are made, without what depends on its engine.
func (m *Manager) planOf(t *config.Target, network policy.Rules, read *wire.Certificates) wire.Plan {
	return wire.Plan{
		URL:          t.URL,
		TLS:          t.Connection.TLS.TLS,
		Certificates: read,
		Dial:         m.dialOf(t),
		Connections:  m.limiter.Connections,
		Proxy:        proxyOptions(t.Connection),
		Rules:        network,
	}
}

// dialOf returns how connections to t are made. It replaces a clock that is not
// available.
func (m *Manager) dialOf(t *config.Target) option.Dial {
	d := t.Connection.Dial
	if !m.clock.IsAvailable() {
		d.Clock = option.ProgramClock
	}
	return d
}

// setConnection fills in how connections are made and how long they are kept.
func setConnection(c *transport.Config, conn config.Connection) {
	c.Dial = conn.Dial
	c.TLS = conn.TLS.TLS
	c.HTTPVersion = conn.HTTPVersion
	c.RequestsPerConnection = requestsPerConnection(conn)
	c.StreamsPerConnection = conn.StreamsPerConnection
	c.Proxy = proxyOptions(conn)
}

// proxyOptions trusts a proxy like the target: the same authorities, but the name of the
// proxy itself and no client certificate.
func proxyOptions(c config.Connection) wire.ProxyOptions {
	trust := c.TLS.TLS
	trust.ServerName, trust.Cert, trust.Key = "", nil, nil
	return wire.ProxyOptions{
		URL:      c.Proxy.URL,
		Username: c.Proxy.Username,
		Password: c.Proxy.Password,
		NoProxy:  c.Proxy.NoProxy,
		TLS:      trust,
	}
}

func fieldsOf(headers []config.Header) (fields []message.Field) {
	for _, h := range headers {
		for _, value := range h.Values {
			fields = append(fields, message.Field{Name: h.Name, Value: value})
		}
	}
	return fields
}

// loginFields returns the header of credentials that never change, if there are any.
func loginFields(r config.Request) (fields []message.Field) {
	if value := authorization(r); value != "" {
		fields = append(fields, message.Field{Name: "Authorization", Value: value})
	}
	return fields
}

func expectation(e config.Expect) transport.Expectation {
	return transport.Expectation{Status: e.Status, Version: e.HTTPVersion, Header: e.Headers, Body: e.Body, MaxLatency: e.MaxLatency}
}

// authorization returns the value of Authorization for credentials that never change, ""
// without any.
func authorization(r config.Request) string {
	switch {
	case r.BasicAuth != nil:
		pair := r.BasicAuth.Username + ":" + r.BasicAuth.Password
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(pair))
	case r.Authorization != nil:
		return r.Authorization.Type + " " + r.Authorization.Credentials
	default:
		return ""
	}
}

func requestsPerConnection(c config.Connection) int {
	if c.Reuse == config.ReuseNever {
		return 1
	}
	return c.RequestsPerConnection
}
