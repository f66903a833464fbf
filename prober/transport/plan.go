package transport

import (
	"net"
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

// hostOf returns a Host header without its port.
func hostOf(header string) string {
	if host, _, err := net.SplitHostPort(header); err == nil {
		return host
	}
	return strings.Trim(header, "[]")
}
