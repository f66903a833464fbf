package probe

import "context"

// Permit is the right to open one more connection under a ceiling, or an idle connection
// that has to be closed first. The zero Permit is none.
type Permit struct {
	held   bool
	victim Evictable
}

// Reserve takes the permit for one more connection without waiting. It returns false if
// there is none. It spares the idle connections of the pool that asks.
func (c *Ceiling) Reserve(p *Permit, asks any) bool {
	victim, ok := c.take(nil, asks)
	p.victim, p.held = victim, ok && victim == nil
	return ok
}

// Permit waits until p is a permit, unless it is one already, or until the given time. A
// nil Ceiling permits everything.
func (c *Ceiling) Permit(ctx context.Context, p *Permit, until Instant) error {
	if c == nil || p.Spend() {
		return nil
	}
	return c.Acquire(ctx, until, nil)
}

// Hold makes p a permit, or none.
func (p *Permit) Hold(held bool) { p.held = held }

// Spend reports whether p is a permit. If it is, the caller must use it or give it back.
// Spend closes the connection that has to be closed for it.
func (p *Permit) Spend() bool {
	held, victim := p.held, p.victim
	*p = Permit{}
	return held || victim != nil && victim.Evict()
}
