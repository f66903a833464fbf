package grpc

import (
	"cmp"
	"fmt"

	"example.com/prober/errcode"
	"example.com/prober/prober/content"
	"example.com/prober/protoset"
)

// plan is the request of calls of one kind and the expectation of their answers. It needs the
// types of the method.
type plan struct {
	call    call
	judge   *judge
	content *content.Plan
	// failure says why no call can be made; nil means calls can be made.
	failure error
}

var errUndescribed = errcode.New(errcode.GRPCReflection, "the prober has not asked the server for the types of the method yet")

// newPlan compiles cfg. All its defaults must be set.
func newPlan(cfg *Config) (*plan, error) {
	set, err := protoset.Parse(cfg.Descriptors)
	if err != nil {
		return nil, err
	}
	method, err := set.Method(cfg.Service, cfg.Method)
	if err != nil && (len(cfg.Descriptors) > 0 || cfg.needsTypes()) {
		return nil, err
	}
	if len(cfg.JSON) > 0 {
		if cfg.Message, err = method.Encode(cfg.JSON); err != nil {
			return nil, fmt.Errorf("the message: %w", err)
		}
	}
	p := &plan{call: newCall(cfg, method)}
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

// needsTypes reports whether making or judging the calls needs the types of their method.
func (cfg *Config) needsTypes() bool {
	return len(cfg.JSON) > 0 || cfg.VaryingMessage != nil || len(cfg.Expect.Message) > 0
}

// Describe gives the reflected calls of the service their types: descriptors, a
// FileDescriptorSet. New calls use them. If the message or the expectation of a call does not
// fit the types, Describe returns the reason, and this call goes on as before.
func (e *Engine) Describe(service string, descriptors []byte) error {
	var first error
	for i := range e.cfgs {
		// A copy: the configurations of the engine stay as they are, since a later answer
		// of the server may fit.
		cfg := e.cfgs[i]
		if !cfg.Reflected || cfg.Service != service {
			continue
		}
		cfg.Descriptors = descriptors
		p, err := newPlan(&cfg)
		if err == nil {
			e.plans[i].Store(p)
			continue
		}
		err = errcode.Wrap(errcode.GRPCReflection, "the types of the server do not fit", err)
		e.setFailure(i, err)
		first = cmp.Or(first, err)
	}
	return first
}

// SetFailure makes the reflected calls of a service fail with why, unless their types are
// known.
func (e *Engine) SetFailure(service string, why error) {
	for i := range e.cfgs {
		if e.cfgs[i].Reflected && e.cfgs[i].Service == service {
			e.setFailure(i, why)
		}
	}
}

// setFailure makes the calls of plan i fail with why. It replaces a failure alone, and by
// comparison: types that have come meanwhile stay.
func (e *Engine) setFailure(i int, why error) {
	before := e.plans[i].Load()
	if before.failure != nil {
		// Many calls share the failure, so it gets a text that nobody changes any more.
		e.plans[i].CompareAndSwap(before, &plan{failure: errcode.New(errcode.FromError(why), why.Error())})
	}
}
