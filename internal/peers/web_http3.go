package peers

import (
	"context"
	"crypto/tls"
	"net"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"

	"example.com/prober/internal/peers/certs"
)

// startHTTP3 serves HTTP/3 at the UDP port with the number of s's TCP port. At the TCP port nobody answers.
func (s *Site) startHTTP3(t T) {
	t.Helper()
	socket := s.listenPacket(t)
	cfg := &tls.Config{MinVersion: tls.VersionTLS13}
	if s.TLS != nil {
		cfg = s.TLS.Clone()
	}
	if len(cfg.Certificates) == 0 && cfg.GetCertificate == nil {
		cfg.Certificates = []tls.Certificate{certs.Issue(nil)}
	}
	server := &http3.Server{Handler: s.Config.Handler, TLSConfig: http3.ConfigureTLSConfig(cfg)}
	server.ConnContext = func(ctx context.Context, c *quic.Conn) context.Context {
		s.count()
		context.AfterFunc(c.Context(), func() { s.open.Add(-1) })
		return ctx
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Serve(socket) // until it is closed
	}()
	t.Cleanup(func() {
		_ = server.Close()
		_ = socket.Close()
		<-ended
	})
	s.URL = "https://" + s.Listener.Addr().String()
}

// listenPacket opens the UDP port with the number of s's TCP port. If another process has it, s gets another port.
func (s *Site) listenPacket(t T) net.PacketConn {
	t.Helper()
	const tries = 20
	var network net.ListenConfig
	for left := tries; ; left-- {
		socket, err := network.ListenPacket(t.Context(), "udp", s.Listener.Addr().String())
		if err == nil {
			return socket
		}
		if left == 0 {
			must(t, err)
		}
		_ = s.Listener.Close() // no client knows it yet
		s.Listener, err = network.Listen(t.Context(), "tcp", "127.0.0.1:0")
		must(t, err)
	}
}
