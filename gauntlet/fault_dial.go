package main

import (
	"fmt"
	"net"
	"strings"

	"golang.org/x/net/dns/dnsmessage"
)

// dnsFaults are names that cannot be resolved, or not into what is wanted.
func (f *farm) dnsFaults() ([]fault, error) {
	table := []struct {
		name, code, keys string
		answer           func(query []byte) []byte
	}{
		{"dns-nxdomain", "1101", "", rcode(dnsmessage.RCodeNameError, false)},
		{"dns-empty", "1101", "", rcode(dnsmessage.RCodeSuccess, false)},
		{"dns-servfail", "1102", "", rcode(dnsmessage.RCodeServerFailure, false)},
		{"dns-refused", "1103", "", rcode(dnsmessage.RCodeRefused, false)},
		{"dns-formerr", "1104", "", rcode(dnsmessage.RCodeFormatError, false)},
		{"dns-cut", "1108", "", rcode(dnsmessage.RCodeSuccess, true)},
		{"dns-garbage", "1106", ", connect_timeout: 2s", func([]byte) []byte { return []byte(canaryPeer) }},
		{"dns-silent", "1105", ", connect_timeout: 2s", func([]byte) []byte { return nil }},
		{"dns-other-family", "1107", ", ip_version: 6", addressed},
		{"dns-denied", "1110", "", addressedTo(169, 254, 169, 254)},
	}
	var all []fault
	for _, row := range table {
		server, err := f.nameServer(row.answer)
		if err != nil {
			return nil, err
		}
		all = append(all, fault{
			name: row.name, codes: row.code, url: "http://host.test.:9/" + row.name + "/", waits: strings.Contains(row.keys, "timeout"),
			keys: []string{fmt.Sprintf("connection: {dns_server: %q%s}", server, row.keys)},
		})
	}
	return all, nil
}

// nameServer serves DNS over UDP.
func (f *farm) nameServer(answer func(query []byte) []byte) (string, error) {
	c, err := net.ListenPacket("udp", "127.0.0.1:0") //nolint:noctx // nothing to wait for
	if err != nil {
		return "", err
	}
	f.atClose(func() { _ = c.Close() })
	f.running.Go(func() {
		query := make([]byte, 1<<16)
		for {
			n, from, err := c.ReadFrom(query)
			if err != nil {
				return
			}
			if a := answer(query[:n]); a != nil {
				_, _ = c.WriteTo(a, from)
			}
		}
	})
	return c.LocalAddr().String(), nil
}

// rcode answers with no records.
func rcode(code dnsmessage.RCode, truncated bool) func([]byte) []byte {
	return func(query []byte) []byte {
		return replyTo(query, func(m *dnsmessage.Message) { m.RCode, m.Truncated = code, truncated })
	}
}

func addressed(query []byte) []byte { return addressedTo(127, 0, 0, 1)(query) }

// addressedTo answers questions for IPv4 addresses with one.
func addressedTo(a, b, c, d byte) func([]byte) []byte {
	return func(query []byte) []byte {
		return replyTo(query, func(m *dnsmessage.Message) {
			if len(m.Questions) == 1 && m.Questions[0].Type == dnsmessage.TypeA {
				q := m.Questions[0]
				head := dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class}
				m.Answers = []dnsmessage.Resource{{Header: head, Body: &dnsmessage.AResource{A: [4]byte{a, b, c, d}}}}
			}
		})
	}
}

func replyTo(query []byte, fill func(*dnsmessage.Message)) []byte {
	var m dnsmessage.Message
	if m.Unpack(query) != nil {
		return nil
	}
	m.Header = dnsmessage.Header{ID: m.ID, Response: true, RecursionAvailable: true}
	m.Additionals = nil
	fill(&m)
	answer, err := m.Pack()
	if err != nil {
		return nil
	}
	return answer
}

// dialFaults are addresses that cannot be reached.
func (f *farm) dialFaults() ([]fault, error) {
	closed, err := f.closedPort()
	if err != nil {
		return nil, err
	}
	return []fault{
		{name: "tcp-refused", codes: "1212", url: "http://" + closed + "/"},
		{name: "tcp-refused-tls", codes: "1212", url: "https://" + closed + "/"},
		{name: "tcp-no-source", codes: "1004", serve: silence, keys: []string{"connection: {source_address: 192.0.2.1}"}},
		{name: "tcp-denied", codes: "1110", url: "http://169.254.169.254/"},
		{name: "dns-closed", codes: "1108", url: "http://host.test.:9/", keys: []string{fmt.Sprintf("connection: {dns_server: %q}", closed)}},
		{name: "proxy-refused", codes: "1031", url: "http://host.test/", keys: []string{fmt.Sprintf("connection: {proxy_url: 'http://%s'}", closed)}},
	}, nil
}

// proxyFaults are proxies that do not do what they are there for.
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
		b, err := f.open(serve)
		if err != nil {
			continue // the count of faults is a gate
		}
		all = append(all, fault{
			name: row.name, codes: row.code, url: row.target + "://host.test/",
			keys: []string{fmt.Sprintf("connection: {proxy_url: '%s://%s'}", row.scheme, b.address)},
		})
	}
	return all
}
