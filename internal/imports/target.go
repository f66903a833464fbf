package imports

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// target is a target under construction.
type target struct {
	notes []string
	name  string
	// origin is scheme, host and port of the URL.
	origin string
	data   data
	// connection and timeout apply to all requests.
	connection *block
	timeout    string
	proxyLogin *login
	// proxyHost is the host and port of the proxy, if there is one.
	proxyHost string
	// sections are the sections of other kinds than HTTP.
	sections []*entry
	// requests has at least one request.
	requests []*request
	// one writes the keys of a single request at the target itself.
	one bool
	// journey sends the requests in order; otherwise they are a mix.
	journey bool
	cookies bool
	think   string
}

// request is one request of a target.
type request struct {
	notes  []string
	name   string
	weight int
	method string
	// path has the query, and begins with a slash.
	path     text
	host     string
	headers  []header
	body     text // nil without a body
	bodyFile string
	// secretBody is a body with a secret at an unknown place.
	secretBody  string
	login       *login
	compression []string
	redirects   int
	// redirectsNote is about redirects.
	redirectsNote string
	timeout       string
	capture       []setting
	expect        *block
	// exists is Options.Exists.
	exists func(path string) bool
}

// header is a field with its values, each sent on a line of its own.
type header struct {
	name   string
	values []text
}

// addHeader adds a value to the field with that name, in any case.
func (r *request) addHeader(name string, value text) {
	for i := range r.headers {
		if strings.EqualFold(r.headers[i].name, name) {
			r.headers[i].values = append(r.headers[i].values, value)
			return
		}
	}
	r.headers = append(r.headers, header{name, []text{value}})
}

// addField adds a field of a source. Accept-Encoding becomes compression, if that means the same.
func (r *request) addField(name, value string) {
	const encoding = "Accept-Encoding"
	_, given := r.header(encoding)
	all, ok := codings(value)
	switch {
	case !strings.EqualFold(name, encoding):
	case ok && !given && r.compression == nil:
		r.compression = all
		return
	case r.compression != nil: // there is one more: both are headers
		r.addHeader(encoding, literal(strings.Join(r.compression, ", ")))
		r.compression = nil
	}
	r.addHeader(name, literal(value))
}

// header returns the first value of a field, as far as it is literal.
func (r *request) header(name string) (value string, ok bool) {
	for _, h := range r.headers {
		if strings.EqualFold(h.name, name) {
			return h.values[0].write(false), true
		}
	}
	return "", false
}

func (r *request) removeHeader(name string) {
	r.headers = slices.DeleteFunc(r.headers, func(h header) bool { return strings.EqualFold(h.name, name) })
}

// hasHeader reports whether r has the field with the same values.
func (r *request) hasHeader(h header) bool {
	return slices.ContainsFunc(r.headers, func(own header) bool { return reflect.DeepEqual(own, h) })
}

// isPlain reports whether the values of h contain no names.
func (h header) isPlain() bool {
	return !slices.ContainsFunc(h.values, func(value text) bool { return !value.isLiteral() })
}

// note adds a comment, once.
func (r *request) note(s string) {
	if !slices.Contains(r.notes, s) {
		r.notes = append(r.notes, s)
	}
}

// identity returns the same for requests that send the same.
func (r *request) identity() string {
	var b strings.Builder
	for _, s := range []string{r.method, r.path.write(false), r.host, r.body.write(false), r.bodyFile, r.secretBody, r.timeout, strconv.Itoa(r.redirects)} {
		fmt.Fprintf(&b, "%d:%s", len(s), s)
	}
	for _, h := range r.headers {
		fmt.Fprintf(&b, "\n%q", h.name)
		for _, value := range h.values {
			fmt.Fprintf(&b, " %q", value.write(false))
		}
	}
	fmt.Fprintf(&b, "\n%q", r.compression)
	if r.login != nil {
		fmt.Fprintf(&b, "%q", r.login.field())
	}
	return b.String()
}

// hasTemplates reports whether {{ has a meaning in t.
func (t *target) hasTemplates() bool { return len(t.data.all) > 0 || !t.one }

// render adds the keys of t to b.
func (t *target) render(b *block, v *secretFiles) {
	for _, n := range t.notes {
		b.note("%s", n)
	}
	b.text("name", t.name)
	first := t.requests[0]
	if t.one && first.path.isLiteral() && !t.hasTemplates() {
		b.text("url", t.origin+first.path.write(false))
		first.path = nil
	} else {
		b.text("url", t.origin)
	}
	if t.timeout != "" {
		b.plain("timeout", t.timeout)
	}
	t.data.render(b, t.name, v)
	if t.proxyLogin != nil {
		t.proxyLogin.renderProxy(t.connection, t.name, v)
	}
	if t.connection != nil {
		b.add(&entry{key: "connection", below: t.connection})
	}
	for _, e := range t.sections {
		b.add(e)
	}
	if t.one {
		t.renderOne(b, v)
		return
	}
	t.renderAll(b, v)
}

func (t *target) renderOne(b *block, v *secretFiles) {
	r := t.requests[0]
	for _, n := range r.notes {
		b.note("%s", n)
	}
	r.render(b.section("request"), t, v)
	if r.expect != nil {
		b.add(&entry{key: "expect", below: r.expect})
	}
}

// Bounds of a mix and of a journey.
const (
	maxRequests = 1000
	maxWeight   = 1000
)

// bound cuts the target to the limits of a configuration.
func (t *target) bound() {
	if n := len(t.requests); n > maxRequests {
		t.notes = append(t.notes, fmt.Sprintf("Left out: the last %d of %d different requests. A target can have at most %d.", n-maxRequests, n, maxRequests))
		t.requests = t.requests[:maxRequests]
	}
	most := 0
	for _, r := range t.requests {
		most = max(most, r.weight)
	}
	for _, r := range t.requests {
		if most > maxWeight {
			r.weight = max(r.weight*maxWeight/most, 1)
		}
		r.trimPath(t)
	}
}

// trimPath makes a path begin with only one slash, unless it is written in a URL.
func (r *request) trimPath(t *target) {
	if t.one && !t.hasTemplates() || len(r.path) == 0 || !strings.HasPrefix(r.path[0].literal, "//") {
		return
	}
	r.note("The path began with more than one slash: servers may read what follows as a host.")
	r.path[0].literal = "/" + strings.TrimLeft(r.path[0].literal, "/")
}

// renderAll adds the list of requests, and before it their common keys.
func (t *target) renderAll(b *block, v *secretFiles) {
	if common := t.takeCommon(); common != nil {
		common.render(b.section("request"), t, v)
	}
	key := "requests"
	if t.journey {
		key = "journey"
		if t.cookies {
			b.plain("cookies", "true")
		}
		if t.think != "" {
			b.plain("think", t.think).beside = "the mean of the recording"
		}
	}
	list, taken := b.items(key), names{}
	for _, r := range t.requests {
		item := list.item()
		for _, n := range r.notes {
			item.note("%s", n)
		}
		item.text("name", taken.unique(r.name))
		if r.weight > 1 && !t.journey {
			item.plain("weight", strconv.Itoa(r.weight))
		}
		if r.timeout != "" {
			item.plain("timeout", r.timeout)
		}
		r.render(item, t, v)
		for _, c := range r.capture {
			item.section("capture").plain(quote(c.key), c.value)
		}
		if r.expect != nil {
			item.add(&entry{key: "expect", below: r.expect})
		}
	}
}

// takeCommon moves the common keys of all requests into one request, nil if there are none.
func (t *target) takeCommon() *request {
	if len(t.requests) == 1 {
		return nil
	}
	first := *t.requests[0]
	all := func(same func(r *request) bool) bool {
		return !slices.ContainsFunc(t.requests, func(r *request) bool { return !same(r) })
	}
	common, some := &request{exists: first.exists}, false
	if first.compression != nil && all(func(r *request) bool { return slices.Equal(r.compression, first.compression) }) {
		common.compression, some = first.compression, true
		for _, r := range t.requests {
			r.compression = nil
		}
	}
	if first.redirects > 0 && all(func(r *request) bool { return r.redirects == first.redirects }) {
		common.redirects, common.redirectsNote, some = first.redirects, first.redirectsNote, true
		for _, r := range t.requests {
			r.redirects = 0
		}
	}
	if first.host != "" && all(func(r *request) bool { return r.host == first.host }) {
		common.host, some = first.host, true
		for _, r := range t.requests {
			r.host = ""
		}
	}
	for _, h := range slices.Clone(first.headers) {
		if h.isPlain() && all(func(r *request) bool { return r.hasHeader(h) }) {
			common.headers, some = append(common.headers, h), true
			for _, r := range t.requests {
				r.removeHeader(h.name)
			}
		}
	}
	if !some {
		return nil
	}
	return common
}

// maxInline bounds a body within the configuration, in bytes.
const maxInline = 1 << 20

// render adds the keys of r to the keys of a request.
func (r *request) render(b *block, t *target, v *secretFiles) {
	templates := t.hasTemplates()
	if r.method != "" && (r.method != "GET" || r.body != nil || r.bodyFile != "" || r.secretBody != "") {
		b.text("method", r.method)
	}
	if path := r.path.write(templates); path != "" {
		b.text("path", path)
	}
	if r.host != "" {
		b.text("host", r.host)
	}
	headers := b.section("headers")
	for _, h := range r.headers {
		values := make([]string, len(h.values))
		for i, value := range h.values {
			values[i] = value.write(templates)
		}
		if len(values) == 1 {
			headers.text(quote(h.name), values[0])
		} else {
			headers.list(quote(h.name), values...)
		}
	}
	if r.login != nil {
		r.login.render(b, t.name, v, r.exists)
	}
	if body := r.body.write(templates); len(body) > maxInline {
		b.note("The body is left out, because it is larger than 1 MiB: write it to a file and use body_file.")
	} else if body != "" {
		b.text("body", body)
	}
	r.renderBodyFile(b, t, v)
	if len(r.compression) > 0 {
		b.plainList("compression", r.compression...)
	}
	if r.redirects > 0 {
		b.plain("follow_redirects", strconv.Itoa(r.redirects)).beside = r.redirectsNote
	}
}

func (r *request) renderBodyFile(b *block, t *target, v *secretFiles) {
	if r.bodyFile != "" {
		renderFile(b, "body_file", r.bodyFile, r.exists)
	}
	if r.secretBody == "" {
		return
	}
	if file := v.keep(t.name, "body", []byte(r.secretBody)); file != "" {
		b.text("body_file", file)
		return
	}
	b.note("The body is left out, because it seems to contain a secret. Write it to a file and use body_file, or import with --secrets-dir.")
}

// renderFile adds a key for a file of the source, as a comment if it is not there.
func renderFile(b *block, key, path string, exists func(string) bool) {
	if exists != nil && exists(path) {
		b.text(key, path)
		return
	}
	b.note("There is no file %s here. If it exists, remove the # below.", cut(path))
	b.add(&entry{key: key, value: quote(path), off: true})
}
