package errcode_test

import (
	"crypto/tls"
	"fmt"
	"io"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/stretchr/testify/assert"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/internal/peers/certs"
	"example.com/prober/option"
	"example.com/prober/prober/transport"
)

// noHTTP3 is the reason why only the prober runs a scene.
const noHTTP3 = "net/http speaks no HTTP/3"

// numbers is how many error codes HTTP/3 and QUIC have each: 0x100 to 0x110, and 0 to 16.
const numbers = 17

// http3Scenes are faults of QUIC and HTTP/3.
func http3Scenes() []scene {
	all := []scene{
		overQUIC("nobody answers over UDP", errcode.QUICHandshakeTimeout, func(t lab) transport.Config {
			cfg := packets(func([]byte) []byte { return nil })(t)
			cfg.ConnectTimeout = briefly
			return cfg
		}),
		overQUIC("the server begins a QUIC handshake and does not end it", errcode.QUICHandshakeTimeout, func(t lab) transport.Config {
			cfg := packets(peers.NegotiateVersion(1))(t) // without effect, because the client asked for this version
			cfg.TLSTimeout = briefly
			return cfg
		}),
		overQUIC("the server speaks another version of QUIC", errcode.QUICVersion, packets(peers.NegotiateVersion(0x1a2a3a4a))),
		forgottenQUIC(),
		overQUIC("the idle time of the QUIC connection runs out", errcode.QUICIdleTimeout, func(t lab) transport.Config {
			return quicPeer(t, peers.Settings{QUIC: quic.Config{MaxIdleTimeout: time.Second}}, func(*peers.H3, *quic.Stream) {})
		}),
		overQUIC("the UDP port of the server is closed while a request is open", errcode.UDPUnreachable, func(t lab) transport.Config {
			cfg := quicReaction(func(p *peers.H3, _ *quic.Stream) { p.Server().Kill() })(t)
			cfg.Method, cfg.BodySize = "POST", 1<<20 // the client sees ICMP only after it sends something
			return cfg
		}),
		overQUIC("the UDP port of the server is closed", errcode.Refused, func(t lab) transport.Config {
			return transport.Config{URL: at("https", peers.ClosedPacketPort(t))}
		}),
		overQUIC("the server uses a dynamic table of QPACK", errcode.QPACK, quicReaction(func(_ *peers.H3, s *quic.Stream) {
			_, _ = io.WriteString(s, peers.Frame(0x1, "\x02\x00\x80"))
		})),
		overQUIC("the server resets the stream with a number of its own", errcode.HTTP3, quicReaction(func(_ *peers.H3, s *quic.Stream) { s.CancelWrite(0x4242) })),
		overQUIC("the server speaks no h3", errcode.AlertNoApplicationProtocol, func(t lab) transport.Config {
			return quicPeer(t, peers.Settings{TLS: &tls.Config{NextProtos: []string{"other"}}}, func(*peers.H3, *quic.Stream) {})
		}),
		overQUIC("the certificate of the server of HTTP/3 has expired", errcode.CertExpired, func(t lab) transport.Config {
			ca := certs.Issue(nil, certs.Authority)
			expired := certs.Issue(&ca, certs.Lasting(-2*time.Hour, -time.Hour))
			cfg := quicPeer(t, peers.Settings{TLS: &tls.Config{Certificates: []tls.Certificate{expired}}}, func(*peers.H3, *quic.Stream) {})
			cfg.TLS.CA = certs.PEM(ca)
			return cfg
		}),
		overQUIC("the server of HTTP/3 wants a certificate of the client", errcode.AlertCertificateRequired, func(t lab) transport.Config {
			return quicPeer(t, peers.Settings{TLS: &tls.Config{ClientAuth: tls.RequireAnyClientCert}}, func(*peers.H3, *quic.Stream) {})
		}),
	}
	for n := range uint64(numbers) {
		code := 0x100 + n
		all = append(all,
			overQUIC(fmt.Sprintf("the server closes the connection with HTTP/3 error code %#x", code), errcode.FromH3Close(code), quicReaction(func(p *peers.H3, _ *quic.Stream) {
				_ = p.CloseWithError(quic.ApplicationErrorCode(code), "because")
			})),
			overQUIC(fmt.Sprintf("the server resets the stream with HTTP/3 error code %#x", code), errcode.FromH3Stream(code), quicReaction(func(_ *peers.H3, s *quic.Stream) {
				_, _ = io.WriteString(s, peers.Heading(":status", "200"))
				s.CancelWrite(quic.StreamErrorCode(code))
			})),
			overQUIC(fmt.Sprintf("the server closes the connection with the transport error %d", n), errcode.FromQUIC(n), packets(peers.CloseInitially(n, "because"))),
		)
	}
	return all
}

// forgottenQUIC makes the server forget the connection between two requests.
func forgottenQUIC() scene {
	var server *peers.QUIC
	s := overQUIC("the server has forgotten the QUIC connection", errcode.QUICStatelessReset, func(t lab) transport.Config {
		server = peers.ListenQUIC(t, peers.Settings{ResetKey: &quic.StatelessResetKey{1}}, (*peers.H3).Serve)
		return transport.Config{URL: server.URL(), TLS: option.TLS{CA: server.CA()}}
	})
	s.act = func(t lab, e engine) (errcode.Code, error) {
		code, err := e.do(t.Context(), patience)
		assert.Equal(t, errcode.OK, code, "the request before: %v", err)
		server.Forget()
		return e.do(t.Context(), patience)
	}
	return s
}

func overQUIC(name string, want errcode.Code, stage func(t lab) transport.Config) scene {
	return scene{name: name, want: want, alone: true, why: noHTTP3, stage: func(t lab) transport.Config {
		cfg := stage(t)
		cfg.HTTPVersion = option.OnlyHTTP3
		return cfg
	}}
}

// packets is the stage of a peer that answers each datagram with answer.
func packets(answer func(datagram []byte) []byte) func(t lab) transport.Config {
	return func(t lab) transport.Config { return transport.Config{URL: at("https", peers.Packets(t, answer))} }
}

// quicReaction is the stage of a server that handles each request with react.
func quicReaction(react func(p *peers.H3, s *quic.Stream)) func(t lab) transport.Config {
	return func(t lab) transport.Config { return quicPeer(t, peers.Settings{}, react) }
}

func quicPeer(t lab, s peers.Settings, react func(p *peers.H3, s *quic.Stream)) transport.Config {
	t.Helper()
	server := peers.ListenQUIC(t, s, func(p *peers.H3) {
		p.Greet()
		for s := p.Request(); s != nil; s = p.Request() {
			react(p, s)
		}
	})
	return transport.Config{URL: server.URL(), TLS: option.TLS{CA: server.CA()}}
}
