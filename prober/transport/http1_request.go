package transport

import (
	"bytes"
	"net/textproto"
	"strconv"
	"strings"
)

// request is a target's request as it goes over an HTTP/1.1 connection, encoded
// once: keep leaves the connection open, last announces its end. Each has its
// empty line, after which there may be content, at the offset beside it.
type request struct {
	keep, last       []byte
	keepEnd, lastEnd int
}

func encodeRequest(cfg *Config, authorization string, forwarded bool) request {
	q := request{keep: encodeHeader(cfg, authorization, forwarded, ""), last: encodeHeader(cfg, authorization, forwarded, "close")}
	q.keepEnd, q.lastEnd = len(q.keep)-len("\r\n"), len(q.last)-len("\r\n")
	return q
}

// encodeHeader writes the request line and the fields of RFC 9112, section 3.
func encodeHeader(cfg *Config, authorization string, forwarded bool, connection string) []byte {
	var b bytes.Buffer
	field := func(name, value string) {
		b.WriteString(name + ": " + value + "\r\n")
	}
	b.WriteString(cfg.Method + " " + requestTarget(cfg, forwarded) + " HTTP/1.1\r\n")
	field("Host", hostField(cfg))
	if authorization != "" {
		field("Proxy-Authorization", authorization)
	}
	for _, h := range requestFields(cfg) {
		field(h.Name, h.Value)
	}
	if connection != "" {
		field("Connection", connection)
	}
	b.WriteString("\r\n")
	return b.Bytes()
}

// requestFields returns the header fields that are the same in all versions.
func requestFields(cfg *Config) []HeaderField {
	var fields []HeaderField
	if !hasField(cfg.Header, "User-Agent") {
		fields = append(fields, HeaderField{"User-Agent", "prober"})
	}
	fields = append(fields, cfg.Header...)
	if len(cfg.Compression) > 0 && !hasField(cfg.Header, "Accept-Encoding") {
		fields = append(fields, HeaderField{"Accept-Encoding", strings.Join(cfg.Compression, ", ")})
	}
	if length := max(cfg.BodySize, int64(len(cfg.Body))); length > 0 || expectsBody(cfg.Method) {
		fields = append(fields, HeaderField{"Content-Length", strconv.FormatInt(length, 10)})
	}
	return fields
}

// requestTarget is in origin-form, or in absolute-form where a proxy forwards the
// request (RFC 9112, section 3.2).
func requestTarget(cfg *Config, forwarded bool) string {
	if forwarded {
		return cfg.URL.Scheme + "://" + withoutZone(cfg.URL.Host) + cfg.URL.RequestURI()
	}
	return cfg.URL.RequestURI()
}

func hostField(cfg *Config) string {
	if cfg.Host != "" {
		return cfg.Host
	}
	return withoutZone(cfg.URL.Host)
}

// withoutZone removes the zone of an IPv6 address, which means something on this
// host only (RFC 6874, section 4).
func withoutZone(host string) string {
	start, end := strings.IndexByte(host, '%'), strings.IndexByte(host, ']')
	if start < 0 || end < start {
		return host
	}
	return host[:start] + host[end:]
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
