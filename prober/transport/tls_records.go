package transport

// Types of TLS records (RFC 8446, section 5.1).
const (
	recordHandshake       = 22
	recordApplicationData = 23
	recordHeaderSize      = 5
)
