package http3

import (
	"bufio"
	"context"
	"errors"
	"io"
	"slices"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/quicvarint"

	"example.com/prober/prober/message"
)

// Types of the streams of a server (RFC 9114, section 6.2; RFC 9204, section 4.2).
const (
	streamControl = 0x0
	streamPush    = 0x1
	streamEncoder = 0x2
	streamDecoder = 0x3
)

const (
	settingMaxFieldSection = 0x6
	// maxSettings bounds the payload of SETTINGS, in bytes.
	maxSettings = 8 << 10
	// maxStrange is how many streams of unknown types a server may send, and maxControlFrames
	// how many frames on the control stream. Each request allows one more.
	maxStrange       = 64
	maxControlFrames = 64
)

// server is the state of a server's own streams on a connection; the mutex of the pool
// guards it.
type server struct {
	control, encoder, decoder bool
	strange, frames           int
	// excluded is the first stream that the server will not process; it is set once isGoing is.
	excluded uint64
	isGoing  bool
}

// settle opens the control stream and sends SETTINGS. Streams of QPACK would carry nothing.
// The server learns from them how long a header may be. It may leave that unheeded, so
// responses are measured all the same.
func (c *conn) settle(ctx context.Context) error {
	control, err := c.quic.OpenUniStreamSync(ctx)
	if err != nil {
		return nil //nolint:nilerr // the connection has ended
	}
	out := quicvarint.Append(nil, streamControl)
	out = quicvarint.Append(out, frameSettings)
	value := quicvarint.Append(quicvarint.Append(nil, settingMaxFieldSection), message.MaxHeaderBytes)
	out = append(quicvarint.Append(out, uint64(len(value))), value...)
	_, _ = control.Write(out) // fails only after the end of the connection
	return nil
}

// accept reads each stream of the server on a goroutine of its own, at most serverStreams at
// once.
func (c *conn) accept(ctx context.Context) error {
	for {
		// quic-go allows the server serverStreams at once, and so bounds these goroutines.
		s, err := c.quic.AcceptUniStream(ctx)
		if err != nil {
			return nil //nolint:nilerr // the connection has ended
		}
		c.reading.Go(func() { c.guard(func() error { return c.read(s) }) })
	}
}

// read reads one stream of the server. An error ends the connection.
func (c *conn) read(s *quic.ReceiveStream) error {
	// Frames on these streams are short. The buffer of a response would be 64 times as
	// large, for each stream of each connection.
	in := bufio.NewReaderSize(s, 256)
	kind, err := quicvarint.Read(in)
	if err != nil {
		return c.strange() // it has ended before its type
	}
	switch kind {
	case streamControl:
		if !c.isFirst(&c.server.control) {
			return broken(h3StreamCreation, "the server opened a second control stream")
		}
		return c.critical(c.readControl(in))
	case streamPush:
		return broken(h3ID, "the server opened a push stream, but the prober allows none")
	case streamEncoder:
		if !c.isFirst(&c.server.encoder) {
			return broken(h3StreamCreation, "the server opened a second encoder stream")
		}
		return c.critical(readEncoder(in))
	case streamDecoder:
		if !c.isFirst(&c.server.decoder) {
			return broken(h3StreamCreation, "the server opened a second decoder stream")
		}
		return c.critical(readDecoder(in))
	}
	s.CancelRead(h3StreamCreation) // RFC 9114, section 6.2.3
	return c.strange()
}

// isFirst notes the opening of a stream that may exist only once, and reports whether it is
// the first.
func (c *conn) isFirst(opened *bool) bool {
	c.pool.mu.Lock()
	defer c.pool.mu.Unlock()
	was := *opened
	*opened = true
	return !was
}

// strange counts a stream of an unknown type.
func (c *conn) strange() error {
	c.pool.mu.Lock()
	defer c.pool.mu.Unlock()
	if c.server.strange++; c.server.strange > maxStrange+c.served {
		return errLoad
	}
	return nil
}

// critical handles err, the end of a stream that must not end (RFC 9114, section 6.2.1).
func (c *conn) critical(err error) error {
	var f *fault
	switch reset := (*quic.StreamError)(nil); {
	case errors.As(err, &f):
		return err
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.As(err, &reset):
		return broken(h3ClosedCritical, "the server closed a stream that has to stay open")
	}
	return nil // the connection has ended
}

// readControl reads the frames of the control stream until it ends (RFC 9114, section 7.2).
func (c *conn) readControl(in *bufio.Reader) error {
	for first := true; ; first = false {
		kind, err := quicvarint.Read(in)
		if err != nil {
			return err
		}
		length, err := quicvarint.Read(in)
		if err != nil {
			return err
		}
		switch {
		case first && kind != frameSettings:
			return broken(h3MissingSettings, "the control stream of the server does not begin with SETTINGS")
		case first:
			err = readSettings(in, length)
		case kind == frameGoAway:
			err = c.readGoAway(in, length)
		case kind == frameCancelPush:
			err = broken(h3ID, "the server cancelled a push, but the prober allows none")
		case kind == frameData, kind == frameHeaders, kind == frameSettings, kind == framePushPromise, kind == frameMaxPushID, isReserved(kind):
			err = broken(h3FrameUnexpected, "the server sent a frame that is not allowed on its control stream")
		default:
			_, err = io.CopyN(io.Discard, in, int64(min(length, 1<<62)))
		}
		if err == nil {
			err = c.spend()
		}
		if err != nil {
			return err
		}
	}
}

// spend counts a frame of the control stream.
func (c *conn) spend() error {
	c.pool.mu.Lock()
	defer c.pool.mu.Unlock()
	if c.server.frames++; c.server.frames > maxControlFrames+c.served {
		return errLoad
	}
	return nil
}

// readSettings checks the settings of the server (RFC 9114, section 7.2.4). None of them
// changes the prober's behaviour: it needs no dynamic table.
func readSettings(in io.Reader, length uint64) error {
	if length > maxSettings {
		return broken(h3ExcessiveLoad, "the server sent SETTINGS above 8 KiB")
	}
	payload := make([]byte, length)
	if _, err := io.ReadFull(in, payload); err != nil {
		return err
	}
	var seen []uint64
	for len(payload) > 0 {
		id, n, err := quicvarint.Parse(payload)
		if err != nil {
			return broken(h3FrameError, "the server sent malformed SETTINGS")
		}
		_, m, err := quicvarint.Parse(payload[n:])
		if err != nil {
			return broken(h3FrameError, "the server sent malformed SETTINGS")
		}
		payload = payload[n+m:]
		if isReservedSetting(id) || slices.Contains(seen, id) {
			return broken(h3Settings, "the server sent a setting twice, or a reserved one")
		}
		seen = append(seen, id)
	}
	return nil
}

// isReservedSetting reports whether a server must not send a setting. Those of HTTP/2 that have
// no equivalent in HTTP/3, 0x2 to 0x5, are reserved, and so is 0x0, which HTTP/2 reserves too (RFC
// 9114, sections 7.2.4.1 and 11.2.2). 0x1, 0x6 and 0x7 have a meaning in HTTP/3. Identifiers made
// to be ignored, 0x1f * N + 0x21, and unknown ones are no faults.
func isReservedSetting(id uint64) bool { return id <= 0x5 && id != 0x1 }

// readGoAway stops the opening of streams, and gives up the streams that the server will not
// process (RFC 9114, section 5.2). The others may still complete.
func (c *conn) readGoAway(in io.Reader, length uint64) error {
	var payload [8]byte
	if length == 0 || length > uint64(len(payload)) {
		return broken(h3FrameError, "the server sent a malformed GOAWAY")
	}
	if _, err := io.ReadFull(in, payload[:length]); err != nil {
		return err
	}
	id, n, err := quicvarint.Parse(payload[:length])
	if err != nil || n != int(length) {
		return broken(h3FrameError, "the server sent a malformed GOAWAY")
	}
	// A server may lower the limit by another GOAWAY, and never raise it: a request above
	// the first may already have been sent elsewhere.
	if !c.exclude(id) {
		return broken(h3ID, "the server sent a GOAWAY with an impossible identifier")
	}
	c.retire()
	return nil
}

// exclude gives up the streams from id on. It reports whether id is valid.
func (c *conn) exclude(id uint64) bool {
	const ours = 4 // identifiers of request streams are multiples of it
	c.pool.mu.Lock()
	defer c.pool.mu.Unlock()
	if id%ours != 0 || c.server.isGoing && id > c.server.excluded {
		return false
	}
	c.server.isGoing, c.server.excluded = true, id
	c.draining = true
	for _, st := range c.open {
		switch {
		case st.quic != nil && uint64(st.quic.StreamID()) >= id:
			st.unprocessed.Store(true)
			// The worker reads, and learns by this that no response will come.
			st.quic.CancelRead(h3Cancelled)
		case st.quic == nil:
			st.unprocessed.Store(true)
			if st.giveUp != nil {
				st.giveUp()
			}
		}
	}
	return true
}

// readEncoder reads the server's instructions for its dynamic table. It may only say that
// there is none (RFC 9204, section 4.3.1).
func readEncoder(in io.ByteReader) error {
	const noTable = 0x20
	for {
		b, err := in.ReadByte()
		if err != nil {
			return err
		}
		if b != noTable {
			return broken(qpackEncoder, "the server used a dynamic table, but there is none")
		}
	}
}

// readDecoder reads the server's instructions about our dynamic table. There is none, so it
// may only cancel streams (RFC 9204, section 4.4.2).
func readDecoder(in io.ByteReader) error {
	for {
		b, err := in.ReadByte()
		if err != nil {
			return err
		}
		if b&0xc0 != 0x40 {
			return broken(qpackDecoder, "the server acknowledged a dynamic table, but there is none")
		}
		// The stream's number is of no interest, so its bytes are passed over, however many
		// there are.
		for more := b&0x3f == 0x3f; more; more = b&0x80 != 0 {
			if b, err = in.ReadByte(); err != nil {
				return err
			}
		}
	}
}
