package wire

import (
	"crypto/tls"
	"encoding/base64"
	"errors"
	"net/url"

	"example.com/prober/errcode"
	"example.com/prober/option"
	"example.com/prober/prober/probe"
)

// ProxyOptions says through which proxy a target is reached.
//
// The name of the target is the proxy's to resolve. Everything up to the connection
// through the proxy counts in the phase connect: the look-up of its name, TLS with it,
// and its answer to CONNECT.
type ProxyOptions struct {
	// URL has the scheme http, https, socks5 or socks5h; nil means no proxy. socks5 and
	// socks5h mean the same here. The standard ports are 80, 443 and 1080.
	URL *url.URL
	// Username and Password are the credentials; if both are empty, those in URL.
	Username, Password string
	// NoProxy lists the targets to reach directly: *, an address, a prefix in CIDR
	// notation, a domain (with its subdomains) or .domain or *.domain (subdomains only);
	// all but the prefix may end in :port.
	NoProxy []string
	// TLS is used with a proxy of the scheme https.
	TLS option.TLS
}

// What can go wrong with a proxy.
var (
	ErrProxyAuth    = errcode.New(errcode.ProxyAuth, "the proxy asks for authentication")
	errProxyAnswer  = errcode.New(errcode.Proxy, "malformed answer of the proxy")
	errProxySurplus = errcode.New(errcode.Proxy, "bytes of the proxy after its answer to CONNECT")
)

// Proxy is a compiled ProxyOptions; nil stands for no proxy. negotiate and unreachable take
// nil, so that the dialer needs no second path.
type proxy struct {
	endpoint
	socks bool
	// forward means that requests go to the proxy itself, in absolute form, and not
	// through a connection it makes.
	forward bool
	// tls is set for an https proxy.
	tls *tls.Config
	// greeted means that the target may speak first.
	greeted bool

	username, password string
}

// compile returns the proxy on the way to target, nil if there is none. forwards means
// that an HTTP proxy takes the requests itself.
func (o ProxyOptions) compile(forwards bool, target endpoint, read *Certificates) (*proxy, error) {
	if o.URL == nil || bypasses(o.NoProxy, target) {
		return nil, nil
	}
	at, err := newEndpoint(o.URL, map[string]uint16{"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080})
	if err != nil {
		return nil, err
	}
	p := &proxy{endpoint: at, username: o.Username, password: o.Password}
	if p.username == "" && p.password == "" {
		p.username = o.URL.User.Username()
		p.password, _ = o.URL.User.Password()
	}
	p.socks = o.URL.Scheme == "socks5" || o.URL.Scheme == "socks5h"
	p.forward = forwards && !p.socks
	if o.URL.Scheme == "https" {
		if p.tls, err = compileTLS(o.TLS, p.host, read); err != nil {
			return nil, err
		}
		// A proxy without HTTP/1.1 can refuse this in the handshake, before it gets a request
		// it cannot read.
		p.tls.NextProtos = []string{"http/1.1"} // CONNECT is spoken in it
	}
	if p.socks && max(len(p.username), len(p.password), len(target.host)) > maxSocksString {
		return nil, errors.New("credentials and host of a target behind a SOCKS5 proxy have at most 255 bytes each")
	}
	return p, nil
}

// Authorization returns the value of Proxy-Authorization (RFC 7617) for Username and
// Password, or "".
func (o ProxyOptions) Authorization() string { return basic(o.Username, o.Password) }

func (p *proxy) authorization() string { return basic(p.username, p.password) }

func basic(username, password string) string {
	if username == "" && password == "" {
		return ""
	}
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(username+":"+password))
}

// unreachable marks a failure to connect as one of the proxy, if there is one.
func (p *proxy) unreachable(err error) error {
	if p == nil {
		return err
	}
	return errcode.Wrap(errcode.ProxyConnect, "the proxy cannot be reached", err)
}

// negotiate makes l, a link to the proxy, lead to target, or to the proxy itself if it
// takes the requests. trace may be nil.
func (p *proxy) negotiate(l *Link, target endpoint, trace *probe.Trace) error {
	if p == nil {
		return nil
	}
	if p.tls != nil {
		if trace != nil {
			trace.Notef("TLS handshake with the proxy for %q, offering %s", p.tls.ServerName, offers(p.tls))
		}
		outer, err := handshake(l.RW, p.tls)
		if trace != nil {
			showTLS(trace, outer, p.tls, err)
		}
		if err != nil {
			return errcode.Wrap(errcode.ProxyConnect, "the proxy cannot be secured", err)
		}
		l.RW, l.TLS = outer, outer
	}
	switch {
	case p.forward:
		trace.Notef("the proxy %s takes the request itself", p.endpoint.authority())
		return nil
	case p.socks:
		trace.Notef("asking the SOCKS5 proxy %s for a connection to %s", p.endpoint.authority(), target.authority())
		err := p.socksConnect(l.RW, target)
		showTunnel(trace, err)
		return err
	default:
		err := p.httpConnect(l, target, trace)
		showTunnel(trace, err)
		return err
	}
}
