package probe

import (
	"encoding/base64"
	"slices"
	"strings"
)

// leastPrivate is the least length of a piece of a secret to be struck out of a trace. A shorter
// secret is struck out as a whole, if it has at least leastSecret bytes.
const leastPrivate = 6

// Private lists what a trace of a request must not show.
type Private struct {
	// Texts are secrets everywhere. Said are secrets that an answer might repeat.
	Texts, Said []string
	// Mute means that nothing of the content of the answer may be shown.
	Mute bool
	// Fields are names of answer header fields with values that must not be shown. Made are names
	// of request header fields whose values the program makes up.
	Fields, Made []string
}

// keep adds a secret: credentials without the name of their scheme. It also adds what a server
// decodes from Basic credentials in base64.
func (p *Private) keep(secret string) {
	scheme, coded, ok := cutScheme(secret)
	p.Texts = append(p.Texts, coded)
	if !ok || !strings.EqualFold(scheme, "Basic") {
		return
	}
	plain, err := base64.StdEncoding.DecodeString(coded)
	if err != nil {
		return
	}
	_, password, _ := strings.Cut(string(plain), ":")
	p.Texts = append(p.Texts, string(plain), password)
}

// cutScheme takes the name of a scheme off credentials if they begin with a known one. Otherwise
// coded is all of credentials.
func cutScheme(credentials string) (scheme, coded string, ok bool) {
	scheme, coded, ok = strings.Cut(credentials, " ")
	switch strings.ToLower(scheme) {
	case "basic", "bearer", "digest", "token", "apikey":
		return scheme, coded, ok
	}
	return "", credentials, false
}

// lists returns the secrets in lower case: those for everywhere, and all.
func (p *Private) lists() (texts, all []string) {
	texts = lowered(nil, p.Texts)
	return texts, lowered(texts[:len(texts):len(texts)], p.Said)
}

// lowered appends secrets in lower case, for comparison with texts.
func lowered(to, secrets []string) []string {
	for _, s := range secrets {
		if len(s) < leastSecret {
			continue
		}
		lower, plain := strings.ToLower(s), lowerASCII(s)
		if !slices.Contains(to, lower) {
			to = append(to, lower)
		}
		if plain != lower && !slices.Contains(to, plain) {
			to = append(to, plain)
		}
	}
	return to
}

// line returns the first line of a request without secrets.
func (p *Private) line(line string) string {
	words := strings.Split(line, " ")
	for i := range words {
		words[i] = p.query(words[i])
	}
	return strings.Join(words, " ")
}

// sent returns the value of a request header field without secrets, and records the secrets. A
// header value from the configuration is secret, except in fields about the message.
func (p *Private) sent(name, value string, made []string) string {
	lower := strings.ToLower(name)
	isMade := slices.ContainsFunc(made, func(m string) bool { return strings.EqualFold(m, name) })
	if isMade || isOpenField(lower) || IsPrivateName(lower) {
		return p.field(name, value)
	}
	p.Said = append(p.Said, value)
	return struckOut
}

// isOpenField reports whether a field of a request, its name in lower case, is about the message
// and its destination, and not about the requester.
func isOpenField(name string) bool {
	switch name {
	case ":authority", "accept", "accept-charset", "accept-encoding", "accept-language", "cache-control", "connection",
		"content-encoding", "content-length", "content-type", "grpc-accept-encoding", "grpc-encoding", "grpc-timeout",
		"host", "te", "traceparent", "transfer-encoding", "user-agent":
		return true
	}
	return false
}

// field returns the value of a header field without secrets, and records the secrets.
func (p *Private) field(name, value string) string {
	switch name := strings.ToLower(name); {
	case name == "set-cookie":
		return p.setCookie(value)
	case name == "cookie":
		for pair := range strings.SplitSeq(value, ";") {
			_, secret, _ := strings.Cut(pair, "=")
			p.keep(strings.TrimSpace(secret))
		}
		return struckOut
	case IsPrivateName(name):
		p.keep(value)
		if scheme, _, ok := cutScheme(value); ok {
			return scheme + " " + struckOut
		}
		return struckOut
	case name == ":path", name == "location", name == "content-location", name == "referer":
		return p.query(value)
	}
	return value
}

// setCookie returns the cookie that a response sets, without its value.
func (p *Private) setCookie(value string) string {
	pair, attributes, _ := strings.Cut(value, ";")
	name, secret, ok := strings.Cut(pair, "=")
	if !ok {
		p.keep(strings.TrimSpace(name))
		return struckOut
	}
	p.keep(strings.TrimSpace(secret))
	shown := name + "=" + struckOut
	if attributes != "" {
		shown += ";" + attributes
	}
	return shown
}

// query returns a URL, or a part of one, without its credentials and the values of its
// parameters.
func (p *Private) query(url string) string {
	url = p.userinfo(url)
	path, query, ok := strings.Cut(url, "?")
	if !ok {
		return url
	}
	parameters := strings.Split(query, "&")
	for i, parameter := range parameters {
		name, value, ok := strings.Cut(parameter, "=")
		switch {
		case !ok:
			parameters[i] = struckOut
		default:
			parameters[i] = name + "=" + struckOut
		}
		if IsPrivateName(strings.ToLower(name)) {
			p.keep(value)
		}
	}
	return path + "?" + strings.Join(parameters, "&")
}

// userinfo takes the credentials out of a URL.
func (p *Private) userinfo(url string) string {
	scheme, rest, ok := strings.Cut(url, "://")
	if !ok {
		return url
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	at := strings.LastIndexByte(rest[:end], '@')
	if at < 0 {
		return url
	}
	p.keep(rest[:at])
	return scheme + "://" + struckOut + rest[at:]
}

// privateWords occur in the names of fields and parameters with secrets.
var privateWords = [...]string{
	"auth", "cookie", "credential", "jwt", "key", "passw", "pwd", "secret", "session", "signature", "token",
}

// IsPrivateName reports whether a header field or a parameter with that name, in lower case, has
// a secret value. If in doubt it reports true.
func IsPrivateName(name string) bool {
	switch name {
	case "www-authenticate", "proxy-authenticate", ":authority": // these ask for a login, or name a host
		return false
	case "sig", "pass", "code":
		return true
	}
	for _, word := range privateWords {
		if strings.Contains(name, word) {
			return true
		}
	}
	return false
}
