package transport

import (
	"cmp"
	"net"
	"slices"
	"strings"
)

// webPorts are the standard ports of the schemes that a request can have.
var webPorts = map[string]uint16{"http": 80, "https": 443}

// planOf returns how the connections for the requests of cfg are made.
func planOf(cfg *Config) plan {
	return plan{
		URL:            cfg.URL,
		Ports:          webPorts,
		Secure:         cfg.URL.Scheme == "https",
		TLS:            cfg.TLS,
		Protocols:      cfg.HTTPVersion.protocols(),
		ConnectTimeout: cfg.ConnectTimeout,
		TLSTimeout:     cfg.TLSTimeout,
		Connections:    cfg.Connections,
		IPVersion:      cfg.IPVersion,
		Resolve:        cfg.Resolve,
		DNSServer:      cfg.DNSServer,
		SourceAddress:  cfg.SourceAddress,
		Proxy:          cfg.Proxy,
		Forwards:       cfg.URL.Scheme == "http",
		Deny:           cfg.Deny,
		Allow:          cfg.Allow,
		DenyHosts:      cfg.DenyHosts,
		Aliases:        []alias{{"the Host header", hostOf(cfg.Host)}},
	}
}

// contentOptionsOf returns what is of interest in the responses to the requests of cfg.
func contentOptionsOf(cfg *Config) contentOptions {
	o := contentOptions{
		Fields:   cfg.KeepHeader,
		Check:    cfg.CheckBody,
		Decode:   len(cfg.Compression) > 0,
		Follows:  cfg.FollowRedirects > 0,
		MaxBody:  cfg.MaxBodyBytes,
		Decoders: cfg.Decoders,
	}
	if o.Follows {
		o.Fields = append(slices.Clip(o.Fields), location, setCookie)
	}
	return o
}

// carry prepares what carries the requests.
func (t *Transport) carry() {
	cfg := &t.cfg
	t.h1 = newPool(h1options{
		requests:    cfg.RequestsPerConnection,
		maxBody:     cfg.MaxBodyBytes,
		connections: cfg.Connections,
		dial:        t.dial,
	})
	if !cfg.HTTPVersion.multiplexes(cfg.URL.Scheme) {
		return
	}
	t.h2 = newH2pool(h2options{
		streams:        cmp.Or(cfg.StreamsPerConnection, defaultStreams),
		requests:       cfg.RequestsPerConnection,
		maxBody:        cfg.MaxBodyBytes,
		connectTimeout: cfg.ConnectTimeout,
		tlsTimeout:     cfg.TLSTimeout,
		connections:    cfg.Connections,
		keeps:          t.content != nil,
		wanted:         t.content.wanted(),
		only:           cfg.HTTPVersion != AutoHTTP,
		negotiated:     cfg.HTTPVersion.negotiated,
		dial:           t.dial,
		http1:          t,
	})
}

// hostOf returns a Host header without its port.
func hostOf(header string) string {
	if host, _, err := net.SplitHostPort(header); err == nil {
		return host
	}
	return strings.Trim(header, "[]")
}
