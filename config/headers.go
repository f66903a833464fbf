package config

import (
	"errors"
	"strings"

	"gopkg.in/yaml.v3"

	"example.com/prober/config/form"
)

func headers(to *[]Header) form.Value {
	return form.ByName[Header]{
		To:        to,
		Name:      func(h Header) string { return h.Name },
		CheckName: checkHeaderName,
		What:      "header",
		Hint:      "one name can have a list of values",
		Parse: func(c form.Cursor, name string, n *yaml.Node) (Header, bool) {
			values := c.Values(n, checkHeaderValue)
			return Header{name, values}, len(values) > 0
		},
		Format:  func(h Header) *yaml.Node { return form.RedactedList(len(h.Values)) },
		Written: form.TextOrTexts,
	}
}

// checkHeaderName accepts a name in lower case.
func checkHeaderName(name string) error {
	if err := checkToken(name); err != nil {
		return err
	}
	switch name {
	case "host":
		return errors.New("is set by request.host")
	case "content-length", "transfer-encoding", "trailer":
		return errors.New("is set by the prober, to match the body that it sends")
	case "connection", "keep-alive", "proxy-connection":
		return errors.New("is set by the prober; connection.reuse says how long a connection is kept")
	case "upgrade", "http2-settings", "te":
		return errors.New("would change the protocol of the connection; connection.http_version selects it")
	case "expect":
		return errors.New("would make the prober wait for the target's permission before it sends the body")
	case "proxy-authorization":
		return errors.New("is for a proxy, not for the target")
	}
	return nil
}

func checkToken(name string) error {
	if !isToken(name) {
		return errors.New("a header name is letters, digits and any of !#$%&'*+-.^_`|~ (RFC 9110, section 5.1)")
	}
	return nil
}

// checkIDHeader accepts a header that nothing else in the file sets.
func checkIDHeader(s string) error {
	name := strings.ToLower(s)
	switch name {
	case "accept-encoding":
		return errors.New("is set by request.compression")
	case "authorization":
		return errors.New("is set by request.basic_auth, request.authorization or request.oauth2")
	case "traceparent":
		return errors.New("is set by request.traceparent")
	}
	return checkHeaderName(name)
}

func checkHeaderValue(n *yaml.Node) error {
	if err := form.CheckText(n); err != nil {
		return err
	}
	switch {
	case strings.ContainsFunc(n.Value, form.IsControl):
		return errors.New("must not contain line breaks or other control characters")
	case strings.Trim(n.Value, " ") != n.Value:
		return errors.New("must not begin or end with a space")
	}
	return nil
}

// isToken follows RFC 9110, section 5.6.2.
func isToken(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		isAlnum := r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		return !isAlnum && !strings.ContainsRune("!#$%&'*+-.^_`|~", r)
	})
}
