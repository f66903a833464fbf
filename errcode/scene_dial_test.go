package errcode_test

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"golang.org/x/net/dns/dnsmessage"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/option"
	"example.com/prober/policy"
	"example.com/prober/prober/transport"
	"example.com/prober/prober/wire"
)

// Reasons why net/http cannot distinguish a failure, or why the scene cannot run with it.
const (
	clientText    = "net/http returns a bare text"
	clientContext = "net/http returns the error of the context or of its own timer, without the phase"
	resolverText  = "package net keeps the reason as text only"
	noSuchOption  = "net/http has nothing of the kind"
	noPhase       = "without a phase the place of a malformed line or an end of stream is not known"
	noLook        = "net/http does not look"
	noLimit       = "net/http has no such limit"
	atOnce        = "which error net/http returns depends on which of its goroutines sees the end first"
)

// dialScenes are faults of the URL, of our own host, and of making a connection.
func dialScenes() []scene {
	to := func(u *url.URL) func(lab) transport.Config {
		return func(lab) transport.Config { return transport.Config{URL: u} }
	}
	return []scene{
		{name: "the request is cancelled", want: errcode.Cancelled, act: givenUpBefore, stage: plain(peers.Silence)},
		{name: "the scheme is not one of HTTP", want: errcode.InvalidURL, stage: to(at("gopher", "host.test"))},
		{name: "the URL has no host", want: errcode.InvalidURL, stage: to(at("http", ""))},
		{name: "the URL has an impossible port", want: errcode.InvalidURL, stage: to(at("http", "127.0.0.1:99999"))},
		{name: "nothing listens", want: errcode.Refused, stage: func(t lab) transport.Config { return transport.Config{URL: at("http", peers.ClosedPort(t))} }},
		{name: "the source address is not of this host", want: errcode.LocalPorts, stage: func(t lab) transport.Config {
			return transport.Config{URL: at("http", peer(t, peers.Silence)), Dial: option.Dial{SourceAddress: netip.MustParseAddr("192.0.2.1")}}
		}},
		{name: "the address is of the other family than the source", want: errcode.DNSFamily, stage: func(t lab) transport.Config {
			return transport.Config{URL: at("http", peer(t, peers.Silence)), Dial: option.Dial{IPVersion: option.OnlyIPv6}}
		}},
		{name: "the address is on the deny list", want: errcode.BlockedIP, alone: true, why: noSuchOption, stage: func(t lab) transport.Config {
			return transport.Config{URL: at("http", peer(t, peers.Silence)), Rules: policy.Rules{Deny: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}}
		}},
		{name: "the host is on the deny list", want: errcode.BlockedHost, alone: true, why: noSuchOption, stage: func(lab) transport.Config {
			return transport.Config{URL: at("http", "host.prod.test"), Rules: policy.Rules{DenyHosts: []string{"*.prod.test"}}}
		}},
		{name: "no answer comes until the deadline", want: errcode.RequestTimeout, late: true, stage: plain(peers.Silence)},
		{name: "the peer resets instead of answering", want: errcode.Reset, stage: plain(peers.ResetAfterRequest)},
		{name: "the peer resets as soon as it accepts", want: errcode.Reset, alone: true, why: atOnce, stage: plain(peers.Reset)},
		{name: "the proxy resets as soon as it accepts", want: errcode.Proxy, alone: true, why: atOnce, stage: func(t lab) transport.Config {
			return transport.Config{URL: at("https", "host.test"), Proxy: wire.ProxyOptions{URL: at("http", peer(t, peers.Reset))}}
		}},
		{name: "a hook of ours panics", want: errcode.Panic, alone: true, why: noSuchOption, stage: func(t lab) transport.Config {
			cfg := inCoding(peers.Encode([]byte("content"), "gzip"))(t)
			cfg.CheckBody = func([]byte) error { panic("of the test") }
			return cfg
		}},
		{name: "the credentials cannot stand in a header", want: errcode.General, alone: true, why: noSuchOption, stage: func(t lab) transport.Config {
			return transport.Config{URL: at("http", peer(t, peers.Silence)), Authorization: func() (string, error) { return "a\nb", nil }}
		}},
	}
}

func dnsScenes() []scene {
	asking := func(names peers.Names) func(t lab) transport.Config {
		return func(t lab) transport.Config {
			return transport.Config{URL: at("http", "host.test.:9"), Dial: option.Dial{DNSServer: netip.MustParseAddrPort(peers.NameServer(t, names))}}
		}
	}
	inVain := func(names peers.Names) func(t lab) transport.Config {
		return func(t lab) transport.Config {
			cfg := asking(names)(t)
			cfg.ConnectTimeout = waiting // enough time for an answer
			return cfg
		}
	}
	rcode := func(rcode dnsmessage.RCode) func(t lab) transport.Config { return asking(peers.NoNames(rcode)) }
	return []scene{
		{name: "the name does not exist", want: errcode.NoSuchHost, stage: rcode(dnsmessage.RCodeNameError)},
		{name: "the name has no address", want: errcode.NoSuchHost, stage: rcode(dnsmessage.RCodeSuccess)},
		{name: "the DNS server answers SERVFAIL", want: errcode.DNSServfail, std: errcode.DNS, why: resolverText, stage: rcode(dnsmessage.RCodeServerFailure)},
		{name: "the DNS server answers REFUSED", want: errcode.DNSRefused, std: errcode.DNS, why: resolverText, stage: rcode(dnsmessage.RCodeRefused)},
		{name: "the DNS server answers FORMERR", want: errcode.DNSRcode, std: errcode.DNS, why: resolverText, stage: rcode(dnsmessage.RCodeFormatError)},
		{name: "the DNS server cuts its answer and refuses TCP", want: errcode.DNSUnreachable, std: errcode.DNS, why: resolverText, stage: asking(peers.CutNames)},
		{name: "the DNS server cuts its answer over TCP as well", want: errcode.DNSMalformed, std: errcode.NoSuchHost, why: "package net takes the cut answer for the whole one", stage: func(t lab) transport.Config {
			return transport.Config{URL: at("http", "host.test.:9"), Dial: option.Dial{DNSServer: netip.MustParseAddrPort(peers.NameServerOfBoth(t, peers.CutNames, peers.CutNames))}}
		}},
		{name: "the DNS server answers garbage", want: errcode.DNSMalformed, std: errcode.DNSTimeout, why: "package net waits on for another answer", stage: inVain(peers.SayNames("garbage"))},
		{name: "the DNS server answers nothing", want: errcode.DNSTimeout, stage: inVain(peers.SilentNames)},
		{name: "the DNS server's port is closed", want: errcode.DNSUnreachable, std: errcode.DNS, why: resolverText, stage: func(t lab) transport.Config {
			return transport.Config{URL: at("http", "host.test.:9"), Dial: option.Dial{DNSServer: netip.MustParseAddrPort(peers.ClosedPacketPort(t))}}
		}},
		{name: "the name has addresses of the other family only", want: errcode.DNSFamily, std: errcode.NoSuchHost, why: "package net asks for the wanted family only", stage: func(t lab) transport.Config {
			cfg := asking(peers.Addresses("127.0.0.1"))(t)
			cfg.IPVersion = option.OnlyIPv6
			return cfg
		}},
	}
}

func proxyScenes() []scene {
	through := func(scheme, target string, script peers.Script) func(t lab) transport.Config {
		return func(t lab) transport.Config {
			return transport.Config{URL: at(target, "host.test"), Proxy: wire.ProxyOptions{URL: peers.Listen(t, script).URL(scheme)}}
		}
	}
	return []scene{
		{name: "the proxy cannot be reached", want: errcode.ProxyConnect, stage: func(t lab) transport.Config {
			return transport.Config{URL: at("https", "host.test"), Proxy: wire.ProxyOptions{URL: at("http", peers.ClosedPort(t))}}
		}},
		{name: "the proxy does not speak TLS", want: errcode.ProxyConnect, stage: through("https", "https", peers.Saying("HTTP/1.1 400 Bad Request\r\n\r\n"))},
		{name: "the proxy answers CONNECT with garbage", want: errcode.Proxy, std: errcode.General, why: clientText, stage: through("http", "https", peers.Saying("garbage\r\n\r\n"))},
		{name: "the proxy refuses CONNECT", want: errcode.ProxyRefused, std: errcode.General, why: clientText, stage: through("http", "https", peers.Saying("HTTP/1.1 403 Forbidden\r\n\r\n"))},
		{name: "the proxy asks for authentication", want: errcode.ProxyAuth, std: errcode.General, why: clientText, stage: through("http", "https", peers.Saying("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"))},
		{
			name: "the proxy asks for authentication of a forwarded request", want: errcode.ProxyAuth, std: errcode.FromStatus(http.StatusProxyAuthRequired), why: "for net/http this is a response like any other",
			stage: through("http", "http", peers.Saying("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")),
		},
		{name: "the SOCKS proxy accepts no method", want: errcode.ProxySocks, stage: through("socks5", "http", peers.Saying("\x05\xff"))},
		{name: "the SOCKS proxy cannot reach the target", want: errcode.ProxySocks, stage: through("socks5", "http", peers.Saying("\x05\x00", "\x05\x05\x00\x01\x00\x00\x00\x00\x00\x00"))},
	}
}

func redirectScenes() []scene {
	answering := func(field string) func(t lab) transport.Config {
		text := "HTTP/1.1 302 Found\r\n" + field + "Content-Length: 0\r\n\r\n"
		return func(t lab) transport.Config {
			return transport.Config{URL: at("http", peer(t, peers.Saying(text))), FollowRedirects: 10}
		}
	}
	const anyway = "net/http follows"
	return []scene{
		{name: "a redirect has no Location", want: errcode.RedirectLocation, why: "net/http takes it for an answer", std: errcode.OK, stage: answering("")},
		{name: "a redirect has a malformed Location", want: errcode.RedirectLocation, std: errcode.General, why: clientText, stage: answering("Location: http://[::1\r\n")},
		{name: "redirects go in a circle", want: errcode.RedirectLimit, std: errcode.General, why: clientText, stage: answering("Location: /\r\n")},
		{name: "there are more redirects than allowed", want: errcode.RedirectLimit, std: errcode.General, why: clientText, stage: func(t lab) transport.Config {
			return transport.Config{URL: at("http", peer(t, further)), FollowRedirects: 10}
		}},
		{name: "a redirect leads to a URL with credentials", want: errcode.RedirectRefused, std: errcode.NoSuchHost, why: anyway, stage: func(t lab) transport.Config {
			cfg := answering("Location: http://user:password@host.test.:9/\r\n")(t)
			cfg.DNSServer = netip.MustParseAddrPort(peers.NameServer(t, peers.NoNames(dnsmessage.RCodeNameError)))
			return cfg
		}},
		{name: "a redirect leads from https to http", want: errcode.RedirectRefused, std: errcode.Refused, why: anyway, stage: func(t lab) transport.Config {
			cfg := securedBy(t, "HTTP/1.1 302 Found\r\nLocation: http://"+peers.ClosedPort(t)+"/\r\nContent-Length: 0\r\n\r\n")
			cfg.FollowRedirects = 10
			return cfg
		}},
	}
}

// further redirects each request to a longer path.
func further(c net.Conn) {
	for path := "/"; ; path += "x" {
		request := make([]byte, 1<<12)
		if n, err := c.Read(request); err != nil || !strings.HasPrefix(string(request[:n]), "GET ") {
			return
		}
		fmt.Fprintf(c, "HTTP/1.1 302 Found\r\nLocation: %sx\r\nContent-Length: 0\r\n\r\n", path)
	}
}
