package grpc

import (
	"fmt"

	"example.com/prober/errcode"
	"example.com/prober/prober/content"
	"example.com/prober/protoset"
)

// plan is what a call says and what its answer must be. It needs the types of the method.
type plan struct {
	call    call
	judge   *judge
	content *content.Plan
	// failure is why no call can be made; nil if one can.
	failure error
}

var errUndescribed = errcode.New(errcode.GRPCReflection, "the server has not been asked for the types of the method yet")

// newPlan compiles cfg, which has all defaults filled in.
func newPlan(cfg *Config) (*plan, error) {
	set, err := protoset.Parse(cfg.Descriptors)
	if err != nil {
		return nil, err
	}
	method, err := set.Method(cfg.Service, cfg.Method)
	if err != nil && (len(cfg.Descriptors) > 0 || len(cfg.Expect.Message) > 0 || len(cfg.JSON) > 0) {
		return nil, err
	}
	if len(cfg.JSON) > 0 {
		if cfg.Message, err = method.Encode(cfg.JSON); err != nil {
			return nil, fmt.Errorf("the message: %w", err)
		}
	}
	p := &plan{call: newCall(cfg)}
	if p.judge, err = newJudge(cfg, method); err != nil {
		return nil, err
	}
	p.content, err = content.NewPlan(content.Options{
		Check:    p.judge.check,
		MaxBody:  min(cfg.MaxMessageBytes, mostKept),
		Decoders: cfg.Decoders,
	})
	return p, err
}

// Describe has the calls from now on made with the types in descriptors, a
// FileDescriptorSet. Where the message or what is expected does not fit them, it returns why,
// and calls go on as before.
func (e *Engine) Describe(descriptors []byte) error {
	cfg := e.cfg
	cfg.Descriptors = descriptors
	p, err := newPlan(&cfg)
	if err != nil {
		return errcode.Wrap(errcode.GRPCReflection, "the types of the server do not fit", err)
	}
	e.plan.Store(p)
	return nil
}

// SetFailure makes the calls fail with why the types are not known, unless they are.
func (e *Engine) SetFailure(why error) {
	before := e.plan.Load()
	if before.failure != nil {
		// Many calls share the failure: it has a text that nobody changes any more.
		e.plan.CompareAndSwap(before, &plan{failure: errcode.New(errcode.FromError(why), why.Error())})
	}
}
