package transport

import (
	"cmp"
	"net"
	"slices"
	"strings"

	"example.com/prober/option"
	"example.com/prober/prober/content"
	"example.com/prober/prober/http1"
	"example.com/prober/prober/http2"
	"example.com/prober/prober/http3"
	"example.com/prober/prober/wire"
)

// webPorts are the standard ports of the schemes of a request.
var webPorts = map[string]uint16{"http": 80, "https": 443}

// planOf returns how to make the connections for the requests of cfgs: as the first wants
// them, with the names of all. A front-end picks the site by the Host header, so the policy
// looks at that name too.
func planOf(cfgs []Config) wire.Plan {
	cfg := &cfgs[0]
	var aliases []wire.Alias
	for i := range cfgs {
		aliases = append(aliases, wire.Alias{What: "the Host header", Host: hostOf(cfgs[i].Host)})
	}
	return wire.Plan{
		URL:          cfg.URL,
		Ports:        webPorts,
		Secure:       cfg.URL.Scheme == "https",
		TLS:          cfg.TLS,
		Certificates: cfg.Certificates,
		Protocols:    protocols(cfg.HTTPVersion),
		Dial:         cfg.Dial,
		Connections:  cfg.Connections,
		Proxy:        cfg.Proxy,
		Forwards:     cfg.URL.Scheme == "http",
		Rules:        cfg.Rules,
		Aliases:      aliases,
	}
}

// contentOptionsOf returns what to look at in the responses to q.
func contentOptionsOf(q *request) content.Options {
	cfg := &q.cfg
	o := content.Options{
		Fields:   cfg.KeepHeader,
		Check:    cfg.CheckBody,
		Decode:   len(cfg.Compression) > 0,
		Follows:  cfg.FollowRedirects > 0,
		MaxBody:  cfg.MaxBodyBytes,
		Decoders: cfg.Decoders,
	}
	if o.Follows {
		// Clip makes append copy: the array behind KeepHeader belongs to the caller.
		o.Fields = append(slices.Clip(o.Fields), location, setCookie)
	}
	if cfg.Cookies {
		o.Fields = append(slices.Clip(o.Fields), setCookie)
	}
	for i := range q.captures {
		o.Fields = append(slices.Clip(o.Fields), q.captures[i].field()...)
		if q.captures[i].isOfBody() {
			o.Accepted = q.captureBody
		}
	}
	return o
}

// carry makes the pools of connections.
func (t *Transport) carry() {
	cfg := t.cfg
	t.h1 = http1.NewPool(http1.Options{
		Requests:    cfg.RequestsPerConnection,
		Connections: cfg.Connections,
		Dial:        t.dial,
	})
	if cfg.HTTPVersion == option.OnlyHTTP3 {
		t.h3 = http3.NewPool(http3.Options{
			Streams:     cmp.Or(cfg.StreamsPerConnection, defaultStreams),
			Requests:    cfg.RequestsPerConnection,
			Connections: cfg.Connections,
			Wanted:      t.keeps.fields,
			Shows:       cfg.Shows,
			EarlyData:   cfg.TLS.EarlyData,
			Dial:        t.dialDatagrams,
		})
		t.multi = t.h3
		return
	}
	if !multiplexes(cfg.HTTPVersion, cfg.URL.Scheme) {
		return
	}
	t.h2 = http2.NewPool(http2.Options{
		Streams:        cmp.Or(cfg.StreamsPerConnection, defaultStreams),
		Requests:       cfg.RequestsPerConnection,
		ConnectTimeout: cfg.ConnectTimeout,
		TLSTimeout:     cfg.TLSTimeout,
		Connections:    cfg.Connections,
		Keeps:          t.keeps.something,
		Wanted:         t.keeps.fields,
		Shows:          cfg.Shows,
		Only:           !cfg.HTTPVersion.IsAuto(),
		Negotiated:     func(l *wire.Link) (bool, error) { return negotiated(cfg.HTTPVersion, l) },
		Dial:           t.dial,
		HTTP1:          overHTTP1{t},
	})
	t.multi = t.h2
}

// hostOf returns a Host header without its port.
func hostOf(header string) string {
	if host, _, err := net.SplitHostPort(header); err == nil {
		return host
	}
	return strings.Trim(header, "[]")
}
