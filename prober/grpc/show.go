package grpc

import (
	"errors"
	"fmt"
	"strings"

	"example.com/prober/errcode"
	"example.com/prober/option"
	"example.com/prober/prober/probe"
)

// Private returns the texts that a trace of the call of s must not show: its rendered parts,
// credentials, and parts of the answer that repeat its message.
func (s *scratch) Private() probe.Private {
	var p probe.Private
	if s.plan.failure != nil {
		return p
	}
	c := &s.plan.call
	said, ok := s.said()
	p.Texts = append(append(p.Texts, s.stamp.Authorization), c.proxy...)
	if s.rendering != nil {
		for _, n := range s.rendering.names() {
			if value, ok := s.values.Value(n); ok {
				p.Texts = append(p.Texts, string(value))
			}
		}
	}
	p.Texts = append(p.Texts, s.texts...)
	p.Said = append(p.Said, said...)
	p.Said = append(p.Said, c.message)
	// What is too long to look for may be repeated unseen, so nothing of the answer is
	// shown.
	p.Mute = c.closed || !ok || len(s.encoded) > maxSecretMessage
	return p
}

// Rule says which expectation gave the code of r; r has no other failure.
func (e *Engine) Rule(r *probe.Result, code errcode.Code) string {
	s := scratchOf(r)
	return s.plan.judge.rule(r, s, code)
}

func (j *judge) rule(r *probe.Result, s *scratch, code errcode.Code) string {
	switch {
	case code == errcode.OK:
		return "expect.grpc_status " + j.statuses() + ": got " + option.GRPCStatus(s.answer.status).String() + ", and all else that is expected"
	case code == errcode.TooSlow:
		return fmt.Sprintf("expect.max_latency %s: took %s", j.maxLatency, r.Duration())
	case r.HTTP.BodyErr != nil && s.code == errcode.OK:
		return fmt.Sprintf("expect.message: %v", r.HTTP.BodyErr)
	case r.Unmet == nil:
		return ""
	case errors.Is(r.Unmet, errNoStatus), errors.Is(r.Unmet, errTwoStatuses), !s.answer.isGRPC:
		return r.Unmet.Error()
	}
	return fmt.Sprintf("expect.grpc_status %s: %v", j.statuses(), r.Unmet)
}

// statuses lists the statuses of success.
func (j *judge) statuses() string {
	var names []string
	for status, isOK := range j.status {
		if isOK {
			names = append(names, option.GRPCStatus(status).String())
		}
	}
	return "[" + strings.Join(names, ", ") + "]"
}
