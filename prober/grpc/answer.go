package grpc

import (
	"encoding/binary"
	"errors"
	"strconv"
	"strings"
	"time"

	"example.com/prober/errcode"
	"example.com/prober/prober/content"
	"example.com/prober/prober/message"
	"example.com/prober/prober/probe"
)

// The fields of gRPC in an answer.
const (
	contentType = "content-type"
	encoding    = "grpc-encoding"
	statusField = "grpc-status"
	statusText  = "grpc-message"
)

// wanted are the fields to keep from headers and trailers.
var wanted = [...]string{contentType, encoding, statusField, statusText}

// maxForeign is how many bytes of an answer other than gRPC are read. The error page of a
// proxy fits in, and the call then has the code of its status.
const maxForeign = 1 << 20

// maxStatusText is how many bytes of grpc-message are kept, in their encoding. Its bytes
// are only for a person to read, and every worker keeps them.
const maxStatusText = 512

// Errors that end a call before its answer has ended.
var (
	errForeign    = errcode.New(errcode.GRPCContentType, "the answer is not gRPC, and has no end within 1 MiB")
	errFlag       = errcode.New(errcode.GRPCFraming, "a message begins with a flag that is neither 0 nor 1")
	errNoEncoding = errcode.New(errcode.GRPCDecompression, "a message is compressed, but grpc-encoding is not gzip")
	errEmptyGzip  = errcode.New(errcode.GRPCDecompression, "a message is compressed, but empty")
)

// answer takes in the answer to a call as it comes. It belongs to the worker; while the
// stream is open, it belongs to the connection.
type answer struct {
	kept  *content.Kept // takes the first message
	limit int64         // of a message, in bytes
	looks bool          // the first message is checked, compressed or not
	// metadata are the encoded fields of this call alone.
	metadata []byte

	http    int  // the status of HTTP
	isGRPC  bool // according to content-type
	gzip    bool // grpc-encoding is gzip
	foreign []byte
	ignored int64 // bytes of content if the answer is not gRPC

	prefix [prefixSize]byte
	have   int   // how many bytes of the prefix have come
	left   int64 // how many bytes of the message are missing
	keeps  bool  // this message is kept
	// firstKept means that the first message was kept.
	firstKept bool
	messages  int           // complete messages
	began     probe.Arrival // of the first message

	statuses int   // how often grpc-status came
	status   int64 // its value, or -1 if that is no number
	text     []byte
}

// begin prepares a for the next answer.
func (a *answer) begin(kept *content.Kept, limit int64, looks bool) {
	*a = answer{kept: kept, limit: limit, looks: looks, foreign: a.foreign[:0], text: a.text[:0]}
}

// AppendFields appends the metadata of this call alone, and its time left.
func (a *answer) AppendFields(block []byte, left time.Duration) []byte {
	return appendTimeoutField(append(block, a.metadata...), left)
}

// Header notes whether the answer is gRPC. If the answer ends with its header, the status is
// in it.
func (a *answer) Header(status int, fields *message.FieldSet, ended bool) {
	a.http = status
	for _, f := range fields.Fields {
		switch value := fields.Value(f); f.Name {
		case contentType:
			a.isGRPC = isGRPC(value)
			if !a.isGRPC {
				a.foreign = append(a.foreign[:0], value[:min(len(value), maxStatusText)]...)
			}
		case encoding:
			a.gzip = message.EqualFold(value, "gzip")
		}
	}
	if ended {
		a.Trailers(fields)
	}
}

// isGRPC reports whether a content-type is application/grpc, with or without a suffix for
// the encoding of messages. The name application/grpc-web begins in the same way, and is
// another protocol.
func isGRPC(contentType []byte) bool {
	const want = "application/grpc"
	if len(contentType) < len(want) || !message.EqualFold(contentType[:len(want)], want) {
		return false
	}
	rest := contentType[len(want):]
	return len(rest) == 0 || rest[0] == '+' || rest[0] == ';'
}

// Trailers takes in the status.
func (a *answer) Trailers(fields *message.FieldSet) {
	for _, f := range fields.Fields {
		switch value := fields.Value(f); f.Name {
		case statusField:
			// Two of them would leave it open whether the call is a success, so they are
			// counted.
			a.statuses++
			a.status = parseStatus(value)
			if a.status < 0 {
				a.text = append(a.text[:0], value[:min(len(value), maxStatusText)]...)
			}
		case statusText:
			if a.status >= 0 {
				a.text = append(a.text[:0], value[:min(len(value), maxStatusText)]...)
			}
		}
	}
}

// parseStatus returns -1 if value is no number.
func parseStatus(value []byte) int64 {
	n, ok := message.ParseLength(value)
	if !ok {
		return -1
	}
	return n
}

// Data splits the content into messages. It runs on the goroutine that reads the
// connection, so it waits for nothing and keeps nothing of part.
func (a *answer) Data(part []byte, arrival probe.Arrival) error {
	if !a.isGRPC {
		if a.ignored += int64(len(part)); a.ignored > maxForeign {
			return errForeign
		}
		return nil
	}
	if a.began.Read == 0 && len(part) > 0 {
		a.began = arrival
	}
	for len(part) > 0 {
		var err error
		if a.have < prefixSize {
			part, err = a.open(part)
		} else {
			part, err = a.take(part)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// open reads the prefix of a message and returns the bytes after it.
func (a *answer) open(part []byte) (rest []byte, err error) {
	n := copy(a.prefix[a.have:], part)
	if a.have += n; a.have < prefixSize {
		return part[n:], nil
	}
	length, compressed := int64(binary.BigEndian.Uint32(a.prefix[1:])), a.prefix[0] == 1
	switch {
	case a.prefix[0] > 1:
		return nil, errFlag
	// The prefix is judged before the message comes: a length of 4 GiB must not be waited
	// for.
	case length > a.limit:
		return nil, errcode.New(errcode.GRPCMessageSize,
			"a message of "+strconv.FormatInt(length, 10)+" bytes, above "+strconv.FormatInt(a.limit, 10))
	case compressed && !a.gzip:
		return nil, errNoEncoding
	// Not even the header of gzip fits in, and package content would take it for an empty
	// message.
	case compressed && length == 0:
		return nil, errEmptyGzip
	}
	a.left = length
	a.keeps = a.messages == 0 && (compressed || a.looks)
	if a.keeps {
		a.firstKept = true
		a.keep(compressed)
	}
	if length == 0 {
		a.close()
	}
	return part[n:], nil
}

var (
	codingField = []string{"content-encoding"}
	gzipName    = []byte("content-encoding")
	gzipValue   = []byte("gzip")
)

// keep prepares a.kept for the message, and notes there whether it is compressed.
func (a *answer) keep(compressed bool) {
	if compressed {
		// Package content decodes by this field, and so a message of gRPC is bounded like
		// any body.
		a.kept.Fields.Add(codingField, gzipName, gzipValue)
	}
	const ok = 200
	a.kept.Begin(ok)
}

// take reads a part of a message and returns the bytes after the message.
func (a *answer) take(part []byte) (rest []byte, err error) {
	n := int(min(a.left, int64(len(part))))
	if a.keeps {
		if err := a.kept.Take(part[:n]); err != nil {
			return nil, oversized(err)
		}
	}
	if a.left -= int64(n); a.left == 0 {
		a.close()
	}
	return part[n:], nil
}

func (a *answer) close() {
	a.messages++
	a.have = 0
}

// Began returns the arrival of the first message.
func (a *answer) Began() probe.Arrival { return a.began }

// isTorn reports whether the answer ended within a message.
func (a *answer) isTorn() bool { return a.have > 0 }

// oversized adds a code to the error of a message that cannot be kept or decoded.
func oversized(err error) error {
	switch {
	case errors.Is(err, content.ErrInflated):
		return errcode.Wrap(errcode.GRPCMessageSize, "a message too long to be looked at", err)
	case errcode.FromError(err) == errcode.Decompression:
		return errcode.Wrap(errcode.GRPCDecompression, "a message that cannot be decompressed", err)
	}
	return err
}

// readable decodes grpc-message, which is percent-encoded.
func readable(text []byte) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '%' && i+2 < len(text) {
			if c, err := strconv.ParseUint(string(text[i+1:i+3]), 16, 8); err == nil {
				b.WriteByte(byte(c))
				i += 2
				continue
			}
		}
		b.WriteByte(text[i])
	}
	return b.String()
}
