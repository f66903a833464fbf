package http1

import (
	"bytes"

	"example.com/prober/prober/http1/head"
	"example.com/prober/prober/probe"
)

// readHeader reads one response header, up to and including its empty line.
func (c *conn) readHeader(r *probe.Result) error {
	scan := head.NewScan(false)
	c.headSize = 0
	for {
		if c.repeatsHeader() {
			return nil
		}
		size, err := scan.Next(c.buf[c.start:c.end])
		if err != nil {
			return err
		}
		if size > 0 {
			block := c.buf[c.start : c.start+size]
			c.start += size
			c.headSize = size
			return c.parseHeader(block)
		}
		if err := c.fill(r); err != nil {
			return err
		}
	}
}

// repeatable is the longest header to keep a copy of, in bytes.
const repeatable = 1 << 10

// repeatsHeader reports whether the received bytes begin with the header before. It
// consumes that header then: c.head is right already. Within a second many servers send the
// same header again and again. A header ends with an empty line, so equal bytes are a whole
// header and not the beginning of a longer one.
func (c *conn) repeatsHeader() bool {
	n := len(c.before)
	if n == 0 || c.end-c.start < n || !bytes.Equal(c.buf[c.start:c.start+n], c.before) {
		return false
	}
	c.start += n
	c.headSize = n
	return true
}

// parseHeader parses a header, and from the second response on a copy of it. If lines were
// joined, the copy differs from the received bytes, and is not kept.
func (c *conn) parseHeader(block []byte) error {
	c.before = c.before[:0]
	// The copy pays only for a second response. A connection for each request has none.
	if c.served == 0 || len(block) > repeatable {
		return c.head.Parse(block)
	}
	c.before = append(c.before, block...)
	err := c.head.Parse(c.before)
	if c.head.Joined {
		c.before = c.before[:0]
	}
	return err
}

// keepHeader keeps the wanted fields of the header.
func (c *conn) keepHeader() {
	k := c.x.Kept
	if k == nil {
		return
	}
	for _, f := range c.head.Fields {
		k.Field(f.Name, f.Value)
	}
	k.Begin(c.head.Status)
}
