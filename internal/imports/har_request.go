package imports

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// add adds one entry as a request.
func (o *harOrigin) add(i int, e *harEntry, at address, verb string) {
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
	o.answers = append(o.answers, harAnswer{request: r, response: &e.Response, entry: i})
	o.target.requests = append(o.target.requests, r)
}

// isBrowsers reports whether a header says something of the browser, its cache or the page
// alone, and nothing of what is asked for.
func isBrowsers(name string) bool {
	switch name {
	case "cookie", "connection", "content-length", "upgrade-insecure-requests", "dnt", "priority", "referer", "pragma", "cache-control",
		"if-none-match", "if-modified-since", "purpose", "save-data", "te", "keep-alive", "proxy-connection", "alt-used":
		return true
	}
	return strings.HasPrefix(name, "sec-") || strings.HasPrefix(name, ":")
}

// addHeader adds a header, unless browsers add it.
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

// drop remembers the name of a header that is left out, each once, whatever its case.
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

// addBody adds the body of an entry, or says why there is none.
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
		r.note(r.method + " cannot have a body: that of the recording is left out.")
	case !ok || !isText(body) || strings.ContainsRune(body, '\uFFFD'):
		r.note("The body is left out, for it is no text: write it to a file and use body_file.")
	case body == "":
		r.note("The body is left out: the recording has only the parts of its form. Write it to a file and use body_file.")
	default:
		r.body = literal(body)
		if _, given := r.header("Content-Type"); !given && b.MimeType != "" && checkHeader("Content-Type", b.MimeType) == "" {
			r.addHeader("Content-Type", literal(strings.TrimSpace(b.MimeType)))
		}
	}
}

// joinParams encodes the fields of a form. Those that are encoded already stay as they are.
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

// harAnswer is the answer to a request, in which later ones may find their credentials.
type harAnswer struct {
	request  *request
	response *harResponse
	entry    int
}

// capture has a journey take credentials out of the answers in which the recording got them.
func (o *harOrigin) capture() {
	known := map[string]string{} // by value, the names that stand for it
	for i, later := range o.answers {
		for h := range later.request.headers {
			for v, value := range later.request.headers[h].values {
				field := value.write(false)
				scheme, secret, ok := strings.Cut(field, " ")
				if !ok {
					scheme, secret = "", field
				} else {
					scheme += " "
				}
				if len(secret) < 8 || !isSecret(later.request.headers[h].name, field) {
					continue
				}
				name := known[secret]
				if name == "" {
					name = o.source(o.answers[:i], secret)
				}
				if name != "" {
					known[secret] = name
					later.request.headers[h].values[v] = append(literal(scheme), named(name)...)
				}
			}
		}
	}
}

// source finds the answer that has the secret, and has it captured there. It returns its
// name, "" where no answer has it.
func (o *harOrigin) source(answers []harAnswer, secret string) string {
	for i := len(answers) - 1; i >= 0; i-- {
		for _, h := range answers[i].response.Headers {
			if h.Value == secret && checkHeader(h.Name, "") == "" {
				return o.take(answers[i].request, strings.ToLower(h.Name), "header", h.Name)
			}
		}
		text, ok := decoded(answers[i].response.Content.Text, answers[i].response.Content.Encoding)
		if !ok {
			continue
		}
		var parsed any
		if json.Unmarshal([]byte(text), &parsed) != nil {
			continue
		}
		if place := placeOf(parsed, secret, 0); len(place) > 0 {
			return o.take(answers[i].request, place[len(place)-1], "json", strings.Join(place, "."))
		}
	}
	return ""
}

// take has the answer to r give a value to a new name, which it returns.
func (o *harOrigin) take(r *request, label, way, place string) string {
	name := o.target.data.reserve(variableName(label))
	r.capture = append(r.capture, setting{name, "{" + way + ": " + quoteInList(place) + "}"})
	return name
}

// placeOf returns the way to a text in a value of JSON, nil where it is not in it.
func placeOf(value any, text string, depth int) []string {
	const deepest = 20
	if depth > deepest {
		return nil
	}
	switch value := value.(type) {
	case map[string]any:
		for _, key := range sortedKeys(value) {
			if s, ok := value[key].(string); ok && s == text && !strings.Contains(key, ".") && key != "" {
				return []string{key}
			}
			if rest := placeOf(value[key], text, depth+1); rest != nil && !strings.Contains(key, ".") && key != "" {
				return append([]string{key}, rest...)
			}
		}
	case []any:
		for i, item := range value {
			if rest := placeOf(item, text, depth+1); rest != nil {
				return append([]string{strconv.Itoa(i)}, rest...)
			}
		}
	}
	return nil
}
