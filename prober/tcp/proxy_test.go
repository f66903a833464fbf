package tcp

import (
	"io"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/internal/peers/certs"
	"example.com/prober/option"
	"example.com/prober/prober/wire"
)

// tunnelling is an HTTP proxy that answers CONNECT. If its answer is a success, it then
// passes bytes on. The target's first bytes go with the answer.
func tunnelling(answer string) peers.Script {
	return func(c net.Conn) {
		request := make([]byte, 4096)
		n, err := c.Read(request)
		line, _, _ := strings.Cut(string(request[:n]), " HTTP/1.1\r\n")
		target, isConnect := strings.CutPrefix(line, "CONNECT ")
		if err != nil || !isConnect {
			return
		}
		through, err := net.Dial("tcp", target)
		if err != nil {
			return
		}
		defer through.Close()
		if strings.Contains(answer, "+") { // the target speaks before its client
			greeting := make([]byte, 100)
			n, _ := through.Read(greeting)
			answer = strings.Replace(answer, "+", string(greeting[:n]), 1)
		}
		if _, err := io.WriteString(c, answer); err != nil {
			return
		}
		peers.Relay(c, through)
	}
}

const established = "HTTP/1.1 200 OK\r\n\r\n"

func greeting(c net.Conn) {
	_, _ = io.WriteString(c, "220 mail.test ESMTP\r\n")
	peers.Silence(c)
}

func through(p *peers.Peer, scheme string) wire.ProxyOptions {
	return wire.ProxyOptions{URL: &url.URL{Scheme: scheme, Host: p.Address()}}
}

func TestAProxyConnectsThrough(t *testing.T) {
	t.Parallel()
	cert := certs.Issue(nil)
	plain, speaks := peers.Listen(t, peers.Silence), peers.Listen(t, greeting)
	secured := peers.Listen(t, peers.Within(peers.Showing(cert), peers.Silence))
	trust := option.TLS{CA: certs.PEM(cert)}
	for name, test := range map[string]struct {
		scheme string
		target *peers.Peer
		answer string
		last   errcode.Phase
	}{
		"to a target that is silent":       {"tcp", plain, established, errcode.PhaseConnect},
		"to a target that speaks first":    {"tcp", speaks, established, errcode.PhaseConnect},
		"to one whose greeting is at hand": {"tcp", speaks, established + "+", errcode.PhaseConnect},
		"to a target with TLS":             {"tls", secured, established, errcode.PhaseTLS},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := peers.Listen(t, tunnelling(test.answer))
			e := newEngine(t, wire.Plan{URL: at(test.scheme, test.target.Address()), Proxy: through(p, "http"), TLS: trust})
			r := do(t.Context(), e, patience)
			require.Equal(t, errcode.OK, e.Code(r), "%v", r.Err)
			phases := phasesOf(r)
			assert.Equal(t, test.last, phases[len(phases)-1])
			assert.Equal(t, p.Address(), r.Remote.String())
			assert.Eventually(t, func() bool { return test.target.Connections() > 0 }, patience, time.Millisecond)
		})
	}
}

func TestAProxyThatDoesNotConnectThroughIsToBlame(t *testing.T) {
	t.Parallel()
	target := peers.Listen(t, peers.Silence)
	for name, test := range map[string]struct {
		answer string
		code   errcode.Code
	}{
		"it refuses":              {"HTTP/1.1 403 Forbidden\r\n\r\n", errcode.ProxyRefused},
		"it asks for credentials": {"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", errcode.ProxyAuth},
		"it does not speak HTTP":  {"220 mail.test ESMTP\r\n\r\n", errcode.Proxy},
		"it ends in its answer":   {"HTTP/1.1 200", errcode.Proxy},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := peers.Listen(t, peers.Saying(test.answer))
			e := newEngine(t, wire.Plan{URL: at("tcp", target.Address()), Proxy: through(p, "http")})
			assertFails(t, e, do(t.Context(), e, patience), test.code, errcode.PhaseConnect)
		})
	}
	p := peers.Listen(t, peers.Saying(established+"surplus"))
	e := newEngine(t, wire.Plan{URL: at("tls", target.Address()), Proxy: through(p, "http")})
	assertFails(t, e, do(t.Context(), e, patience), errcode.Proxy, errcode.PhaseConnect)

	closed := wire.ProxyOptions{URL: &url.URL{Scheme: "socks5", Host: peers.ClosedPort(t)}}
	e = newEngine(t, wire.Plan{URL: at("tls", target.Address()), Proxy: closed})
	assertFails(t, e, do(t.Context(), e, patience), errcode.ProxyConnect, errcode.PhaseConnect)
	assert.Zero(t, target.Connections())
}

func TestASOCKSProxyConnectsThrough(t *testing.T) {
	t.Parallel()
	// It says that it has connected, and goes on with the target's first bytes.
	p := peers.Listen(t, peers.Saying("\x05\x00", "\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00220 mail.test\r\n"))
	e := newEngine(t, wire.Plan{URL: at("tcp", "name.test:25"), Proxy: through(p, "socks5")})
	r := do(t.Context(), e, patience)
	assert.Equal(t, errcode.OK, e.Code(r), "%v", r.Err)

	p = peers.Listen(t, peers.Saying("\x05\x00", "\x05\x05\x00\x01\x00\x00\x00\x00\x00\x00"))
	e = newEngine(t, wire.Plan{URL: at("tcp", "name.test:25"), Proxy: through(p, "socks5")})
	assertFails(t, e, do(t.Context(), e, patience), errcode.ProxySocks, errcode.PhaseConnect)
}
