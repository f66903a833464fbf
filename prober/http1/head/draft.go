package head

import (
	"bytes"

	"example.com/prober/prober/message"
	"example.com/prober/prober/probe"
)

// draft judges an incomplete response header, line by line: nobody waits for a peer that
// sends nonsense and then nothing. It returns the same code as for the whole header, and
// looks at each line once.
type draft struct {
	// header has no fields: the caller may move the bytes to another buffer before the
	// header is complete, and fields would go on pointing into the old one. So the whole
	// header is parsed anew at its end.
	header Header
	judged int // bytes, all of them whole lines
	last   draftField
}

// draftField is the kind of the last field. A line can continue it.
type draftField uint8

const (
	draftNone draftField = iota
	draftOther
	draftLength   // Content-Length
	draftEncoding // Transfer-Encoding
)

// judge looks at the lines of received before whole. An incomplete line begins at whole.
// judge looks at its beginning if it is the first line.
func (d *draft) judge(received []byte, whole int) error {
	if !beginsResponse(received) {
		line, _, _ := bytes.Cut(received, []byte("\n"))
		return probe.NewExcerpt(errStatusLine, line)
	}
	for d.judged < whole {
		line, rest := message.CutLine(received[d.judged:whole])
		if err := d.line(line); err != nil {
			return err
		}
		d.judged = whole - len(rest)
	}
	return nil
}

func (d *draft) line(line []byte) error {
	switch {
	case d.judged == 0:
		return d.header.parseStatusLine(line)
	case d.last != draftNone && message.IsBlank(line[0]):
		return d.continuation(line)
	}
	var f Field
	if err := f.parse(line); err != nil {
		return err
	}
	switch {
	case d.header.isTunnel():
		d.last = draftOther
	case message.EqualFold(f.Name, "content-length"):
		d.last = draftLength
	case message.EqualFold(f.Name, "transfer-encoding"):
		d.last = draftEncoding
	default:
		d.last = draftOther
		return nil // the end of the connection matters to a whole header only
	}
	return d.header.interpret(&f)
}

// continuation judges a line that continues the field before it.
func (d *draft) continuation(line []byte) error {
	switch {
	case d.last == draftLength:
		return probe.NewExcerpt(errContentLength, line)
	case d.last == draftEncoding:
		return probe.NewExcerpt(errTransferEncoding, line)
	case !message.IsFieldValue(line):
		return probe.NewExcerpt(errHeaderLine, line)
	}
	return nil
}
