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

// The fields of a redirect that are looked at.
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
	errLocationHost   = errcode.New(errcode.RedirectLocation, "a redirect whose Location has no host, or one that cannot be:")
	errLocationPort   = errcode.New(errcode.RedirectLocation, "a redirect whose Location has an impossible port:")
	errRedirectLimit  = errcode.New(errcode.RedirectLimit, "more redirects than allowed")
	errRedirectLoop   = errcode.New(errcode.RedirectLimit, "redirects in a circle")
	errDowngrade      = errcode.New(errcode.RedirectRefused, "a redirect from https to http")
	errHopRate        = errcode.New(errcode.LocalResources, "the ceiling of requests per second was reached until the time ran out")
	errUserinfo       = errcode.New(errcode.RedirectRefused, "a redirect to a URL with credentials")
)

// A redirect that only ends for those who have a cookie looks like one without end.
var (
	errCookieLimit = errcode.New(errcode.RedirectLimit, errRedirectLimit.Text+"; a hop set a cookie, and cookies are not sent back")
	errCookieLoop  = errcode.New(errcode.RedirectLimit, errRedirectLoop.Text+"; a hop set a cookie, and cookies are not sent back")
)

// journey is a request on its way through redirects.
type journey struct {
	home *Transport
	cfg  Config // describes the request that was sent last
	// visited are the methods and URLs of all requests so far.
	visited []string
	cookie  bool // a response so far has set one
	// shown is what the servers on the way have shown, in this order.
	shown []*probe.TLSInfo
}

// follow sends the request of r on for as long as the responses ask for that.
// All of it is one request, within one time.
func (t *Transport) follow(ctx context.Context, r *probe.Result) {
	if !message.IsRedirect(r.HTTP.Status) || r.Err != nil {
		return
	}
	start := r.Start
	j := journey{home: t, cfg: t.cfg, visited: []string{visit(t.cfg.Method, t.cfg.URL)}}
	j.see(t)
	for r.Err == nil && message.IsRedirect(r.HTTP.Status) {
		at := j.cfg.URL
		err := j.turn(r)
		if err == nil {
			at = j.cfg.URL
			err = j.proceed(ctx, r)
		}
		if err != nil {
			r.Reject(err)
		}
		j.place(r, at)
	}
	r.TLS = summary(j.shown)
	r.Start = start
}

func visit(method string, u *url.URL) string {
	at := *u
	at.Fragment, at.RawFragment = "", ""
	return method + " " + at.String()
}

// turn makes of the request the one that the response to it asks for.
func (j *journey) turn(r *probe.Result) error {
	fields := &scratchOf(r).kept.Fields
	j.cookie = j.cookie || fields.Has(setCookie)
	if len(r.HTTP.Hops) == j.home.cfg.FollowRedirects {
		return j.choose(errRedirectLimit, errCookieLimit)
	}
	u, err := j.destination(fields)
	if err != nil {
		return err
	}
	if !sameOrigin(u, j.cfg.URL) {
		j.cfg.Header = withoutFields(j.cfg.Header, "Authorization", "Cookie", "Proxy-Authorization")
		j.cfg.Authorization = nil
		j.cfg.Host = ""
	}
	j.cfg.URL = u
	if r.HTTP.Status <= 303 {
		// Only these change the method (RFC 9110, sections 15.4.2 to 15.4.4).
		j.cfg.forgetBody()
	}
	here := visit(j.cfg.Method, u)
	if slices.Contains(j.visited, here) {
		return j.choose(errRedirectLoop, errCookieLoop)
	}
	j.visited = append(j.visited, here)
	return nil
}

// choose returns the second error if a hop has set a cookie.
func (j *journey) choose(err, withCookie error) error {
	if j.cookie {
		return withCookie
	}
	return err
}

// proceed sends the request.
func (j *journey) proceed(ctx context.Context, r *probe.Result) error {
	r.Redirect()
	scratchOf(r).kept.Reset()
	if sameOrigin(j.cfg.URL, j.home.cfg.URL) {
		j.send(ctx, j.home, r)
		return nil
	}
	to, err := j.home.origins.acquire(j.home, j.cfg)
	if err != nil {
		return errcode.Wrap(errcode.RedirectRefused, "a redirect to where this target cannot be sent", err)
	}
	defer j.home.origins.release(to)
	j.send(ctx, to.t, r)
	return nil
}

func (j *journey) send(ctx context.Context, t *Transport, r *probe.Result) {
	if next := j.home.cfg.Next; next != nil {
		if !next(ctx, r.Deadline) {
			r.Fail(&errcode.PhaseError{Err: probe.HeldBack(ctx, errHopRate)})
			return
		}
		r.Start = probe.Now()
	}
	q := t.encode(&j.cfg)
	s := scratchOf(r)
	s.send(&q, s.kept)
	t.once(ctx, r)
	j.see(t)
}

// destination resolves the field Location against the URL of the request (RFC
// 9110, section 10.2.2), and refuses what no peer may ask for.
func (j *journey) destination(fields *message.FieldSet) (*url.URL, error) {
	value, err := soleLocation(fields)
	if err != nil {
		return nil, err
	}
	ref, err := url.Parse(escape(value))
	if err != nil {
		return nil, locationFault(errLocationSyntax, value)
	}
	u := j.cfg.URL.ResolveReference(ref)
	u.Fragment, u.RawFragment = "", ""
	if err := hostInASCII(u); err != nil {
		return nil, locationFault(errLocationHost, value)
	}
	switch {
	case u.User != nil:
		return nil, errUserinfo
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, locationFault(errLocationScheme, value)
	case u.Opaque != "" || !isHostname(u.Hostname()):
		return nil, locationFault(errLocationHost, value)
	case u.Scheme == "http" && j.cfg.URL.Scheme == "https":
		return nil, errDowngrade
	}
	if _, err := wire.Authority(u, webPorts); err != nil {
		return nil, locationFault(errLocationPort, value)
	}
	return u, nil
}

// hostInASCII turns letters beyond ASCII into the xn-- form, as browsers do: servers
// write names as people do.
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

// locationFault tells of a Location without its query and whatever may be credentials.
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

// escape encodes the bytes that no URL may hold and some servers send (RFC 3986,
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

// isHostname tells whether a host is an address, or a name of letters, digits,
// hyphens, underscores and dots.
func isHostname(host string) bool {
	for _, c := range []byte(host) {
		if !message.IsTokenByte(c) && c != ':' || strings.IndexByte("!#$&'*+^`|~", c) >= 0 {
			return false
		}
	}
	return host != ""
}

func sameOrigin(a, b *url.URL) bool { return originOf(a) == originOf(b) }

// originOf returns what stands for the origin of a URL (RFC 6454, section 4).
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

// forgetBody makes the request one without content, and its method one that goes
// without.
func (cfg *Config) forgetBody() {
	if cfg.Method != http.MethodHead {
		cfg.Method = "GET"
	}
	cfg.Body, cfg.BodySize = nil, 0
	cfg.Header = withoutFields(cfg.Header,
		"Content-Type", "Content-Encoding", "Content-Language", "Content-Location", "Digest", "Last-Modified")
}
