package transport

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"example.com/prober/errcode"
	"example.com/prober/policy"
	"example.com/prober/prober/message"
	"example.com/prober/prober/probe"
	"example.com/prober/prober/wire"
)

// The header fields to look at in a redirect.
const (
	location  = "location"
	setCookie = "set-cookie"
)

// What can be wrong with a redirect.
var (
	errNoLocation     = errcode.New(errcode.RedirectLocation, "a redirect without Location")
	errLocations      = errcode.New(errcode.RedirectLocation, "a redirect with several Locations")
	errLocationSyntax = errcode.New(errcode.RedirectLocation, "a redirect whose Location is no URL:")
	errLocationScheme = errcode.New(errcode.RedirectLocation, "a redirect whose Location is neither http nor https:")
	errLocationHost   = errcode.New(errcode.RedirectLocation, "a redirect whose Location has no host, or an impossible one:")
	errLocationPort   = errcode.New(errcode.RedirectLocation, "a redirect whose Location has an impossible port:")
	errRedirectLimit  = errcode.New(errcode.RedirectLimit, "more redirects than allowed")
	errRedirectLoop   = errcode.New(errcode.RedirectLimit, "redirects in a circle")
	errDowngrade      = errcode.New(errcode.RedirectRefused, "a redirect from https to http")
	errHopRate        = errcode.New(errcode.LocalResources, "the time ran out while the limit of requests per second was reached")
	errUserinfo       = errcode.New(errcode.RedirectRefused, "a redirect to a URL with credentials")
)

// A redirect that needs a cookie to end looks like one without end.
var (
	errCookieLimit = errcode.New(errcode.RedirectLimit, errRedirectLimit.Text+"; a hop set a cookie, and cookies are not sent back")
	errCookieLoop  = errcode.New(errcode.RedirectLimit, errRedirectLoop.Text+"; a hop set a cookie, and cookies are not sent back")
)

// redirected is a request that follows redirects.
type redirected struct {
	home       *Transport
	from       *request // of home, the request that began
	first, cfg Config   // describe the first and the last request sent
	// visited are the methods and URLs of all requests so far.
	visited []string
	cookie  bool // a response so far has set a cookie, and cookies are not sent back
	// shown has the TLS facts of the servers on the way, in this order.
	shown []*probe.TLSInfo
}

// follow sends the request of r, a request of q, again for as long as the responses ask for
// it. All of it is one request, within one time. The loop ends: each turn is a hop, and
// FollowRedirects bounds these.
func (t *Transport) follow(ctx context.Context, r *probe.Result, q *request) {
	if !message.IsRedirect(r.HTTP.Status) || r.Err != nil {
		return
	}
	start, s := r.Start, scratchOf(r)
	cfg := s.frozen(q)
	d := redirected{home: t, from: q, first: cfg, cfg: cfg, visited: []string{visit(&cfg, s)}}
	d.see(t)
	s.first = &d.first
	for r.Err == nil && message.IsRedirect(r.HTTP.Status) {
		at := d.cfg.URL
		err := d.turn(r)
		if err == nil {
			at = d.cfg.URL
			err = d.proceed(ctx, r)
		}
		if err != nil {
			r.Reject(err)
		}
		d.place(r, at)
	}
	r.TLS = summary(d.shown)
	// Each hop sets Start anew for its own waits; to the caller the request began once.
	r.Start = start
}

// visit identifies the request of s, described by cfg, among the requests on the way.
// Cookies are part of its identity.
func visit(cfg *Config, s *scratch) string {
	at := *cfg.URL
	at.Fragment, at.RawFragment = "", ""
	here := cfg.Method + " " + at.String()
	if cfg.Cookies {
		here += " " + string(s.sentCookies())
	}
	return here
}

// turn changes the request into the one the response asks for.
func (d *redirected) turn(r *probe.Result) error {
	s := scratchOf(r)
	fields := &s.kept.Fields
	d.cookie = !d.cfg.Cookies && (d.cookie || fields.Has(setCookie))
	if len(r.HTTP.Hops) == d.from.cfg.FollowRedirects {
		return d.choose(errRedirectLimit, errCookieLimit)
	}
	u, err := d.destination(fields)
	if err != nil {
		return err
	}
	// Credentials are for the origin they were given for (RFC 9110, section 15.4). They do
	// not come back if a later redirect leads home: the server between has chosen that
	// request.
	if !sameOrigin(u, d.cfg.URL) {
		d.cfg.Header = withoutFields(d.cfg.Header, "Authorization", "Cookie", "Proxy-Authorization")
		d.cfg.Authorization = nil
		d.cfg.Host = ""
	}
	d.cfg.URL = u
	if r.HTTP.Status <= 303 {
		// Only these change the method (RFC 9110, sections 15.4.2 to 15.4.4).
		d.cfg.forgetBody()
	}
	if d.cfg.Cookies {
		if err := s.proceed(&d.cfg); err != nil {
			return err
		}
	}
	// A server that decides by a cookie may send a browser to the same URL twice without
	// going in a circle, so cookies count.
	here := visit(&d.cfg, s)
	if slices.Contains(d.visited, here) {
		return d.choose(errRedirectLoop, errCookieLoop)
	}
	d.visited = append(d.visited, here)
	return nil
}

// choose returns withCookie if a response has set a cookie.
func (d *redirected) choose(err, withCookie error) error {
	if d.cookie {
		return withCookie
	}
	return err
}

// proceed sends the request.
func (d *redirected) proceed(ctx context.Context, r *probe.Result) error {
	r.Redirect()
	if r.Trace != nil {
		r.Trace.Follow("following redirect %d of at most %d, to %s", len(r.HTTP.Hops), d.from.cfg.FollowRedirects, d.cfg.URL.Host)
	}
	scratchOf(r).kept.Reset()
	if sameOrigin(d.cfg.URL, d.home.cfg.URL) {
		d.send(ctx, d.home, r)
		return nil
	}
	to, err := d.home.origins.acquire(d.home, &d.cfg)
	if err != nil {
		return errcode.Wrap(errcode.RedirectRefused, "a redirect to where this target cannot be sent", err)
	}
	defer d.home.origins.release(to)
	d.send(ctx, to.t, r)
	return nil
}

func (d *redirected) send(ctx context.Context, t *Transport, r *probe.Result) {
	if next := d.home.cfg.Next; next != nil {
		if !next(ctx, r.Deadline) {
			r.Fail(&errcode.PhaseError{Err: probe.HeldBack(ctx, errHopRate)})
			return
		}
		r.Start = probe.Now()
	}
	q := t.encode(&d.cfg)
	s := scratchOf(r)
	s.send(&q, &q.content)
	t.once(ctx, r)
	if d.cfg.Cookies {
		s.storeCookies()
	}
	d.see(t)
}

// destination resolves the field Location against the URL of the request (RFC 9110,
// section 10.2.2), and refuses URLs no peer may ask for.
func (d *redirected) destination(fields *message.FieldSet) (*url.URL, error) {
	value, err := soleLocation(fields)
	if err != nil {
		return nil, err
	}
	ref, err := url.Parse(escape(value))
	if err != nil {
		return nil, locationFault(errLocationSyntax, value)
	}
	u := d.cfg.URL.ResolveReference(ref)
	u.Fragment, u.RawFragment = "", ""
	if err := hostInASCII(u); err != nil {
		return nil, locationFault(errLocationHost, value)
	}
	switch {
	// A peer must not choose the credentials to send: the next server would see whose they
	// seem to be.
	case u.User != nil:
		return nil, errUserinfo
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, locationFault(errLocationScheme, value)
	case u.Opaque != "" || !isHostname(u.Hostname()):
		return nil, locationFault(errLocationHost, value)
	// What was sent in secret would be sent again for everybody to read.
	case u.Scheme == "http" && d.cfg.URL.Scheme == "https":
		return nil, errDowngrade
	}
	if _, err := wire.Authority(u, webPorts); err != nil {
		return nil, locationFault(errLocationPort, value)
	}
	return u, nil
}

// hostInASCII turns letters beyond ASCII into the xn-- form, as browsers do: servers write
// names as people do.
func hostInASCII(u *url.URL) error {
	name, port := u.Hostname(), u.Port()
	host, err := policy.ASCII(name)
	if err != nil || host == name {
		return err
	}
	u.Host = host
	if port != "" {
		u.Host += ":" + port
	}
	return nil
}

// locationFault returns fault with a Location, cut before its query and without possible
// credentials.
func locationFault(fault error, value []byte) error {
	if at := bytes.LastIndexByte(value, '@'); at >= 0 {
		scheme, _, _ := bytes.Cut(value[:at], []byte("//"))
		value = append(append(slices.Clone(scheme), "//"...), value[at+1:]...)
	}
	if end := bytes.IndexAny(value, "?#"); end >= 0 {
		value = value[:end]
	}
	return probe.NewExcerpt(fault, value)
}

func soleLocation(fields *message.FieldSet) ([]byte, error) {
	var value []byte
	for _, f := range fields.Fields {
		switch {
		case f.Name != location:
		case value == nil:
			value = fields.Value(f)
		case !bytes.Equal(value, fields.Value(f)):
			return nil, errLocations
		}
	}
	if len(value) == 0 {
		return nil, errNoLocation
	}
	return value, nil
}

// escape encodes bytes that some servers send though no URL may hold them (RFC 3986,
// section 2.1).
func escape(value []byte) string {
	const digits = "0123456789ABCDEF"
	var b strings.Builder
	for _, c := range value {
		if c <= ' ' || c >= 0x7f {
			b.Write([]byte{'%', digits[c>>4], digits[c&0xf]})
			continue
		}
		b.WriteByte(c)
	}
	return b.String()
}

// isHostname reports whether a host is an address, or a name of letters, digits, hyphens,
// underscores and dots. The name goes to a resolver and to logs, so nothing else may be in
// it, whatever url.Parse lets through.
func isHostname(host string) bool {
	for _, c := range []byte(host) {
		if !message.IsTokenByte(c) && c != ':' || strings.IndexByte("!#$&'*+^`|~", c) >= 0 {
			return false
		}
	}
	return host != ""
}

func sameOrigin(a, b *url.URL) bool { return originOf(a) == originOf(b) }

// originOf returns a text for the origin of a URL (RFC 6454, section 4).
func originOf(u *url.URL) string {
	authority, err := wire.Authority(u, webPorts)
	if err != nil {
		return u.String()
	}
	return u.Scheme + "://" + strings.ToLower(authority)
}

func withoutFields(fields []message.Field, names ...string) []message.Field {
	return slices.DeleteFunc(slices.Clone(fields), func(f message.Field) bool {
		return slices.ContainsFunc(names, func(name string) bool { return strings.EqualFold(name, f.Name) })
	})
}

// forgetBody removes the content of the request and gives it a method without content.
func (cfg *Config) forgetBody() {
	if cfg.Method != http.MethodHead {
		cfg.Method = "GET"
	}
	cfg.Body, cfg.BodySize = nil, 0
	cfg.Header = withoutFields(cfg.Header,
		"Content-Type", "Content-Encoding", "Content-Language", "Content-Location", "Digest", "Last-Modified")
}
