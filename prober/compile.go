package prober

import (
	"fmt"
	"slices"

	"example.com/prober/config"
	"example.com/prober/errcode"
	"example.com/prober/prober/transport"
)

// compileTransport turns the part of a target that describes one request into a
// transport. It fails when the TLS material does not fit together.
func compileTransport(t config.Target, network config.Network, connections *transport.Ceiling) (*transport.Transport, error) {
	c := transport.Config{
		URL:             t.URL,
		Method:          t.Request.Method,
		Header:          headerFields(t.Request.Headers),
		Host:            t.Request.Host,
		Body:            t.Request.Body,
		BodySize:        t.Request.BodySize,
		IDHeader:        t.Request.IDHeader,
		Traceparent:     t.Request.Traceparent,
		FollowRedirects: t.Request.FollowRedirects,
		Compression:     t.Request.Compression,
		MaxBodyBytes:    t.Expect.MaxBodySize,
		Connections:     connections,
		Deny:            network.Deny,
		Allow:           network.Allow,
	}
	setConnection(&c, t.Connection)
	tr, err := transport.New(c)
	if err != nil {
		return nil, fmt.Errorf("target %q: %w", t.Name, err)
	}
	return tr, nil
}

// setConnection fills in how connections are made and how long they are kept.
func setConnection(c *transport.Config, conn config.Connection) {
	c.ConnectTimeout = conn.ConnectTimeout
	c.TLSTimeout = conn.TLSTimeout
	c.TLS = tlsOptions(conn.TLS)
	c.HTTPVersion = httpVersions[conn.HTTPVersion]
	c.RequestsPerConnection = requestsPerConnection(conn)
	c.StreamsPerConnection = conn.StreamsPerConnection
	c.IPVersion = ipVersions[conn.IPVersion]
	c.Resolve = conn.Resolve
	c.DNSServer = conn.DNSServer
	c.SourceAddress = conn.SourceAddress
	c.Proxy = proxyOptions(conn)
}

// The names of the configuration and what they stand for; an empty one is the
// default.
var (
	httpVersions = map[config.HTTPVersion]transport.HTTPVersion{
		config.HTTPAuto: transport.AutoHTTP,
		config.HTTP11:   transport.OnlyHTTP11,
		config.HTTP2:    transport.OnlyHTTP2,
		config.H2C:      transport.H2C,
	}
	ipVersions = map[config.IPVersion]transport.IPVersion{
		config.IPAny:     transport.AnyIP,
		config.IP4:       transport.OnlyIPv4,
		config.IP6:       transport.OnlyIPv6,
		config.IPPrefer4: transport.PreferIPv4,
		config.IPPrefer6: transport.PreferIPv6,
	}
)

// proxyOptions trusts a proxy as it does the target: the same authorities, but
// the name of the proxy itself, and no client certificate.
func proxyOptions(c config.Connection) transport.ProxyOptions {
	trust := tlsOptions(c.TLS)
	trust.ServerName, trust.Cert, trust.Key = "", nil, nil
	return transport.ProxyOptions{
		URL:      c.Proxy.URL,
		Username: c.Proxy.Username,
		Password: c.Proxy.Password,
		NoProxy:  c.Proxy.NoProxy,
		TLS:      trust,
	}
}

func headerFields(headers []config.Header) []transport.HeaderField {
	var fields []transport.HeaderField
	for _, h := range headers {
		for _, value := range h.Values {
			fields = append(fields, transport.HeaderField{Name: h.Name, Value: value})
		}
	}
	return fields
}

func tlsOptions(t config.TLS) transport.TLSOptions {
	return transport.TLSOptions{
		CA:                 t.CA,
		Cert:               t.Cert,
		Key:                t.Key,
		ServerName:         t.ServerName,
		MinVersion:         t.MinVersion,
		MaxVersion:         t.MaxVersion,
		SessionResumption:  t.SessionResumption,
		InsecureSkipVerify: t.InsecureSkipVerify,
	}
}

func requestsPerConnection(c config.Connection) int {
	if c.Reuse == config.ReuseNever {
		return 1
	}
	return c.RequestsPerConnection
}

// verdict decides what a request came to: the code of its failure, or what the
// target's expectations make of its status.
func verdict(expect config.Expect, r *transport.Result) errcode.Code {
	if r.Err != nil {
		return errcode.FromError(r.Err)
	}
	if len(expect.Status) == 0 {
		return errcode.FromStatus(r.Status)
	}
	expected := slices.ContainsFunc(expect.Status, func(s config.StatusRange) bool {
		return s.From <= r.Status && r.Status <= s.To
	})
	switch {
	case expected:
		return errcode.OK
	case r.Status < 400:
		return errcode.UnexpectedStatus
	default:
		return errcode.FromStatus(r.Status)
	}
}
