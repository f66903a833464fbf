package head

import (
	"strconv"

	"example.com/prober/errcode"
	"example.com/prober/prober/probe"
)

// What a peer can do wrong in the lines of a response; most of these come with an
// [probe.ExcerptError]. If a value has a control character, only the name of the field is
// shown.
var (
	errStatusLine        = errcode.New(errcode.HTTP1StatusLine, "malformed status line")
	errVersion           = errcode.New(errcode.HTTP1Version, "HTTP version other than 1.0 and 1.1:")
	errHeaderLine        = errcode.New(errcode.HTTP1Header, "malformed header line")
	errHeaderValue       = errcode.New(errcode.HTTP1Header, "a control character in the header field")
	errContentLength     = errcode.New(errcode.HTTP1ContentLength, "malformed Content-Length")
	errTransferEncoding  = errcode.New(errcode.HTTP1TransferEncoding, "unsupported Transfer-Encoding")
	errEncodings         = errcode.New(errcode.HTTP1TransferEncoding, "Transfer-Encoding more than once")
	errEncodingAndLength = errcode.New(errcode.HTTP1TransferEncoding, "both Transfer-Encoding and Content-Length")
	errEncodingVersion   = errcode.New(errcode.HTTP1TransferEncoding, "Transfer-Encoding in HTTP/1.0")
	ErrChunkSize         = errcode.New(errcode.HTTP1Chunk, "malformed chunk size")
	ErrChunkExtension    = errcode.New(errcode.HTTP1Chunk, "malformed chunk extension")
	ErrTrailer           = errcode.New(errcode.Trailers, "malformed trailer line")
	ErrTrailerValue      = errcode.New(errcode.Trailers, "a control character in the trailer")
)

func statusFault(status int) error {
	return errcode.New(errcode.HTTP1StatusRange, "status outside 100-599: "+strconv.Itoa(status))
}

func lengthsFault(one int64, other []byte) error {
	return probe.NewExcerpt(errcode.New(errcode.HTTP1ContentLength, "Content-Length is both "+strconv.FormatInt(one, 10)+" and"), other)
}
