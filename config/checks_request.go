package config

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// checkBody refuses bodies that many servers ignore or refuse: RFC 9110,
// section 9.3. A body with GET needs an explicit method.
func (s checks) checkBody(r Request) {
	bodies := []string{"request.body", "request.body_file", "request.body_size"}
	hasBody := slices.ContainsFunc(bodies, s.IsSet)
	switch {
	case !hasBody || s.IsSet("request.method") && !s.Sound("request.method"):
	case r.Method == "":
		s.Conflict("needs request.method, such as POST; the default is GET", bodies...)
	case r.Method == http.MethodHead || r.Method == http.MethodTrace:
		s.Conflict(r.Method+" cannot have a body", append(bodies, "request.method")...)
	}
}

// checkHeaders finds headers that would be sent twice: once from the list of
// headers, and once from a key of their own.
func (s checks) checkHeaders(t *Target) {
	r, headers, given := t.Request, "request.headers", t.Request.Headers
	if t.Kind() == KindGRPC {
		headers, given = "grpc.metadata", t.GRPC.Metadata
	}
	for _, made := range []struct {
		key, header string
		on          bool
	}{
		{"request.basic_auth", "Authorization", r.BasicAuth != nil},
		{"request.authorization", "Authorization", r.Authorization != nil},
		{"request.oauth2", "Authorization", r.OAuth2 != nil},
		{"request.compression", "Accept-Encoding", len(r.Compression) > 0},
		{"request.id_header", r.IDHeader, r.IDHeader != ""},
		{"request.traceparent", "Traceparent", r.Traceparent},
	} {
		isGiven := slices.ContainsFunc(given, func(h Header) bool { return strings.EqualFold(h.Name, made.header) })
		if made.on && isGiven {
			s.Conflict(fmt.Sprintf("the header %s is set twice, by %s and by %s", made.header, made.key, headers), made.key, headers)
		}
	}
}

// checkMethod follows RFC 9110, section 9.1: a token, and case matters.
func checkMethod(s string) error {
	standard := []string{
		http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut,
		http.MethodPatch, http.MethodDelete, http.MethodOptions, http.MethodTrace,
	}
	upper := strings.ToUpper(s)
	switch {
	case upper == http.MethodConnect:
		return errors.New("CONNECT opens a tunnel and cannot be sent to a target")
	case s != upper && slices.Contains(standard, upper):
		return fmt.Errorf("methods are case-sensitive: write %s", upper)
	case !isToken(s):
		return errors.New("must be a method such as GET or POST (RFC 9110, section 9.1)")
	}
	return nil
}
