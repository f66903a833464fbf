package transport

// Withdraw keeps new streams off a connection without any. Those who wait for a stream
// of its pool are about to use it.
func (c *h2conn) Withdraw(asks any) bool {
	c.pool.mu.Lock()
	defer c.pool.mu.Unlock()
	if asks == c.pool || len(c.pool.waiters) > 0 || c.pool.reserved > 0 {
		c.place.StillIdle()
		return false
	}
	return c.retireIfIdle()
}

// Evict closes a connection that was withdrawn, and waits for its reader to end.
func (c *h2conn) Evict() bool {
	kept := c.stream.yield()
	c.shut(errRetired)
	<-c.gone
	return kept
}
