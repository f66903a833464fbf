package prober

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"mime"
	"net/url"
	"strconv"
	"strings"
	"time"

	"example.com/prober/errcode"
)

const (
	formType = "application/x-www-form-urlencoded"
	// maxTokenLife is in seconds. A token with a longer life is renewed then.
	maxTokenLife = math.MaxInt32
	// maxErrorWord is how many bytes of the error word are shown.
	maxErrorWord = 64
)

// token is a credential of a target for some time.
type token struct {
	authorization string    // the value of Authorization
	expiry        time.Time // zero if the endpoint did not say
}

// tokenAnswer is what a token endpoint answered.
type tokenAnswer struct {
	status      int
	contentType string
	content     []byte
}

// token returns the token in a, or an error with the status and the error word of the
// endpoint (RFC 6749, section 5.2). It leaves out a word that repeats one of the secrets.
func (a *tokenAnswer) token(secrets []string) (*token, error) {
	fields := a.fields()
	word, _ := textIn(fields["error"])
	if a.status < 200 || a.status > 299 || word != "" {
		text := fmt.Sprintf("the token endpoint answered with status %d", a.status)
		if isErrorWord(word) && !repeats(word, secrets) {
			text += fmt.Sprintf(" and error %q", word[:min(len(word), maxErrorWord)])
		} else if word != "" {
			text += " and an error"
		}
		return nil, noToken(text)
	}
	if fields == nil {
		return nil, noToken("the answer of the token endpoint is not a JSON object")
	}
	value, err := credentialsIn(fields)
	if err != nil {
		return nil, err
	}
	expiry, err := expiryIn(fields["expires_in"])
	return &token{authorization: value, expiry: expiry}, err
}

func noToken(text string) error { return errcode.New(errcode.Credentials, text) }

// fields returns the members of a JSON object or of a form, nil if the content is neither.
// It takes a JSON object whatever its content type is. Some endpoints send a form, and some
// send JSON as text.
func (a *tokenAnswer) fields() map[string]json.RawMessage {
	content := bytes.TrimPrefix(a.content, []byte("\uFEFF")) // RFC 8259, section 8.1
	var fields map[string]json.RawMessage
	if json.Unmarshal(content, &fields) == nil {
		return fields
	}
	if kind, _, _ := mime.ParseMediaType(a.contentType); kind != formType && kind != "text/plain" {
		return nil
	}
	form, err := url.ParseQuery(string(content))
	if err != nil {
		return nil
	}
	fields = map[string]json.RawMessage{}
	for name := range form {
		fields[name], _ = json.Marshal(form.Get(name)) // a text always can be
	}
	return fields
}

// credentialsIn returns the value of Authorization. A token without a type is a bearer
// token: most clients take it so, although RFC 6749, section 5.1, requires the type.
func credentialsIn(fields map[string]json.RawMessage) (string, error) {
	kind, isText := textIn(fields["token_type"])
	if !isText {
		return "", noToken("token_type in the answer of the token endpoint is not a text")
	}
	access, isText := textIn(fields["access_token"])
	switch {
	case !isText:
		return "", noToken("access_token in the answer of the token endpoint is not a text")
	case access == "":
		return "", noToken("the answer of the token endpoint has no access_token")
	case kind == "" || strings.EqualFold(kind, "bearer"):
		kind = "Bearer"
	}
	if strings.ContainsFunc(kind, func(r rune) bool { return r <= ' ' || r > '~' }) ||
		strings.ContainsFunc(access, func(r rune) bool { return r < ' ' || r > '~' }) { // RFC 6749, appendix A.12
		return "", noToken("the token endpoint gave a token that cannot stand in a header")
	}
	return kind + " " + access, nil
}

// textIn returns the text in raw, "" if there is none or it is null.
func textIn(raw json.RawMessage) (text string, ok bool) {
	if raw == nil {
		return "", true
	}
	return text, json.Unmarshal(raw, &text) == nil
}

// expiryIn returns the end of a token that lives for the seconds in raw: a JSON number in
// any notation, or a text with a number. Nothing, null, an empty text and 0 give no end.
func expiryIn(raw json.RawMessage) (time.Time, error) {
	text, isText := textIn(raw)
	if !isText {
		text = string(raw)
	}
	text = strings.TrimSpace(text)
	if text == "" {
		return time.Time{}, nil
	}
	// ParseFloat also takes words such as inf and NaN, and hexadecimal digits, so the
	// characters are checked too. A number out of its range is no mistake: the token lives
	// long.
	life, err := strconv.ParseFloat(text, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) || strings.Trim(text, "0123456789+-.eE") != "" {
		return time.Time{}, noToken("expires_in in the answer of the token endpoint is not a number of seconds")
	}
	switch {
	case life < 0:
		return time.Time{}, noToken(fmt.Sprintf("the token endpoint gave a token that has already expired: expires_in is %g", life))
	case life == 0:
		return time.Time{}, nil
	}
	return time.Now().Add(time.Duration(min(life, maxTokenLife) * float64(time.Second))), nil
}

// isErrorWord reports whether word is one word of characters that RFC 6749, section 5.2,
// allows.
func isErrorWord(word string) bool {
	return word != "" && !strings.ContainsFunc(word, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' })
}

// repeats reports whether word shares a text of some length with a secret.
func repeats(word string, secrets []string) bool {
	const some = 4 // bytes
	word = strings.ToLower(word)
	for _, s := range secrets {
		s = strings.ToLower(s)
		if s == word || len(s) >= some && strings.Contains(word, s) || len(word) >= some && strings.Contains(s, word) {
			return true
		}
	}
	return false
}
