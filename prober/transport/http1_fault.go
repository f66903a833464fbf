package transport

import (
	"strconv"

	"example.com/prober/errcode"
)

// What a peer can do wrong in the fields that frame a message.
var (
	errEncodings         = errcode.New(errcode.HTTP1TransferEncoding, "Transfer-Encoding more than once")
	errEncodingAndLength = errcode.New(errcode.HTTP1TransferEncoding, "both Transfer-Encoding and Content-Length")
	errEncodingVersion   = errcode.New(errcode.HTTP1TransferEncoding, "Transfer-Encoding in HTTP/1.0")
)

// maxQuoted is how many bytes of what a peer sent stand in the text of a failure.
const maxQuoted = 48

// quoted makes bytes of a peer fit for the text of a failure.
func quoted[T string | []byte](b T) string {
	if len(b) > maxQuoted {
		return strconv.QuoteToASCII(string(b[:maxQuoted])) + "..."
	}
	return strconv.QuoteToASCII(string(b))
}

func statusLineFault(line []byte) error {
	return errcode.New(errcode.HTTP1StatusLine, "malformed status line "+quoted(line))
}

func versionFault(version []byte) error {
	return errcode.New(errcode.HTTP1Version, "HTTP version other than 1.0 and 1.1: "+quoted(version))
}

func statusFault(status int) error {
	return errcode.New(errcode.HTTP1StatusRange, "status outside 100-599: "+strconv.Itoa(status))
}

// fieldLineFault is about a line that is no field.
func fieldLineFault(line []byte) error {
	return errcode.New(errcode.HTTP1Header, "malformed header line "+quoted(line))
}

// fieldValueFault names the field only: its value may be a secret.
func fieldValueFault(name []byte) error {
	return errcode.New(errcode.HTTP1Header, "a control character in the header field "+quoted(name))
}

func lengthFault(value []byte) error {
	return errcode.New(errcode.HTTP1ContentLength, "malformed Content-Length "+quoted(value))
}

func lengthsFault(one int64, other []byte) error {
	return errcode.New(errcode.HTTP1ContentLength, "Content-Length is both "+strconv.FormatInt(one, 10)+" and "+quoted(other))
}

func encodingFault(value []byte) error {
	return errcode.New(errcode.HTTP1TransferEncoding, "unsupported Transfer-Encoding "+quoted(value))
}

func chunkFault(what string, line []byte) error {
	return errcode.New(errcode.HTTP1Chunk, what+" "+quoted(line))
}

func trailerFault(what string, part []byte) error {
	return errcode.New(errcode.Trailers, what+" "+quoted(part))
}
