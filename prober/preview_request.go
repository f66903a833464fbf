package prober

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"example.com/prober/config"
	"example.com/prober/policy"
	"example.com/prober/prober/message"
	"example.com/prober/prober/transport"
	"example.com/prober/template"
)

// madeTrace stands for the trace of a request.
const madeTrace = "00-<trace>-<span>-01"

// withoutSecrets returns r with placeholders for contents of secret files and for fields with
// logins.
func withoutSecrets(r config.Request) config.Request {
	kind := ""
	switch {
	case r.BasicAuth != nil:
		kind = "Basic"
	case r.Authorization != nil:
		kind = r.Authorization.Type
	case r.OAuth2 != nil:
		kind = "Bearer"
	}
	r.BasicAuth, r.Authorization, r.OAuth2 = nil, nil, nil
	if kind != "" {
		r.Authorization = &config.Authorization{Type: kind, Credentials: redacted}
	}
	r.Headers = withoutLogins(r.Headers)
	return r
}

// withoutLogins returns headers without the values of login fields. It keeps a value if a name
// stands for the whole secret: "Bearer {{ token }}".
func withoutLogins(headers []config.Header) []config.Header {
	all := make([]config.Header, len(headers))
	for i, h := range headers {
		if message.IsSecret(strings.ToLower(h.Name)) {
			h.Values = slices.Clone(h.Values)
			for j, value := range h.Values {
				if !isSchemeWithName(value) {
					h.Values[j] = redacted
				}
			}
		}
		all[i] = h
	}
	return all
}

// isSchemeWithName reports whether value is only a name, or a name after a known scheme.
func isSchemeWithName(value string) bool {
	scheme := value[:max(strings.Index(value, "{{"), 0)]
	switch strings.ToLower(scheme) {
	case "", "basic ", "bearer ", "digest ", "token ", "apikey ":
		return template.IsOneName(value[len(scheme):])
	}
	return false
}

// showHTTP shows a request over HTTP, with its fields in the order of HTTP/1.1.
func (m *Manager) showHTTP(t *config.Target, texts *textReader) (shower, error) {
	cfg, err := m.httpConfig(t, policy.Rules{}, nil, texts)
	if err != nil {
		return nil, err
	}
	says := transport.Describe(cfg)
	fixed := []string{"Host: " + says.Authority}
	for _, f := range says.Fields {
		fixed = append(fixed, f.Name+": "+f.Value)
	}
	if cfg.Traceparent {
		fixed = append(fixed, "traceparent: "+madeTrace)
	}
	if cfg.IDHeader != "" {
		fixed = append(fixed, cfg.IDHeader+": <id>")
	}
	where, body := cfg.Method+" "+says.Scheme+"://"+cfg.URL.Host, bodyOf(&t.Request, cfg.Body)
	return func(u *madeUp) Preview {
		p := Preview{Line: where + u.expand(cfg.Path, says.Target), Header: slices.Clone(fixed), Body: body}
		for _, f := range cfg.VaryingHeader {
			p.Header = append(p.Header, f.Name+": "+u.expand(f.Value, ""))
		}
		if cfg.VaryingBody != nil {
			p.Body = u.expand(cfg.VaryingBody, "")
			p.Header = append(p.Header, "Content-Length: "+strconv.Itoa(len(p.Body)))
		}
		return p
	}, nil
}

// bodyOf returns a body that is always the same, or a note about its length.
func bodyOf(r *config.Request, body []byte) string {
	switch {
	case r.BodySize > 0:
		return fmt.Sprintf("[generated, %d bytes]", r.BodySize)
	case r.BodyFile != "":
		return fmt.Sprintf("[of body_file %s, %d bytes]", r.BodyFile, len(body))
	}
	return string(body)
}

// showGRPC shows a call, with its message in JSON.
func showGRPC(t *config.Target, texts *textReader) (shower, error) {
	line := fmt.Sprintf("%s://%s/%s/%s", t.URL.Scheme, t.URL.Host, t.GRPC.Service, t.GRPC.Method)
	type text struct {
		name    string
		varying *template.Template
		fixed   string
	}
	var header []text
	if t.Request.Host != "" {
		header = append(header, text{":authority", nil, t.Request.Host})
	}
	if t.Request.Traceparent {
		header = append(header, text{"traceparent", nil, madeTrace})
	}
	for _, f := range append(fieldsOf(withoutLogins(t.GRPC.Metadata)), loginFields(t.Request)...) {
		varying, fixed, err := texts.compile(f.Value, config.MetadataPlace(f.Name))
		if err != nil {
			return nil, fmt.Errorf("metadata %s: %w", f.Name, err)
		}
		header = append(header, text{strings.ToLower(f.Name), varying, fixed})
	}
	inline := string(t.GRPC.Inline)
	if texts.numbers != nil {
		inline = t.GRPC.Text()
	}
	varying, fixed, err := texts.compile(inline, template.JSON)
	switch {
	case err != nil:
		return nil, fmt.Errorf("message: %w", err)
	case t.GRPC.MessageFile != "":
		fixed = fmt.Sprintf("[of message_file %s, %d bytes]", t.GRPC.MessageFile, len(t.GRPC.Message))
	case len(t.GRPC.Inline) == 0:
		fixed = "{}"
	}
	return func(u *madeUp) Preview {
		p := Preview{Line: line, Body: u.expand(varying, fixed)}
		for _, f := range header {
			value := u.expand(f.varying, f.fixed)
			if f.varying != nil && config.MetadataPlace(f.name) == template.Text { // else it is base64 already
				value = base64.RawStdEncoding.EncodeToString([]byte(value))
			}
			p.Header = append(p.Header, f.name+": "+value)
		}
		return p
	}, nil
}
