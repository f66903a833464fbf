package errcode

import (
	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// frame takes in the types of golang.org/x/net/http2.
func (f *facts) frame(err error) bool {
	switch e := err.(type) {
	case http2.GoAwayError:
		first(&f.http2, FromGoAway(uint32(e.ErrCode)))
	case http2.StreamError:
		first(&f.http2, FromStream(uint32(e.Code)))
	case http2.ConnectionError:
		first(&f.http2, FromConnection(uint32(e)))
	case hpack.DecodingError, hpack.InvalidIndexError:
		first(&f.http2, FromConnection(uint32(http2.ErrCodeCompression)))
	default:
		return f.frameSentinel(err)
	}
	return true
}

func (f *facts) frameSentinel(err error) bool {
	switch err {
	case http2.ErrFrameTooLarge:
		first(&f.http2, HTTP2FrameSize)
	case hpack.ErrInvalidHuffman, hpack.ErrStringLength:
		first(&f.http2, FromConnection(uint32(http2.ErrCodeCompression)))
	case http2.ErrNoCachedConn:
		first(&f.http2, HTTP2)
	default:
		return false
	}
	return true
}
