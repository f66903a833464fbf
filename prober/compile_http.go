package prober

import (
	"fmt"

	"example.com/prober/config"
	"example.com/prober/policy"
	"example.com/prober/prober/message"
	"example.com/prober/prober/transport"
	"example.com/prober/prober/wire"
	"example.com/prober/template"
)

func (m *Manager) compileHTTP(t config.Target, network policy.Rules, read *wire.Certificates) (*compiled, error) {
	c := new(compiled)
	cfgs, err := configure(m, c, t, network, func(one *config.Target, texts *textReader) (transport.Config, error) {
		return m.httpConfig(one, network, read, texts)
	}, func(cfg *transport.Config, authorization func() (string, error)) { cfg.Authorization = authorization })
	if err != nil {
		return nil, err
	}
	numbers := t.Numbers()
	for i, r := range t.Journey {
		for _, x := range r.Capture {
			cfgs[i].Captures = append(cfgs[i].Captures, transport.Capture{
				Name: x.Name, To: numbers[x.Name], JSON: x.JSON, Header: x.Header, Cookie: x.Cookie, Regexp: x.Regexp,
			})
		}
	}
	tr, err := transport.NewMix(cfgs)
	if err != nil {
		return nil, err
	}
	c.engine, c.reserver = tr, tr
	return c, nil
}

// httpConfig returns the engine's configuration for one request of a target.
func (m *Manager) httpConfig(t *config.Target, network policy.Rules, read *wire.Certificates, texts *textReader) (transport.Config, error) {
	cfg := transport.Config{
		URL:             t.URL,
		Method:          t.Request.Method,
		Host:            t.Request.Host,
		BodySize:        t.Request.BodySize,
		IDHeader:        t.Request.IDHeader,
		Traceparent:     t.Request.Traceparent,
		FollowRedirects: t.Request.FollowRedirects,
		Compression:     t.Request.Compression,
		Expect:          expectation(t.Expect),
		MaxBodyBytes:    t.Expect.MaxBodySize,
		Connections:     m.limiter.Connections,
		Next:            m.limiter.Next,
		Decoders:        m.decoders,
		Shows:           m.shows || t.KeepFailures != nil,
		Rules:           network,
		Cookies:         t.Cookies,
	}
	setConnection(&cfg, t.Connection)
	cfg.Dial = m.dialOf(t)
	cfg.Certificates = read
	if err := texts.read(&cfg, t); err != nil {
		return cfg, err
	}
	cfg.Header = append(cfg.Header, loginFields(t.Request)...)
	return cfg, nil
}

// read fills in path, header and body of a request.
func (x *textReader) read(cfg *transport.Config, t *config.Target) error {
	if err := x.readPath(cfg, t); err != nil {
		return fmt.Errorf("path: %w", err)
	}
	for _, f := range fieldsOf(t.Request.Headers) {
		varying, fixed, err := x.compile(f.Value, template.Header)
		switch {
		case err != nil:
			return fmt.Errorf("header %s: %w", f.Name, err)
		case varying != nil:
			cfg.VaryingHeader = append(cfg.VaryingHeader, transport.VaryingField{Name: f.Name, Value: varying})
		default:
			cfg.Header = append(cfg.Header, message.Field{Name: f.Name, Value: fixed})
		}
	}
	if t.Request.BodyFile != "" || len(t.Request.Body) == 0 || x.numbers == nil {
		cfg.Body = t.Request.Body
		return nil
	}
	varying, fixed, err := x.compile(string(t.Request.Body), t.Request.BodyPlace())
	if err != nil {
		return fmt.Errorf("body: %w", err)
	}
	if cfg.VaryingBody = varying; varying == nil {
		cfg.Body = []byte(fixed)
	}
	return nil
}

func (x *textReader) readPath(cfg *transport.Config, t *config.Target) error {
	if t.Request.Path == "" {
		return nil
	}
	varying, fixed, err := x.compile(t.Request.Path, template.Path)
	if err != nil || varying != nil {
		cfg.Path = varying
		return err
	}
	cfg.URL, err = transport.WithTarget(t.URL, fixed)
	return err
}
