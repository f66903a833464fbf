package probe

import (
	"encoding/base64"
	"slices"
	"strings"
)

// leastPrivate is how many bytes in common with a secret are struck out of a trace; of a shorter
// secret it is all of them, if there are leastSecret.
const leastPrivate = 6

// Private is what a trace of a request must not show.
type Private struct {
	// Texts are secrets wherever they stand, Said are those that an answer might repeat.
	Texts, Said []string
	// Mute means that nothing of the content of the answer may be shown.
	Mute bool
	// Fields are the names of header fields of the answer whose values may not be shown, and Made
	// of those of the request whose values the program makes up.
	Fields, Made []string
}

// keep takes in a secret: credentials without the name of their scheme, and with what a server
// makes of those in base64.
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

// cutScheme takes the name of a scheme off credentials, if they begin with one that is known. All
// of them are coded if not.
func cutScheme(credentials string) (scheme, coded string, ok bool) {
	scheme, coded, ok = strings.Cut(credentials, " ")
	switch strings.ToLower(scheme) {
	case "basic", "bearer", "digest", "token", "apikey":
		return scheme, coded, ok
	}
	return "", credentials, false
}

// lists returns the secrets in lower case: those that hold everywhere, and all.
func (p *Private) lists() (texts, all []string) {
	texts = lowered(nil, p.Texts)
	return texts, lowered(texts[:len(texts):len(texts)], p.Said)
}

// lowered appends secrets in lower case, as texts are compared with them.
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

// line returns the first line of a request as it may be shown.
func (p *Private) line(line string) string {
	words := strings.Split(line, " ")
	for i := range words {
		words[i] = p.query(words[i])
	}
	return strings.Join(words, " ")
}

// sent returns the value of a header field of a request as it may be shown, and takes in what is
// secret: what the configuration says in a header is, but for fields that are about the message.
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
// and where it goes, and not about who asks.
func isOpenField(name string) bool {
	switch name {
	case ":authority", "accept", "accept-charset", "accept-encoding", "accept-language", "cache-control", "connection",
		"content-encoding", "content-length", "content-type", "grpc-accept-encoding", "grpc-encoding", "grpc-timeout",
		"host", "te", "traceparent", "transfer-encoding", "user-agent":
		return true
	}
	return false
}

// field returns the value of a header field as it may be shown, and takes in what is secret.
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

// setCookie returns what a response sets as a cookie, without its value.
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

// privateWords are what the names of fields and parameters with secrets have in them.
var privateWords = [...]string{
	"auth", "cookie", "credential", "jwt", "key", "passw", "pwd", "secret", "session", "signature", "token",
}

// IsPrivateName reports whether the name of a header field or of a parameter, in lower case,
// says that its value is secret. It is rather too often yes than too seldom.
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
