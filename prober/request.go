package prober

import (
	"time"

	"example.com/prober/config"
	"example.com/prober/errcode"
	"example.com/prober/prober/draw"
	"example.com/prober/prober/probe"
)

// request is a request of a target: one of a mix, or a step of a journey.
type request struct {
	// keeps means that the values of the request before it are still valid.
	keeps bool
	plan  *draw.Plan // for the drawn values
}

// requestsOf returns the requests of cfg. A request of a mix draws what it uses itself. The
// first step of a journey draws for all steps.
func requestsOf(cfg *config.Target, c *compiled) []request {
	items := cfg.Items()
	if len(items) == 0 {
		return []request{{plan: c.drawsOf(0)}}
	}
	all := make([]request, len(items))
	for i := range items {
		all[i] = request{plan: c.drawsOf(i), keeps: len(cfg.Journey) > 0 && i > 0}
	}
	return all
}

// drawsOf returns what the request with a number draws.
func (c *compiled) drawsOf(request int) *draw.Plan {
	if request >= len(c.draws) {
		return nil
	}
	return c.draws[request]
}

// draw sets the values of r.
func (q *request) draw(r *probe.Result) error {
	if q.keeps {
		return nil
	}
	r.Values.Reset()
	if err := q.plan.Draw(&r.Values); err != nil {
		return errcode.Wrap(errcode.Template, "a value for the request could not be drawn", err)
	}
	return nil
}

// timeoutsOf returns the timeouts of the requests of cfg, in order.
func timeoutsOf(cfg *config.Target) []time.Duration {
	items := cfg.Items()
	if len(items) == 0 {
		return []time.Duration{cfg.Timeout}
	}
	all := make([]time.Duration, len(items))
	for i := range items {
		all[i] = items[i].Timeout
	}
	return all
}
