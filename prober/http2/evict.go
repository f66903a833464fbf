package http2

// Withdraw keeps new streams off a connection without any. Those who wait for a stream
// of its pool are about to use it.
func (c *conn) Withdraw(asks any) bool {
	c.pool.mu.Lock()
	defer c.pool.mu.Unlock()
	if asks == c.pool || len(c.pool.waiters) > 0 || c.pool.reserved > 0 {
		c.place.StillIdle()
		return false
	}
	return c.retireIfIdle()
}

// Evict closes a connection that was withdrawn, and waits for its reader to end.
func (c *conn) Evict() bool {
	kept := c.stream.Yield()
	c.shut(errRetired)
	<-c.gone
	return kept
}
