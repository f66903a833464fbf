package peers

import (
	"context"
	"crypto/tls"
	"net"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"

	"example.com/prober/internal/peers/certs"
)

// startHTTP3 serves HTTP/3 at the UDP port of the same number as the TCP port that s has,
// where nobody answers.
func (s *Site) startHTTP3(t T) {
	t.Helper()
	at := s.Listener.Addr().String()
	socket, err := new(net.ListenConfig).ListenPacket(t.Context(), "udp", at)
	must(t, err)
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
	s.URL = "https://" + at
}
