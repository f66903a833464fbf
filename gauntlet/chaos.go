package main

import (
	"crypto/tls"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/net/dns/dnsmessage"
	"golang.org/x/net/http2"

	"example.com/prober/internal/peers"
	"example.com/prober/internal/peers/certs"
)

// chance returns the source of randomness for the n-th answer of a peer.
func chance(seed uint64, n int) *rand.Rand { return rand.New(rand.NewPCG(seed, uint64(n))) }

// word returns a word that no peer has sent before.
func word(r *rand.Rand) string { return fmt.Sprintf("%s-%x", canaryPeer, r.Uint64()) }

func pick[T any](r *rand.Rand, of ...T) T { return of[r.IntN(len(of))] }

// once is a peer that answers a connection with one text, whatever the client sends.
func once(seed uint64, text func(r *rand.Rand, n int) string) peers.Script {
	var n atomic.Int64
	return func(c net.Conn) {
		turn := int(n.Add(1))
		blurt(text(chance(seed, turn), turn))(c)
	}
}

// chaoticAnswer returns an answer with a random version, status, reason and fields.
func chaoticAnswer(r *rand.Rand) string {
	var b strings.Builder
	version := pick(r, "HTTP/1.1", "HTTP/1.1", "HTTP/1.1", "HTTP/1.0", "HTTP/1.2", "HTTP/2.0", fmt.Sprintf("HTTP/%d.%d", r.IntN(10), r.IntN(10)), word(r))
	status := fmt.Sprintf("%03d", r.IntN(1000))
	if r.IntN(20) == 0 {
		status = pick(r, "20x", "+20", "-20", "0x1", "2 0", "٣٤٥")
	}
	fmt.Fprintf(&b, "%s %s %s\r\n", version, status, word(r))
	for range r.IntN(4) {
		fmt.Fprintf(&b, "%s: %s\r\n", word(r), word(r))
	}
	name := pick(r, "Server", "Content-Encoding", "Content-Type", "Connection", "Upgrade", "Alt-Svc", "Set-Cookie", "Trailer")
	fmt.Fprintf(&b, "%s: %s\r\n\r\n%s", name, word(r), word(r))
	return b.String()
}

// chaoticRedirect redirects to a random host and path. The names do not resolve.
func chaoticRedirect(r *rand.Rand, _ int) string {
	scheme, host := pick(r, "http", "http", "https", "ftp", word(r)), pick(r, word(r)+".test.", word(r)+"."+word(r)+".test", "169.254.0.1")
	return fmt.Sprintf("HTTP/1.1 %d %s\r\nLocation: %s://%s:%d/%s?%s=%s\r\nContent-Length: 0\r\n\r\n",
		pick(r, 301, 302, 303, 307, 308), word(r), scheme, host, r.IntN(1<<16), word(r), word(r), word(r))
}

// chaoticNames answers each question for a name in another way, but never with an address that may be dialled.
func chaoticNames(seed uint64) peers.Names {
	var n atomic.Int64
	return func(query []byte) []byte {
		r := chance(seed, int(n.Add(1)))
		if r.IntN(4) == 0 {
			return peers.Addresses(fmt.Sprintf("169.254.%d.%d", r.UintN(256), r.UintN(256)))(query)
		}
		return peers.NoNames(dnsmessage.RCode(r.UintN(16)))(query)
	}
}

// chaoticTLS agrees with each client on another version, cipher and protocol, and shows one of several certificates.
func (f *farm) chaoticTLS(seed uint64) peers.Script {
	var shown []tls.Certificate
	for i := range 8 {
		shown = append(shown, certs.Issue(&f.ca, certs.Lasting(-time.Hour, time.Duration(i+1)*time.Hour)))
	}
	var n atomic.Int64
	agree := func(*tls.ClientHelloInfo) (*tls.Config, error) {
		r := chance(seed, int(n.Add(1)))
		cfg := &tls.Config{ //nolint:gosec // old versions are among what a peer may come up with
			Certificates: []tls.Certificate{pick(r, shown...)},
			MinVersion:   tls.VersionTLS10,
			MaxVersion:   pick[uint16](r, tls.VersionTLS11, tls.VersionTLS12, tls.VersionTLS12, tls.VersionTLS13),
			CipherSuites: []uint16{pick(r,
				tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
				tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA,
				tls.TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA, tls.TLS_RSA_WITH_AES_128_CBC_SHA)},
		}
		if protocol := pick(r, "", "http/1.1", word(r)); protocol != "" {
			cfg.NextProtos = []string{protocol}
		}
		return cfg, nil
	}
	return within(&tls.Config{GetConfigForClient: agree, MinVersion: tls.VersionTLS10}, f.serveHTTP1(func(string, int) move { return okMove() })) //nolint:gosec // old on purpose
}

// chaoticFrames answers streams with random statuses and fields, and ends streams and connections with random error
// codes.
func chaoticFrames(seed uint64) reaction {
	var n atomic.Int64
	return func(p *peers.H2, stream uint32) {
		r := chance(seed, int(n.Add(1)))
		switch r.IntN(8) {
		case 0:
			_ = p.WriteGoAway(0, http2.ErrCode(r.Uint32()), []byte(word(r)))
		case 1:
			_ = p.WriteRSTStream(stream, http2.ErrCode(r.Uint32()))
		default:
			p.Headers(stream, false, ":status", fmt.Sprintf("%03d", r.IntN(1000)), word(r), word(r), pick(r, "server", "X-Upper", ":path"), word(r))
			p.Data(stream, true, word(r))
		}
	}
}
