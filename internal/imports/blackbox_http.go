package imports

import (
	"errors"
	"fmt"
	"strings"

	"gopkg.in/yaml.v3"
)

// httpProbe holds a module's conditions for an answer, and other keys for a second look.
type httpProbe struct {
	statuses         []string
	versions         []string
	mustMatch        []string // the body
	bodyLimit        string
	failIfSSL        bool
	failIfNotSSL     bool
	http3            bool
	http1            bool
	noRedirects      bool
	compression      string
	proxy            string
	noProxy          string
	headerPatterns   []string // names with a pattern
	hasBodyCondition bool
}

// buildHTTP is for modules of kind http.
func (p *probe) buildHTTP(section *yaml.Node) error {
	h := &httpProbe{}
	err := p.blackbox.walk(section, p.path, func(key string, n *yaml.Node) error {
		for _, take := range []func(*httpProbe, string, *yaml.Node) (bool, error){
			func(_ *httpProbe, key string, n *yaml.Node) (bool, error) { return p.common(key, n) },
			p.httpRequest, p.httpAnswer, p.httpConnection, p.httpLogin,
		} {
			if taken, err := take(h, key, n); taken || err != nil {
				return err
			}
		}
		p.unsaid(key, n)
		return nil
	})
	if err != nil {
		return err
	}
	if err := p.httpURL(h); err != nil {
		return err
	}
	p.settleRequest(h)
	p.settleConnection(h)
	p.settleAnswer(h)
	return nil
}

// httpURL sets the URL, or a placeholder.
func (p *probe) httpURL(h *httpProbe) error {
	if p.given == "" {
		scheme := "https"
		if h.failIfSSL {
			scheme = "http"
		}
		p.target.origin = scheme + "://" + placeholderHost
		p.note("The module has no target: put one into url, or import with --target.")
		return nil
	}
	raw := p.given
	if !strings.Contains(raw, "://") {
		raw = "http://" + raw
	}
	at, err := parseAddress(raw)
	if err == nil && at.user != nil {
		err = errors.New("must not contain a user name or password")
	}
	if err != nil {
		return fmt.Errorf("--target: %s %w", cut(shownURL(raw)), err)
	}
	p.target.origin = at.origin()
	p.request.path = literal(at.path)
	if h.failIfSSL && at.scheme == "https" || h.failIfNotSSL && at.scheme == "http" {
		p.note("The module fails for a URL that begins with %s: fail_if_ssl or fail_if_not_ssl says so.", at.scheme)
	}
	return nil
}

// httpRequest takes the keys about the request.
func (p *probe) httpRequest(h *httpProbe, key string, n *yaml.Node) (taken bool, err error) {
	b, path := p.blackbox, p.path+"."+key
	switch key {
	case "method":
		var given string
		if given, err = b.word(n, path); err != nil {
			return true, err
		}
		verb, ok := method(orElse(given, "GET"))
		if !ok {
			return true, b.fail(n, path, "is not a method that can be sent to a target")
		}
		p.request.method = verb
	case "headers":
		return true, b.walk(n, path, func(name string, n *yaml.Node) error {
			value, err := b.word(n, path+"."+name)
			p.addHeader(name, value)
			return err
		})
	case "http_headers":
		return true, p.httpHeaders(n, path)
	case "body":
		var body string
		if body, err = b.word(n, path); body != "" {
			p.request.body = literal(body)
		}
	case "body_file":
		p.request.bodyFile, err = b.file(n, path)
	case "compression":
		h.compression, err = b.word(n, path)
	case "no_follow_redirects", "follow_redirects":
		var on bool
		on, err = b.flag(n, path)
		h.noRedirects = on == (key == "no_follow_redirects")
	default:
		return false, nil
	}
	return true, err
}

func (p *probe) addHeader(name, value string) {
	value = strings.TrimSpace(value)
	if strings.EqualFold(name, "Host") {
		if _, err := parseAddress("http://" + value); err != nil || strings.ContainsAny(value, "/?#@") {
			p.note("The header Host is left out: its value is not a host.")
			return
		}
		p.request.host = value
		return
	}
	if why := checkHeader(name, value); why != "" {
		p.note("The header %s %s.", cut(name), why)
		return
	}
	p.request.addField(name, value)
}

// httpHeaders takes headers with lists of values.
func (p *probe) httpHeaders(n *yaml.Node, path string) error {
	b := p.blackbox
	return b.walk(n, path, func(name string, n *yaml.Node) error {
		return b.walk(n, path+"."+name, func(key string, n *yaml.Node) error {
			all, err := b.words(n, path+"."+name+"."+key)
			for _, value := range all {
				switch key {
				case "values":
					p.addHeader(name, value)
				case "secrets":
					if why := checkHeader(name, value); why == "" {
						p.request.addHeader(name, p.target.data.hide(strings.ToLower(name), value))
					}
				default:
					p.note("The header %s from a file is left out: %s.", cut(name), cut(value))
				}
			}
			return err
		})
	})
}

// httpConnection takes the keys about the connection.
func (p *probe) httpConnection(h *httpProbe, key string, n *yaml.Node) (taken bool, err error) {
	b, path := p.blackbox, p.path+"."+key
	switch key {
	case "fail_if_ssl":
		h.failIfSSL, err = b.flag(n, path)
	case "fail_if_not_ssl":
		h.failIfNotSSL, err = b.flag(n, path)
	case "enable_http2":
		var on bool
		on, err = b.flag(n, path)
		h.http1 = !on
	case "enable_http3":
		h.http3, err = b.flag(n, path)
	case "proxy_url":
		h.proxy, err = b.word(n, path)
	case "no_proxy":
		h.noProxy, err = b.word(n, path)
	case "skip_resolve_phase_with_proxy", "use_proxy_dns":
		p.note("%s: a proxy always looks the name up.", key)
	default:
		return false, nil
	}
	return true, err
}

// settleRequest adds the keys of the request that depend on several keys of the module.
func (p *probe) settleRequest(h *httpProbe) {
	const redirects = 10 // the limit of blackbox_exporter
	if !h.noRedirects {
		p.request.redirects = redirects
	}
	if field, ok := p.request.header("Authorization"); ok && p.request.login == nil {
		if p.request.login = loginOf(field); p.request.login != nil {
			p.request.removeHeader("Authorization")
		}
	} else if ok {
		p.request.removeHeader("Authorization")
		p.note("The header Authorization is left out: the module has other credentials, too.")
	}
	if _, given := p.request.header("Accept-Encoding"); h.compression != "" && p.request.compression == nil && !given {
		if all, ok := codings(h.compression); ok {
			p.request.compression = all
		} else if h.compression != "identity" {
			p.note("compression: there is no counterpart for %s.", cut(h.compression))
		}
	}
	if m := p.request.method; (m == "HEAD" || m == "TRACE") && (p.request.body != nil || p.request.bodyFile != "") {
		p.note("%s cannot have a body: the body of the module is left out.", m)
		p.request.body, p.request.bodyFile = nil, ""
	}
	if (p.request.body != nil || p.request.bodyFile != "") && p.request.method == "" {
		p.request.method = "GET"
	}
	if p.request.body != nil {
		p.request.bodyFile = ""
	}
}

// settleConnection adds the keys of the connection that depend on several keys of the module.
func (p *probe) settleConnection(h *httpProbe) {
	keys := p.target.connection
	isHTTPS := strings.HasPrefix(p.target.origin, "https")
	if h.proxy != "" {
		p.settleProxy(h)
	}
	if list, ok := noProxy(h.noProxy); ok && keys.has("proxy_url") {
		keys.list("no_proxy", list...)
	} else if h.noProxy != "" {
		p.note("no_proxy: %s is left out.", cut(h.noProxy))
	}
	switch {
	case h.http3 && isHTTPS && !keys.has("proxy_url") && !p.tls.has("max_version"):
		keys.text("http_version", "3")
	case h.http3:
		p.note("enable_http3 is left out: HTTP/3 needs an https URL, TLS 1.3 and no proxy.")
	case h.http1:
		keys.text("http_version", "1.1")
	}
	if !isHTTPS && p.request.redirects == 0 {
		p.dropTLS("the URL is http, and no redirect is followed")
	}
}

func (p *probe) settleProxy(h *httpProbe) {
	proxy, given, ok := parseProxy(h.proxy, "")
	if !ok {
		p.note("proxy_url is left out: it must begin with http, https, socks5 or socks5h.")
		return
	}
	p.target.connection.text("proxy_url", proxy)
	p.target.proxyHost = trimScheme(proxy)
	var why string
	if p.target.proxyLogin, why = proxyLogin(given, proxy); why != "" {
		p.note("%s", why)
	}
}
