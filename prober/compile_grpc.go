package prober

import (
	"fmt"
	"strings"

	"example.com/prober/config"
	"example.com/prober/policy"
	"example.com/prober/prober/grpc"
	"example.com/prober/prober/message"
	"example.com/prober/prober/wire"
	"example.com/prober/template"
)

func (m *Manager) compileGRPC(t config.Target, network policy.Rules, read *wire.Certificates) (*compiled, error) {
	c := new(compiled)
	cfgs, err := configure(m, c, t, network, func(one *config.Target, texts *textReader) (grpc.Config, error) {
		return m.grpcConfig(one, network, read, texts)
	}, func(cfg *grpc.Config, authorization func() (string, error)) { cfg.Authorization = authorization })
	if err != nil {
		return nil, err
	}
	e, err := grpc.NewMix(cfgs)
	if err != nil {
		return nil, err
	}
	if types := newTypeSource(t, cfgs, e, m.limiter, m.log); types != nil {
		c.supplies = append(c.supplies, types)
	}
	c.engine, c.reserver = e, e
	return c, nil
}

// grpcConfig returns the engine's configuration for one call of a target.
func (m *Manager) grpcConfig(t *config.Target, network policy.Rules, read *wire.Certificates, texts *textReader) (grpc.Config, error) {
	cfg := grpc.Config{
		Plan:                  m.planOf(t, network, read),
		Authority:             t.Request.Host,
		Service:               t.GRPC.Service,
		Method:                t.GRPC.Method,
		Message:               t.GRPC.Message,
		Traceparent:           t.Request.Traceparent,
		Descriptors:           t.GRPC.Descriptors,
		Reflected:             t.GRPC.Reflection,
		MaxMessageBytes:       t.Expect.MaxBodySize,
		Decoders:              m.decoders,
		Shows:                 m.shows || t.KeepFailures != nil,
		RequestsPerConnection: requestsPerConnection(t.Connection),
		StreamsPerConnection:  t.Connection.StreamsPerConnection,
		Expect:                grpc.Expectation{Status: t.Expect.GRPCStatus, Message: t.Expect.Message, MaxLatency: t.Expect.MaxLatency},
	}
	if t.GRPC.Reflection {
		cfg.JSON, cfg.Message = t.GRPC.JSON()
	}
	if err := texts.readCall(&cfg, t); err != nil {
		return cfg, err
	}
	cfg.Metadata = append(cfg.Metadata, loginFields(t.Request)...)
	return cfg, nil
}

// readCall fills in the metadata and the message of a call if they vary.
func (x *textReader) readCall(cfg *grpc.Config, t *config.Target) error {
	for _, f := range fieldsOf(t.GRPC.Metadata) {
		varying, fixed, err := x.compile(f.Value, config.MetadataPlace(f.Name))
		switch {
		case err != nil:
			return fmt.Errorf("metadata %s: %w", f.Name, err)
		case varying != nil:
			cfg.VaryingMetadata = append(cfg.VaryingMetadata, grpc.VaryingField{Name: f.Name, Value: varying})
		default:
			cfg.Metadata = append(cfg.Metadata, message.Field{Name: f.Name, Value: fixed})
		}
	}
	text := t.GRPC.Text()
	if x.numbers == nil || !strings.Contains(text, "{{") {
		return nil
	}
	varying, fixed, err := x.compile(text, template.JSON)
	switch {
	case err != nil:
		return fmt.Errorf("message: %w", err)
	case varying != nil:
		cfg.VaryingMessage, cfg.Message, cfg.JSON = varying, nil, nil
	case t.GRPC.Reflection:
		cfg.JSON = []byte(fixed)
	}
	return nil
}
