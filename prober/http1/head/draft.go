package head

import (
	"bytes"

	"example.com/prober/prober/message"
	"example.com/prober/prober/probe"
)

// draft judges a response header that is not complete yet, line by line: a peer that
// says nonsense and then nothing is not waited for. It comes to the code that the
// whole header would have, and looks at each line once.
type draft struct {
	header Header // without its fields
	judged int    // bytes, all of them whole lines
	last   draftField
}

// draftField is what kind of field came last, which a line can continue.
type draftField uint8

const (
	draftNone draftField = iota
	draftOther
	draftLength   // Content-Length
	draftEncoding // Transfer-Encoding
)

// judge looks at the lines of received before whole, which is where a line begins whose
// end has not come, and at how that begins if it is the first one.
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
		return nil // whether the connection ends matters to a whole header only
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
