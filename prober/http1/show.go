package http1

import (
	"bytes"

	"example.com/prober/prober/message"
	"example.com/prober/prober/probe"
)

// showRequest notes the header of a request in the trace of r; out begins with it.
func (c *conn) showRequest(r *probe.Result, out []byte) {
	t := r.Trace
	t.Learn(r)
	line, rest := message.CutLine(out)
	t.SendLine(string(line))
	for {
		if line, rest = message.CutLine(rest); len(line) == 0 {
			break
		}
		name, value, _ := bytes.Cut(line, []byte(": "))
		t.SendField(string(name), string(value))
	}
	t.SendBody(c.x.Content.Length)
}

// showHeader passes the header of the last read to the Answer of r.
func (c *conn) showHeader(r *probe.Result) {
	a, h := r.Answer, &c.head
	a.Head(h.Version, h.Status, reasonOf(c.buf[c.start-c.headSize:c.start]))
	for _, f := range h.Fields {
		a.Field(f.Name, f.Value)
	}
	if h.Status < 200 {
		c.headSize = 0 // it is no part of the next header
	}
}

// reasonOf returns the text behind the status in the first line of a header.
func reasonOf(header []byte) []byte {
	const before = len("HTTP/1.1 200 ")
	line, _ := message.CutLine(header)
	return line[min(before, len(line)):]
}
