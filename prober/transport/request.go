package transport

import (
	"net/textproto"
	"strconv"
	"strings"

	"example.com/prober/prober/message"
)

// requestOf returns the request described by cfg. If a proxy takes the request itself,
// authorization is its credentials for the proxy, if any.
func requestOf(cfg *Config, authorization string, forwarded bool) message.Request {
	q := message.Request{
		Method:    cfg.Method,
		Scheme:    cfg.URL.Scheme,
		Authority: hostField(cfg),
		Target:    requestTarget(cfg, forwarded),

		VariesTarget:  cfg.Path != nil,
		VariesContent: cfg.VaryingBody != nil,
	}
	if authorization != "" {
		q.Fields = append(q.Fields, message.Field{Name: "Proxy-Authorization", Value: authorization})
	}
	q.Fields = append(q.Fields, requestFields(cfg)...)
	return q
}

// requestFields returns the header fields common to all versions.
func requestFields(cfg *Config) []message.Field {
	var fields []message.Field
	if !cfg.hasField("User-Agent") {
		fields = append(fields, message.Field{Name: "User-Agent", Value: "prober"})
	}
	for _, f := range cfg.Header {
		if !cfg.Cookies || !isCookie(f.Name) { // else the rendering has it
			fields = append(fields, f)
		}
	}
	if len(cfg.Compression) > 0 && !cfg.hasField("Accept-Encoding") {
		fields = append(fields, message.Field{Name: "Accept-Encoding", Value: strings.Join(cfg.Compression, ", ")})
	}
	length := max(cfg.BodySize, int64(len(cfg.Body)))
	if cfg.VaryingBody == nil && (length > 0 || expectsBody(cfg.Method)) {
		fields = append(fields, message.Field{Name: "Content-Length", Value: strconv.FormatInt(length, 10)})
	}
	return fields
}

// requestTarget is in origin-form, or in absolute-form if a proxy forwards the request
// (RFC 9112, section 3.2). It lacks what varies.
func requestTarget(cfg *Config, forwarded bool) string {
	target := ""
	if forwarded {
		target = cfg.URL.Scheme + "://" + withoutZone(cfg.URL.Host)
	}
	if cfg.Path != nil {
		return target
	}
	return target + cfg.URL.RequestURI()
}

func hostField(cfg *Config) string {
	if cfg.Host != "" {
		return cfg.Host
	}
	return withoutZone(cfg.URL.Host)
}

// withoutZone removes the zone of an IPv6 address. A zone means something on this host
// only (RFC 6874, section 4).
func withoutZone(host string) string {
	start, end := strings.IndexByte(host, '%'), strings.IndexByte(host, ']')
	if start < 0 || end < start {
		return host
	}
	return host[:start] + host[end:]
}

// hasField reports whether the request has its own header field of that name. name is in
// canonical form.
func (cfg *Config) hasField(name string) bool {
	for _, f := range cfg.Header {
		if textproto.CanonicalMIMEHeaderKey(f.Name) == name {
			return true
		}
	}
	for _, f := range cfg.VaryingHeader {
		if textproto.CanonicalMIMEHeaderKey(f.Name) == name {
			return true
		}
	}
	return false
}

// expectsBody reports whether a method announces a missing content with a length of 0 (RFC
// 9110, section 8.6).
func expectsBody(method string) bool {
	return method == "POST" || method == "PUT" || method == "PATCH"
}
