package grpc

import (
	"cmp"
	"fmt"

	"example.com/prober/errcode"
	"example.com/prober/prober/content"
	"example.com/prober/protoset"
)

// plan is what calls of one kind say and what their answers must be. It needs the types of the
// method.
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

// needsTypes reports whether the calls cannot be made, or not be judged, without the types of
// their method.
func (cfg *Config) needsTypes() bool {
	return len(cfg.JSON) > 0 || cfg.VaryingMessage != nil || len(cfg.Expect.Message) > 0
}

// Describe has the calls from now on made with the types in descriptors, a FileDescriptorSet,
// that are of the service and reflected. Where the message of one or what is expected does not
// fit them, it returns why, and these calls go on as before.
func (e *Engine) Describe(service string, descriptors []byte) error {
	var first error
	for i := range e.cfgs {
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

// SetFailure makes the calls of a service that are reflected fail with why their types are not
// known, unless they are.
func (e *Engine) SetFailure(service string, why error) {
	for i := range e.cfgs {
		if e.cfgs[i].Reflected && e.cfgs[i].Service == service {
			e.setFailure(i, why)
		}
	}
}

func (e *Engine) setFailure(i int, why error) {
	before := e.plans[i].Load()
	if before.failure != nil {
		// Many calls share the failure: it has a text that nobody changes any more.
		e.plans[i].CompareAndSwap(before, &plan{failure: errcode.New(errcode.FromError(why), why.Error())})
	}
}
