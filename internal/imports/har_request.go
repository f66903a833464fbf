package imports

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// add adds one entry as a request.
func (o *harOrigin) add(e *harEntry, at address, verb string) {
	r := &request{method: verb, path: literal(at.path), name: nameOf(verb, pathOf(literal(at.path)))}
	if verb != e.Request.Method {
		r.note("The method was recorded as " + cut(e.Request.Method) + ".")
	}
	for _, h := range e.Request.Headers {
		o.addHeader(r, h, at)
	}
	o.addBody(r, e.Request)
	if s := e.Response.Status; s >= 400 {
		r.note("The recording has status " + strconv.Itoa(s) + " here, which counts as a failure.")
	}
	if strings.HasPrefix(strings.ToLower(strings.TrimPrefix(strings.ToLower(e.Request.Version), "http/")), "3") || strings.EqualFold(e.Request.Version, "h3") {
		o.version["3"]++
	}
	o.times.add(e)
	o.answers = append(o.answers, harAnswer{request: r, response: &e.Response})
	o.target.requests = append(o.target.requests, r)
}

// isBrowsers reports whether a header only concerns the browser, its cache or the page, not the requested resource.
func isBrowsers(name string) bool {
	switch name {
	case "cookie", "connection", "content-length", "upgrade-insecure-requests", "dnt", "priority", "referer", "pragma", "cache-control",
		"if-none-match", "if-modified-since", "purpose", "save-data", "te", "keep-alive", "proxy-connection", "alt-used":
		return true
	}
	return strings.HasPrefix(name, "sec-") || strings.HasPrefix(name, ":")
}

// addHeader adds a header, unless browsers add it themselves.
func (o *harOrigin) addHeader(r *request, h harNameValue, at address) {
	name := strings.ToLower(h.Name)
	switch {
	case name == "host" || name == ":authority":
		if name == "host" && !strings.EqualFold(h.Value, at.host) && h.Value != "" {
			if other, err := parseAddress(at.scheme + "://" + h.Value); err == nil && other.host != at.host && !strings.ContainsAny(h.Value, "/?#@") {
				r.host = other.host
			}
		}
		if name == ":authority" {
			o.drop(h.Name)
		}
	case isBrowsers(name):
		o.drop(h.Name)
	default:
		if why := checkHeader(h.Name, h.Value); why != "" {
			r.note(fmt.Sprintf("The header %s %s.", cut(h.Name), why))
			return
		}
		r.addField(h.Name, strings.Trim(h.Value, " \t"))
	}
}

// drop records the name of a header that is left out, once, whatever its case.
func (o *harOrigin) drop(name string) {
	if name = spelled(sentence(name)); !slices.Contains(o.dropped, name) {
		o.dropped = append(o.dropped, name)
	}
}

// spelled returns the name of a header with capital letters, and a pseudo-header as it is.
func spelled(name string) string {
	words := strings.Split(strings.ToLower(name), "-")
	for i, w := range words {
		if w != "" {
			words[i] = strings.ToUpper(w[:1]) + w[1:]
		}
	}
	return strings.Join(words, "-")
}

// addBody adds the body of an entry, or a note about its absence.
func (o *harOrigin) addBody(r *request, from *harRequest) {
	b := from.Body
	if b == nil || b.Text == "" && len(b.Params) == 0 {
		return
	}
	body, ok := decoded(b.Text, b.Encoding)
	isForm := strings.Contains(strings.ToLower(b.MimeType), "x-www-form-urlencoded")
	if body == "" && isForm {
		body = joinParams(b.Params)
	}
	switch {
	case r.method == "HEAD" || r.method == "TRACE":
		r.note(r.method + " cannot have a body: the body of the recording is left out.")
	case !ok || !isText(body) || strings.ContainsRune(body, '\uFFFD'):
		r.note("The body is left out, because it is not text: write it to a file and use body_file.")
	case body == "":
		r.note("The body is left out: the recording has only the parts of its form. Write it to a file and use body_file.")
	default:
		r.body = literal(body)
		if _, given := r.header("Content-Type"); !given && b.MimeType != "" && checkHeader("Content-Type", b.MimeType) == "" {
			r.addHeader("Content-Type", literal(strings.TrimSpace(b.MimeType)))
		}
	}
}

// joinParams encodes the fields of a form. Encoded fields stay unchanged.
func joinParams(params []harNameValue) string {
	encode := func(s string) string {
		if plain, err := url.QueryUnescape(s); err == nil && plain != s {
			return s
		}
		return url.QueryEscape(s)
	}
	pairs := make([]string, len(params))
	for i, p := range params {
		pairs[i] = encode(p.Name) + "=" + encode(p.Value)
	}
	return strings.Join(pairs, "&")
}
