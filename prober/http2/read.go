package http2

import (
	"encoding/binary"

	"golang.org/x/net/http2"

	"example.com/prober/prober/message"
)

// maxHeaderFrames bounds the CONTINUATION frames of one header block. maxHeaderBlock bounds its encoded size. Even a
// header block above [message.MaxHeaderBytes] is decoded, because later ones build on it.
const (
	maxHeaderFrames = 64
	maxHeaderBlock  = 2 * message.MaxHeaderBytes
)

// readFrame reads one frame and handles it. It parses the frames of every response itself, without an allocation. An
// error ends the connection.
func (c *conn) readFrame() error {
	fh, err := c.readFrameHeader()
	if err != nil {
		return err
	}
	switch fh.Type {
	case http2.FrameData:
		return c.readData(fh)
	case http2.FrameHeaders:
		return c.readHeaders(fh)
	case http2.FrameWindowUpdate:
		return c.readWindowUpdate(fh)
	case http2.FramePriority:
		return c.readPriority(fh)
	case http2.FramePushPromise: // we have disabled it (RFC 9113, section 8.4)
		return http2.ConnectionError(http2.ErrCodeProtocol)
	case http2.FrameSettings, http2.FramePing, http2.FrameGoAway, http2.FrameRSTStream:
		frame, err := c.framer.ReadFrameForHeader(fh)
		if err != nil {
			return err
		}
		return c.control(frame)
	default: // unknown types are ignored (RFC 9113, section 4.1)
		if _, err := c.in.Discard(int(fh.Length)); err != nil {
			return err
		}
		return c.ignored()
	}
}

// readFrameHeader reads the header of a frame. The framer checks the order of frames that may have to follow each
// other. A frame that stands alone and is already buffered, as most frames of responses are, is read without the
// framer.
func (c *conn) readFrameHeader() (http2.FrameHeader, error) {
	if c.in.Buffered() < frameHeaderSize {
		return c.framer.ReadFrameHeader()
	}
	p, _ := c.in.Peek(frameHeaderSize) // the bytes are buffered
	fh := http2.FrameHeader{
		Length:   binary.BigEndian.Uint32(p) >> 8,
		Type:     http2.FrameType(p[3]),
		Flags:    http2.Flags(p[4]),
		StreamID: binary.BigEndian.Uint32(p[5:]) & maxStreamID,
	}
	alone := fh.Type == http2.FrameData || fh.Type == http2.FrameHeaders && fh.Flags.Has(http2.FlagHeadersEndHeaders)
	if !alone || fh.Length > leastMaxFrame {
		return c.framer.ReadFrameHeader()
	}
	_, err := c.in.Discard(frameHeaderSize)
	return fh, err
}

// readPadding reads the length of the padding, if the frame has any. It returns it with the length of the remaining
// payload (RFC 9113, section 6.1).
func (c *conn) readPadding(fh http2.FrameHeader, padded http2.Flags) (left, padding int, err error) {
	left = int(fh.Length)
	if !fh.Flags.Has(padded) {
		return left, 0, nil
	}
	if left == 0 {
		return 0, 0, http2.ConnectionError(http2.ErrCodeFrameSize)
	}
	n, err := c.in.ReadByte()
	if err != nil {
		return 0, 0, err
	}
	if left--; int(n) > left {
		return 0, 0, http2.ConnectionError(http2.ErrCodeProtocol)
	}
	return left, int(n), nil
}

func (c *conn) readData(fh http2.FrameHeader) error {
	if fh.StreamID == 0 {
		return http2.ConnectionError(http2.ErrCodeProtocol)
	}
	left, padding, err := c.readPadding(fh, http2.FlagDataPadded)
	if err != nil {
		return err
	}
	var part []byte
	if c.pool.Keeps || c.pool.Shows {
		// It fits: the buffer is larger than the longest frame.
		if part, err = c.in.Peek(left); err != nil {
			return err
		}
		part = part[:left-padding] // stays where it is until the next read
	}
	if _, err := c.in.Discard(left); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.heard()
	return c.data(fh, int64(left-padding), part)
}

// readHeaders reads a header. It always decodes it, because later ones build on it.
func (c *conn) readHeaders(fh http2.FrameHeader) error {
	if fh.StreamID == 0 {
		return http2.ConnectionError(http2.ErrCodeProtocol)
	}
	block, size, err := c.readBlock(fh)
	if err != nil {
		return err
	}
	if err := c.fields.Decode(block, &c.head); err != nil {
		return http2.ConnectionError(http2.ErrCodeCompression)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.heard()
	return c.headers(fh, size)
}

// readBlock reads a header block from the frame with header fh and its continuations. The block is valid until the next
// read; size is the size of the frames in bytes.
func (c *conn) readBlock(fh http2.FrameHeader) (block []byte, size int64, err error) {
	left, padding, err := c.readPadding(fh, http2.FlagHeadersPadded)
	if err != nil {
		return nil, 0, err
	}
	payload, err := c.in.Peek(left)
	if err != nil {
		return nil, 0, err
	}
	block = payload[:left-padding]
	if fh.Flags.Has(http2.FlagHeadersPriority) {
		const priority = 5 // means nothing any more (RFC 9113, section 5.3.2)
		if len(block) < priority {
			return nil, 0, http2.ConnectionError(http2.ErrCodeFrameSize)
		}
		block = block[priority:]
	}
	size = frameHeaderSize + int64(fh.Length)
	ended := fh.Flags.Has(http2.FlagHeadersEndHeaders)
	if !ended {
		c.block = append(c.block[:0], block...)
	}
	// The peeked bytes stay in place until the next read.
	if _, err := c.in.Discard(left); err != nil || ended {
		return block, size, err
	}
	more, err := c.readContinuations()
	return c.block, size + more, err
}

// readContinuations appends the rest of a header block to c.block and returns the size of the frames. The framer makes
// sure that no other frame comes between them.
func (c *conn) readContinuations() (size int64, err error) {
	for range maxHeaderFrames {
		fh, err := c.framer.ReadFrameHeader()
		if err != nil {
			return 0, err
		}
		payload, err := c.in.Peek(int(fh.Length))
		if err != nil {
			return 0, err
		}
		if len(c.block)+len(payload) > maxHeaderBlock {
			return 0, errHeaderBlock
		}
		size += frameHeaderSize + int64(len(payload))
		c.block = append(c.block, payload...)
		if _, err := c.in.Discard(len(payload)); err != nil {
			return 0, err
		}
		if fh.Flags.Has(http2.FlagContinuationEndHeaders) {
			return size, nil
		}
	}
	// Frames without any content would pass the bound on the size for ever.
	return 0, errFlood
}

func (c *conn) readWindowUpdate(fh http2.FrameHeader) error {
	if fh.Length != 4 {
		return http2.ConnectionError(http2.ErrCodeFrameSize)
	}
	payload, err := c.in.Peek(4)
	if err != nil {
		return err
	}
	increment := binary.BigEndian.Uint32(payload) & maxWindow
	if _, err := c.in.Discard(4); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.heard()
	if err := c.flood.spend(c.readAt); err != nil {
		return err
	}
	if err := c.widen(fh.StreamID, increment); err != nil {
		return err
	}
	return c.drained()
}

// readPriority checks a frame that means nothing any more (RFC 9113, section 6.3).
func (c *conn) readPriority(fh http2.FrameHeader) error {
	if fh.StreamID == 0 {
		return http2.ConnectionError(http2.ErrCodeProtocol)
	}
	if _, err := c.in.Discard(int(fh.Length)); err != nil {
		return err
	}
	if fh.Length == 5 {
		return c.ignored()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.heard()
	st := c.find(fh.StreamID)
	if st == nil {
		return http2.ConnectionError(http2.ErrCodeFrameSize)
	}
	c.reset(st, http2Fault(st, http2.ErrCodeFrameSize, "a PRIORITY frame of a wrong size"))
	return c.drained()
}

// ignored counts a frame that means nothing to us.
func (c *conn) ignored() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.heard()
	return c.flood.spend(c.readAt)
}

// heard notes that the peer is alive; mu is held.
func (c *conn) heard() {
	c.heardAt, c.pingUntil = c.readAt, 0
	c.writer.heard()
}
