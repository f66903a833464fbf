package imports

import (
	"slices"
	"strings"
)

// settle folds equal requests, unless they are a journey, and hides secrets. A single request is written at the target
// itself.
func (t *target) settle() {
	if !t.journey {
		fold(t)
		t.one = len(t.requests) == 1
	}
	t.bound()
	t.shareTimeout()
	for _, r := range t.requests {
		if field, ok := r.header("Authorization"); ok && t.one && r.login == nil {
			if r.login = loginOf(field); r.login != nil {
				r.removeHeader("Authorization")
			}
		}
		if !t.one {
			r.loginAsHeader()
		}
		r.hideSecrets(&t.data)
	}
	if t.one {
		t.name = targetName(t.name + strings.TrimRight(pathOf(t.requests[0].path), "/"))
	}
}

// shareTimeout moves the common timeout of all requests to the target.
func (t *target) shareTimeout() {
	timeout := t.requests[0].timeout
	if slices.ContainsFunc(t.requests, func(r *request) bool { return r.timeout != timeout }) {
		return
	}
	t.timeout = timeout
	for _, r := range t.requests {
		r.timeout = ""
	}
}

// pathOf returns the path without its query.
func pathOf(t text) string {
	p, _, _ := strings.Cut(t.write(false), "?")
	return p
}

// fold merges equal requests into one, with their number as its weight.
func fold(t *target) {
	var kept []*request
	first := map[string]*request{}
	for _, r := range t.requests {
		r.weight = max(r.weight, 1)
		id := r.identity()
		same, found := first[id]
		if !found {
			first[id] = r
			kept = append(kept, r)
			continue
		}
		same.weight += r.weight
		for _, n := range r.notes {
			same.note(n)
		}
	}
	t.requests = kept
}

// loginAsHeader turns a login into a header, because the requests of a list may have different logins.
func (r *request) loginAsHeader() {
	if r.login == nil {
		return
	}
	r.addHeader("Authorization", literal(r.login.field()))
	r.login = nil
}

// hideSecrets makes data of the secrets in a request.
func (r *request) hideSecrets(d *data) {
	r.path = d.hideInQuery(r.path.write(false))
	for i, h := range r.headers {
		for j, value := range h.values {
			if !value.isLiteral() {
				continue // it is captured
			}
			r.headers[i].values[j] = d.hideInHeader(h.name, value.write(false))
		}
	}
	if r.body != nil {
		contentType, _ := r.header("Content-Type")
		body := r.body.write(false)
		hidden, ok := d.hideInBody(contentType, body)
		if r.body = hidden; !ok {
			r.body, r.secretBody = nil, body
		}
	}
}

// hideInHeader returns the value of a header and makes its credentials data.
func (d *data) hideInHeader(name, value string) text {
	scheme, credentials, ok := strings.Cut(value, " ")
	switch {
	case !isSecret(name, value):
		return literal(value)
	case strings.EqualFold(name, "Authorization") && ok && isToken(scheme) && credentials != "":
		return append(literal(scheme+" "), d.hide(strings.ToLower(scheme)+"_credentials", credentials)...)
	}
	return d.hide(strings.ToLower(name), value)
}
