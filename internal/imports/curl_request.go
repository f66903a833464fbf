package imports

import (
	"encoding/base64"
	"fmt"
	"strings"
)

// curlRequest is the request of a run to one of its URLs, under construction.
type curlRequest struct {
	run        *curlRun
	raw        string // the URL
	at         address
	options    Options
	connection *block
	proxyHost  string
	proxyLogin *login
	made       *request
}

// request returns the built request.
func (c *curlRequest) request() *request { return c.made }

// build makes the request and the keys of its target.
func (c *curlRequest) build() error {
	c.made = &request{path: literal(c.at.path), exists: c.options.Exists}
	for _, n := range c.run.notes {
		c.made.note(n)
	}
	c.buildBody()
	if err := c.buildMethod(); err != nil {
		return err
	}
	c.buildPath()
	c.buildHeaders()
	c.buildLogin()
	c.buildCookies()
	c.buildRedirects()
	c.buildTimes()
	c.buildConnection()
	c.made.name = nameOf(c.made.method, pathOf(c.made.path))
	return nil
}

func (c *curlRequest) note(format string, args ...any) { c.made.note(fmt.Sprintf(format, args...)) }

// buildBody joins the pieces of the data.
func (c *curlRequest) buildBody() {
	r := c.run
	var body strings.Builder
	for i, piece := range r.data {
		if i > 0 && piece.joined {
			body.WriteByte('&')
		}
		body.WriteString(piece.text)
		switch {
		case piece.file == "":
		case len(r.data) > 1 || r.asQuery || piece.file == "-":
			c.note("Data from the file %s is left out.", cut(piece.file))
		default:
			if piece.stripped {
				c.note("curl -d leaves out the line breaks of the file; the prober sends it as it is.")
			}
			c.made.bodyFile = piece.file
		}
	}
	if r.upload != "" {
		c.made.bodyFile = r.upload
	}
	switch {
	case len(r.data) == 0 || c.made.bodyFile != "":
	case r.asQuery:
		c.addQuery(body.String())
	case !isText(body.String()):
		c.note("The body is left out, because it is not text in UTF-8: write it to a file and use request.body_file.")
	case body.Len() > 0:
		c.made.body = literal(body.String())
	}
}

// addQuery appends to the query.
func (c *curlRequest) addQuery(query string) {
	if query == "" {
		return
	}
	joint := "?"
	if strings.Contains(c.at.path, "?") {
		joint = "&"
	}
	c.made.path = literal(c.at.path + joint + escapePath(query))
}

// buildMethod follows curl's order of precedence.
func (c *curlRequest) buildMethod() error {
	r, m := c.run, c.made
	switch {
	case r.head:
		m.method = "HEAD"
	case r.upload != "":
		m.method = "PUT"
	case len(r.data) > 0 && !r.asQuery:
		m.method = "POST"
	default:
		m.method = "GET"
	}
	if r.method != "" {
		given, ok := method(r.method)
		if !ok {
			return fmt.Errorf("option -X: %s is not a method that can be sent to a target", cut(r.method))
		}
		if given != r.method {
			c.note("curl would send the method as it is written, %s; methods are case-sensitive.", cut(r.method))
		}
		m.method = given
	}
	if (m.method == "HEAD" || m.method == "TRACE") && (m.body != nil || m.bodyFile != "") {
		c.note("%s cannot have a body: the body of the command is left out.", m.method)
		m.body, m.bodyFile = nil, ""
	}
	if m.bodyFile != "" && (c.options.Exists == nil || !c.options.Exists(m.bodyFile)) && m.method == "GET" {
		c.note("The method is GET because the command says so.")
	}
	return nil
}

func (c *curlRequest) buildPath() {
	if target := c.run.target; strings.HasPrefix(target, "/") {
		c.made.path = literal(escapePath(target))
	} else if target != "" {
		c.note("--request-target %s is left out: only a path can be sent.", cut(target))
	}
	if !c.run.globOff && strings.ContainsAny(trimScheme(c.raw), "[]{}") && !strings.HasPrefix(c.at.host, "[") {
		c.note("curl would expand the brackets in the URL; they are sent as they are.")
	}
}

// buildHeaders takes the headers of the command and the headers that curl adds to its data.
func (c *curlRequest) buildHeaders() {
	removed := map[string]bool{}
	for _, field := range c.run.headers {
		name, value, ok := strings.Cut(field, ":")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		switch {
		case strings.HasPrefix(field, "@"):
			c.note("Headers from the file %s are left out.", cut(field[1:]))
		case ok && value == "":
			removed[strings.ToLower(name)] = true
		case !ok && strings.HasSuffix(name, ";"):
			c.addHeader(strings.TrimSuffix(name, ";"), "")
		case !ok:
			c.note("A header without a colon is left out, as curl leaves it out.")
		default:
			c.addHeader(name, value)
		}
	}
	c.addDefaultHeaders(removed)
}

func (c *curlRequest) addHeader(name, value string) {
	if strings.EqualFold(name, "Host") {
		c.setHost(value)
		return
	}
	if why := checkHeader(name, value); why != "" {
		c.note("The header %s %s.", cut(name), why)
		return
	}
	c.made.addField(name, value)
}

func (c *curlRequest) setHost(host string) {
	if _, err := parseAddress("http://" + host); err != nil || strings.ContainsAny(host, "/?#@") {
		c.note("The header Host is left out: its value is not a host.")
		return
	}
	if host != c.at.host {
		c.made.host = host
	}
}

func (c *curlRequest) addDefaultHeaders(removed map[string]bool) {
	hasBody := c.made.body != nil || c.made.bodyFile != "" && c.run.upload == ""
	add := func(name, value string) {
		if _, given := c.made.header(name); !given && !removed[strings.ToLower(name)] {
			c.made.addHeader(name, literal(value))
		}
	}
	switch {
	case c.run.isJSON:
		add("Content-Type", "application/json")
		add("Accept", "application/json")
	case hasBody:
		add("Content-Type", "application/x-www-form-urlencoded")
	}
	if _, given := c.made.header("Accept-Encoding"); c.run.compress && !given && c.made.compression == nil {
		c.made.compression = []string{"deflate", "gzip", "br", "zstd"}
	}
}

// buildLogin makes a login of -u, of a bearer token, of the URL, or of a header. The last wins, as with curl.
func (c *curlRequest) buildLogin() {
	r := c.run
	field, hasHeader := c.made.header("Authorization")
	user, has := r.user, r.hasUser
	if info := c.at.user; info != nil && !has {
		password, _ := info.Password()
		user, has = info.Username()+":"+password, true
	}
	switch {
	case hasHeader:
		if has || r.bearer != "" {
			c.note("The header Authorization of the command takes the place of its other credentials.")
		}
		if login := loginOf(field); login != nil {
			c.made.login = login
			c.made.removeHeader("Authorization")
		}
	case r.bearer != "":
		c.made.login = &login{scheme: "Bearer", secret: r.bearer}
	case has:
		name, password, hasPassword := strings.Cut(user, ":")
		if !isVisible(name) || !isVisible(password) {
			c.note("The user name and password are left out: they have control characters.")
			return
		}
		if !hasPassword {
			c.note("The command has no password: curl would ask for it. Write it to a file and use password_file.")
		}
		l := &login{scheme: "Basic", user: name, secret: password, isNone: password == ""}
		if name == "" { // no key allows an empty user
			c.made.addHeader("Authorization", literal(l.field()))
			return
		}
		c.made.login = l
	}
}

// loginOf returns the login in a header Authorization, nil if the prober has no keys for it.
func loginOf(field string) *login {
	scheme, credentials, ok := strings.Cut(field, " ")
	credentials = strings.TrimSpace(credentials)
	if !ok || credentials == "" || !isToken(scheme) {
		return nil
	}
	if !strings.EqualFold(scheme, "Basic") {
		return &login{scheme: scheme, secret: credentials}
	}
	plain, err := base64.StdEncoding.DecodeString(credentials)
	user, password, ok := strings.Cut(string(plain), ":")
	if err != nil || !ok || !isVisible(user) || !isVisible(password) || user == "" {
		return nil
	}
	return &login{scheme: "Basic", user: user, secret: password, isNone: password == ""}
}

// field returns the login as the value of a header Authorization.
func (l *login) field() string {
	if l.scheme == "Basic" {
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(l.user+":"+l.secret))
	}
	return l.scheme + " " + l.secret
}

// isVisible reports whether s has no control character, and is valid UTF-8.
func isVisible(s string) bool { return checkHeader("X", s) == "" && strings.TrimSpace(s) == s }

// buildCookies makes a header of -b. A value without a = names a file.
func (c *curlRequest) buildCookies() {
	var pairs []string
	for _, cookie := range c.run.cookies {
		if !strings.Contains(cookie, "=") {
			c.note("Cookies from the file %s are left out.", cut(cookie))
			continue
		}
		pairs = append(pairs, strings.Trim(strings.TrimSpace(cookie), ";"))
	}
	if len(pairs) == 0 {
		return
	}
	if _, given := c.made.header("Cookie"); given {
		c.note("The header Cookie of the command takes the place of -b.")
		return
	}
	c.addHeader("Cookie", strings.Join(pairs, "; "))
}

func (c *curlRequest) buildRedirects() {
	r := c.run
	if !r.follow || r.redirects == 0 {
		return
	}
	c.made.redirects = r.redirects
	if r.redirects < 0 || r.redirects > maxRedirects {
		c.made.redirects, c.made.redirectsNote = maxRedirects, "the most that is possible; curl follows any number"
		if r.redirects > 0 {
			c.made.redirectsNote = fmt.Sprintf("the most that is possible; curl follows %d", r.redirects)
		}
	}
}

func (c *curlRequest) buildTimes() {
	seconds := c.run.maxTime
	if seconds <= 0 {
		return
	}
	timeout, ok := duration(seconds, minTimeout, maxTimeout)
	if !ok {
		c.note("--max-time is left out: a timeout must be 1 ms to 1 hour.")
		return
	}
	c.made.timeout = timeout
}
