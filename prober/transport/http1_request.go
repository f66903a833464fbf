package transport

import (
	"bytes"
	"net/textproto"
	"strconv"
)

// inlineBody is the longest body that is sent in one write with its header.
const inlineBody = 32 << 10

// request is a target's request as it goes over an HTTP/1.1 connection, encoded
// once: keep leaves the connection open, last announces its end.
type request struct {
	keep, last []byte
	// body follows the header when it is too long to be part of it.
	body []byte
	// generated is how many bytes of filler follow the header.
	generated int64
	// bodiless tells that the response has no body whatever its header says.
	bodiless bool
}

// filler is what generated bodies are made of; it is only read.
var filler = bytes.Repeat([]byte("0123456789abcdefghijklmnopqrstuvwxyz-prober-generated-body-----\n"), 512)

func encodeRequest(cfg *Config) request {
	q := request{bodiless: cfg.Method == "HEAD", generated: cfg.BodySize}
	q.keep = encodeHeader(cfg, "")
	q.last = encodeHeader(cfg, "close")
	switch {
	case cfg.BodySize > 0:
	case len(cfg.Body) <= inlineBody:
		q.keep = append(q.keep, cfg.Body...)
		q.last = append(q.last, cfg.Body...)
	default:
		q.body = cfg.Body
	}
	return q
}

// encodeHeader writes the request line and the fields of RFC 9112, section 3.
func encodeHeader(cfg *Config, connection string) []byte {
	var b bytes.Buffer
	field := func(name, value string) {
		b.WriteString(name + ": " + value + "\r\n")
	}
	b.WriteString(cfg.Method + " " + cfg.URL.RequestURI() + " HTTP/1.1\r\n")
	field("Host", hostField(cfg))
	if !hasField(cfg.Header, "User-Agent") {
		field("User-Agent", "prober")
	}
	for _, h := range cfg.Header {
		field(h.Name, h.Value)
	}
	if length := max(cfg.BodySize, int64(len(cfg.Body))); length > 0 || expectsBody(cfg.Method) {
		field("Content-Length", strconv.FormatInt(length, 10))
	}
	if connection != "" {
		field("Connection", connection)
	}
	b.WriteString("\r\n")
	return b.Bytes()
}

func hostField(cfg *Config) string {
	if cfg.Host != "" {
		return cfg.Host
	}
	return cfg.URL.Host
}

func hasField(fields []HeaderField, name string) bool {
	for _, f := range fields {
		if textproto.CanonicalMIMEHeaderKey(f.Name) == name {
			return true
		}
	}
	return false
}

// expectsBody tells whether a method without content announces so with a length
// of 0 (RFC 9110, section 8.6).
func expectsBody(method string) bool {
	return method == "POST" || method == "PUT" || method == "PATCH"
}
