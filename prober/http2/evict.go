package http2

// Withdraw stops the opening of streams on a connection without any. It returns false if the connection's own pool
// asks, or if requests in that pool wait for a stream: they are about to use it.
func (c *conn) Withdraw(asks any) bool {
	c.pool.mu.Lock()
	defer c.pool.mu.Unlock()
	if asks == c.pool || len(c.pool.waiters) > 0 || c.pool.reserved > 0 {
		c.place.StillIdle()
		return false
	}
	return c.retireIfIdle()
}

// Evict closes a withdrawn connection, and waits for its reader to end.
func (c *conn) Evict() bool {
	kept := c.stream.Yield()
	c.shut(errRetired)
	<-c.gone
	return kept
}
