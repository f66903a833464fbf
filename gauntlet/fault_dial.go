package main

import (
	"fmt"
	"strings"

	"golang.org/x/net/dns/dnsmessage"

	"example.com/prober/internal/peers"
)

// dnsFaults are names that do not resolve, or resolve to a forbidden or useless address.
func (f *farm) dnsFaults() []fault {
	table := []struct {
		name, code, keys string
		names            peers.Names
	}{
		{"dns-nxdomain", "1101", "", peers.NoNames(dnsmessage.RCodeNameError)},
		{"dns-empty", "1101", "", peers.NoNames(dnsmessage.RCodeSuccess)},
		{"dns-servfail", "1102", "", peers.NoNames(dnsmessage.RCodeServerFailure)},
		{"dns-refused", "1103", "", peers.NoNames(dnsmessage.RCodeRefused)},
		{"dns-formerr", "1104", "", peers.NoNames(dnsmessage.RCodeFormatError)},
		{"dns-cut", "1108", "", peers.CutNames},
		{"dns-garbage", "1106", ", connect_timeout: 2s", peers.SayNames(canaryPeer)},
		{"dns-silent", "1105", ", connect_timeout: 2s", peers.SilentNames},
		{"dns-other-family", "1107", ", ip_version: 6", peers.Addresses(addressHome)},
		{"dns-denied", "1110", "", peers.Addresses(addressMetaAPI)},
	}
	var all []fault
	for _, row := range table {
		server := peers.NameServer(f, row.names)
		all = append(all, fault{
			name: row.name, codes: row.code, url: "http://host.test.:9/" + row.name + "/", waits: strings.Contains(row.keys, "timeout"),
			keys: []string{fmt.Sprintf("connection: {dns_server: %q%s}", server, row.keys)},
		})
	}
	return all
}

// dialFaults are unreachable addresses.
func (f *farm) dialFaults() []fault {
	closed := peers.ClosedPort(f)
	return []fault{
		{name: "tcp-refused", codes: "1212", url: "http://" + closed + "/"},
		{name: "tcp-refused-tls", codes: "1212", url: "https://" + closed + "/"},
		{name: "tcp-no-source", codes: "1004", serve: peers.Silence, keys: []string{"connection: {source_address: 192.0.2.1}"}},
		{name: "tcp-denied", codes: "1110", url: "http://169.254.169.254/"},
		{name: "dns-closed", codes: "1108", url: "http://host.test.:9/", keys: []string{fmt.Sprintf("connection: {dns_server: %q}", closed)}},
		{name: "proxy-refused", codes: "1031", url: "http://host.test/", keys: []string{fmt.Sprintf("connection: {proxy_url: 'http://%s'}", closed)}},
	}
}

// proxyFaults are proxies that fail at their job.
func (f *farm) proxyFaults() []fault {
	table := []struct {
		name, code, scheme, target, text string
	}{
		{"proxy-no-tls", "1031", "https", "https", "HTTP/1.1 400 Bad Request\r\n\r\n"},
		{"proxy-garbage", "1030", "http", "https", canaryPeer + "\r\n\r\n"},
		{"proxy-forbids", "1032", "http", "https", "HTTP/1.1 403 Forbidden\r\n\r\n"},
		{"proxy-auth", "1033", "http", "https", "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"},
		{"proxy-auth-forwarded", "1033", "http", "http", "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"},
		{"proxy-socks-no-method", "1034", "socks5", "http", "\x05\xff"},
	}
	var all []fault
	for _, row := range table {
		serve := blurt(row.text)
		if row.target == "http" && row.scheme == "http" { // the connection stays
			serve = f.serveHTTP1(func(string, int) move { return move{text: row.text} })
		}
		b := f.open(serve)
		all = append(all, fault{
			name: row.name, codes: row.code, url: row.target + "://host.test/",
			keys: []string{fmt.Sprintf("connection: {proxy_url: '%s://%s'}", row.scheme, b.address)},
		})
	}
	return all
}
