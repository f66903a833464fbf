package imports

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"net/url"
	"path"
	"regexp"
	"strings"
)

// placeholder stands for a secret that is left out.
const placeholder = "REPLACE_ME"

// secretFiles collects the secrets for files of their own.
type secretFiles struct {
	folder string // empty: secrets are left out
	files  []Secret
	taken  names
}

// keep returns the path of a new file for a secret, "" if secrets are left out.
func (v *secretFiles) keep(target, what string, content []byte) string {
	if v.folder == "" {
		return ""
	}
	if v.taken == nil {
		v.taken = names{}
	}
	name := v.taken.unique(fileName(target) + "." + what)
	file := path.Join(v.folder, name)
	v.files = append(v.files, Secret{Path: file, Content: content})
	return file
}

// column is the name of the only column in a file with a secret datum.
const column = "value"

// oneValue returns a file of CSV with one value.
func oneValue(value string) []byte {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	_ = w.WriteAll([][]string{{column}, {value}}) // writing to memory does not fail
	return b.Bytes()
}

// login is the credentials of a request.
type login struct {
	scheme string // Basic, Bearer, or another
	user   string // of Basic
	secret string // the password, or the credentials
	// file is the source's name of the file with the secret, if it has one.
	file string
	// isNone leaves the secret of Basic empty.
	isNone bool
	// more are further keys of OAuth 2.0.
	more []setting
}

// oauth2Scheme stands for the client credentials grant, which fetches a token.
const oauth2Scheme = "OAuth2"

// words returns the names of a login in the configuration: its section, the key of the user, the key of the secret's
// file, and the secret itself.
func (l *login) words() (section, user, file, secret string) {
	switch l.scheme {
	case "Basic":
		return "basic_auth", "username", "password_file", "password"
	case oauth2Scheme:
		return "oauth2", "client_id", "client_secret_file", "client-secret"
	}
	return "authorization", "type", "credentials_file", "credentials"
}

// render adds the login to the keys of a request.
func (l *login) render(b *block, target string, v *secretFiles, exists func(string) bool) {
	section, userKey, fileKey, what := l.words()
	file := l.file
	if file == "" && !l.isNone {
		file = v.keep(target, what, []byte(l.secret+"\n"))
	}
	var keys *block
	switch {
	case l.isNone, file != "" && (l.file == "" || exists != nil && exists(file)):
		keys = b.section(section)
	case l.file != "":
		b.note("There is no file %s here. If it exists, remove the # below.", cut(l.file))
		keys = b.off(section)
	default:
		b.note("Left out: the %s. Write it to a file of its own and remove the # below, or import with --secrets-dir.", secretNoun(what))
		keys, file = b.off(section), fileName(target)+"."+what
	}
	if userKey == "type" {
		keys.text(userKey, l.scheme)
	} else {
		keys.text(userKey, l.user)
	}
	if !l.isNone {
		keys.text(fileKey, file)
	}
	for _, s := range l.more {
		keys.plain(s.key, s.value)
	}
}

// secretNoun returns the name of a login's secret in a comment.
func secretNoun(what string) string {
	if what == "credentials" {
		return "token"
	}
	return strings.ReplaceAll(what, "-", " ")
}

// fileName returns the name of a target as the beginning of a file name.
func fileName(target string) string { return strings.NewReplacer("/", "_", ":", "_").Replace(target) }

// renderProxy adds the login at a proxy to the keys of a connection.
func (l *login) renderProxy(b *block, target string, v *secretFiles) {
	const userKey, fileKey = "proxy_username", "proxy_password_file"
	if l.isNone {
		b.text(userKey, l.user)
		return
	}
	if file := v.keep(target, "proxy-password", []byte(l.secret+"\n")); file != "" {
		b.text(userKey, l.user)
		b.text(fileKey, file)
		return
	}
	b.note("Left out: the password for the proxy. Write it to a file of its own and remove the # below, or import with --secrets-dir.")
	b.add(&entry{key: userKey, value: quote(l.user), off: true})
	b.add(&entry{key: fileKey, value: quote(fileName(target) + ".proxy-password"), off: true})
}

// render adds the data of a target to b.
func (d *data) render(b *block, target string, v *secretFiles) {
	if len(d.all) == 0 {
		return
	}
	all, explained := b.section("data"), false
	for _, datum := range d.all {
		for _, n := range datum.notes {
			all.note("%s", n)
		}
		if !datum.secret {
			all.plain(quote(datum.name), datum.line())
			continue
		}
		if file := v.keep(target, datum.name+".csv", oneValue(datum.value)); file != "" {
			all.plain(quote(datum.name), "{file: "+quoteInList(file)+", column: "+column+"}")
			continue
		}
		if !explained {
			all.note("Left out: a secret. Write it to a CSV file below the heading %s, and put {file: FILE, column: %s} here; or import with --secrets-dir.", column, column)
		} else {
			all.note("Left out: another secret.")
		}
		explained = true
		left := placeholder
		if datum.isNumber {
			left = "0"
		}
		all.plain(quote(datum.name), values(left).line())
	}
}

// line returns the key as a mapping on one line.
func (s setting) line() string { return "{" + s.key + ": " + s.value + "}" }

var (
	secretName = regexp.MustCompile(`(?i)pass(word|wd|phrase|code)|^pwd$|^pass$|secret|token|api[-_.]?key|access[-_.]?key|private[-_.]?key|credential|` +
		`session[-_]?id|sessid|^sid$|signature|^sig$|jwt|authorization|^pin$|^otp$|^cv[vc]2?$|^(x-)?auth([-_]|$)|cookie|client[-_]?assertion`)
	secretInQuery = regexp.MustCompile(`(?i)^(key|code|auth)$`)
	// secretNumber matches a name whose value may be a number and is secret.
	secretNumber = regexp.MustCompile(`(?i)pass(word|wd|phrase|code)|^pwd$|^pass$|^pin$|^otp$|^cv[vc]2?$`)
	// secretInString is a name with a value behind it in a text within JSON, such as a query of GraphQL.
	secretInString = regexp.MustCompile(`(?i)(password|passwd|secret|api_?key|access_?token)\w*["']?\s*[:=]\s*["'][^"']`)
	// secretInText is a name with a value behind it in a text of no known form.
	secretInText = regexp.MustCompile(`(?i)(password|passwd|passphrase|secret|token|api[-_]?key|credential)[\w-]{0,20}["'>]{0,2}\s*[:=]?\s*["']?[^\s"'&]`)
	jsonWebToken = regexp.MustCompile(`^(Bearer )?eyJ[\w-]+\.[\w-]+\.`)
)

// isSecret reports whether a value is secret by its name or its form.
func isSecret(name, value string) bool {
	return value != "" && (secretName.MatchString(name) || jsonWebToken.MatchString(value))
}

// hideInQuery returns a path with its query, and makes its secrets data.
func (d *data) hideInQuery(target string) text {
	p, query, found := strings.Cut(target, "?")
	if !found {
		return literal(target)
	}
	isQuery := func(name, value string) bool {
		return isSecret(name, value) || value != "" && secretInQuery.MatchString(name)
	}
	return append(literal(p+"?"), d.hideInPairs(query, isQuery)...)
}

// hideInPairs returns name=value pairs with & between them, and makes their secrets data.
func (d *data) hideInPairs(pairs string, isSecret func(name, value string) bool) (t text) {
	for i, pair := range strings.Split(pairs, "&") {
		if i > 0 {
			t = append(t, part{literal: "&"})
		}
		name, value, _ := strings.Cut(pair, "=")
		plainName, err := url.QueryUnescape(name)
		plain, err2 := url.QueryUnescape(value)
		if err != nil || err2 != nil || !isText(plain) || !isSecret(plainName, plain) {
			t = append(t, part{literal: pair})
			continue
		}
		t = append(append(t, part{literal: name + "="}), d.hide(plainName, plain)...)
	}
	return t
}

// hideInJSON returns a text of JSON and makes its secrets data. It returns false if body is not JSON. If raw is set, a
// secret keeps its spelling between the quotes.
func (d *data) hideInJSON(body string, raw bool) (t text, ok bool) {
	if !json.Valid([]byte(body)) {
		return nil, false
	}
	s := jsonScan{decoder: json.NewDecoder(strings.NewReader(body)), body: body, data: d, raw: raw}
	s.decoder.UseNumber()
	s.value("")
	return append(s.done, part{literal: body[s.written:]}), true
}

// jsonScan reads a valid text of JSON.
type jsonScan struct {
	decoder *json.Decoder
	body    string
	data    *data
	raw     bool
	done    text
	written int // length of the part of body in done
}

// value reads one value with the key name.
func (s *jsonScan) value(name string) {
	before := int(s.decoder.InputOffset())
	token, err := s.decoder.Token()
	if err != nil {
		return
	}
	switch token := token.(type) {
	case json.Delim:
		for s.decoder.More() {
			key := name
			if token == '{' {
				k, _ := s.decoder.Token()
				key, _ = k.(string)
			}
			s.value(key)
		}
		_, _ = s.decoder.Token() // the closing delimiter; the text is valid
	case string:
		if isSecret(name, token) || secretInString.MatchString(token) {
			s.hide(name, token, before+strings.IndexByte(s.body[before:], '"')+1)
		}
	case json.Number:
		if secretNumber.MatchString(name) {
			s.hideNumber(name, token.String())
		}
	}
}

// hideNumber replaces the number just read by a datum.
func (s *jsonScan) hideNumber(name, value string) {
	end := int(s.decoder.InputOffset())
	s.done = append(s.done, part{literal: s.body[s.written : end-len(value)]})
	d := &datum{name: variableName(name), secret: true, isNumber: true, value: value}
	s.done = append(s.done, part{name: s.data.add(d)})
	s.written = end
}

// hide replaces the text just read, which begins at start, by a datum.
func (s *jsonScan) hide(name, value string, start int) {
	end := int(s.decoder.InputOffset()) - 1 // the quote at its end
	if s.raw {
		value = s.body[start:end]
	}
	s.done = append(s.done, part{literal: s.body[s.written:start]})
	s.done = append(s.done, s.data.hide(name, value)...)
	s.written = end
}

// hideInBody returns a body with its secrets as data. It returns false if a secret may be left in it. The Content-Type
// decides how values are put into a body.
func (d *data) hideInBody(contentType, body string) (t text, ok bool) {
	contentType = strings.ToLower(contentType)
	isJSON := json.Valid([]byte(body))
	switch {
	case strings.HasPrefix(contentType, "application/x-www-form-urlencoded") && isJSON:
		return literal(body), !secretInText.MatchString(body)
	case strings.HasPrefix(contentType, "application/x-www-form-urlencoded"):
		return d.hideInPairs(body, isSecret), true
	}
	if t, ok := d.hideInJSON(body, contentType != "" && !strings.Contains(contentType, "json")); ok {
		return t, true
	}
	return literal(body), !secretInText.MatchString(body)
}
