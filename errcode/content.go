package errcode

import (
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"net/http"
	"net/textproto"
)

// content takes in the error types of net/http, net/textproto and compress for malformed
// responses.
func (f *facts) content(err error) bool {
	switch err.(type) {
	case textproto.ProtocolError:
		first(&f.malformed, f.fieldLine())
	case *http.ProtocolError:
		first(&f.malformed, HTTP1)
	case *http.MaxBytesError:
		first(&f.malformed, BodyLimit)
	case flate.CorruptInputError, flate.InternalError:
		first(&f.malformed, Decompression)
	default:
		return f.contentSentinel(err)
	}
	return true
}

func (f *facts) contentSentinel(err error) bool {
	switch err {
	case gzip.ErrHeader, gzip.ErrChecksum, zlib.ErrHeader, zlib.ErrChecksum, zlib.ErrDictionary:
		first(&f.malformed, Decompression)
	case http.ErrLineTooLong:
		first(&f.malformed, HTTP1Chunk)
	case http.ErrNoLocation:
		first(&f.malformed, RedirectLocation)
	default:
		return false
	}
	return true
}

// fieldLine returns the code of a malformed field line: of the header, or of the trailers
// once the header is complete.
func (f *facts) fieldLine() Code {
	if f.place.Phase == PhaseTransfer && !f.place.InHeader {
		return Trailers
	}
	return HTTP1Header
}
