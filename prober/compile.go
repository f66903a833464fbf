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
	tr, err := transport.New(transport.Config{
		URL:                   t.URL,
		Method:                t.Request.Method,
		Header:                headerFields(t.Request.Headers),
		Host:                  t.Request.Host,
		Body:                  t.Request.Body,
		BodySize:              t.Request.BodySize,
		ConnectTimeout:        t.Connection.ConnectTimeout,
		TLSTimeout:            t.Connection.TLSTimeout,
		TLS:                   tlsOptions(t.Connection.TLS),
		RequestsPerConnection: requestsPerConnection(t.Connection),
		Connections:           connections,
		Deny:                  network.Deny,
		Allow:                 network.Allow,
	})
	if err != nil {
		return nil, fmt.Errorf("target %q: %w", t.Name, err)
	}
	return tr, nil
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
