package demo

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
)

// shopURLs are the URLs of the shop of a server, up to the path.
type shopURLs struct {
	plain  string // HTTP/1.1
	secure string // HTTP/2, or HTTP/1.1, over TLS; and HTTP/3 at the same port
}

// shopOverHTTP1 leads to the shop over HTTP/1.1.
func shopOverHTTP1(_ context.Context, s *Server, _ string) (string, error) {
	return s.shop.plain + "/", nil
}

// shopOverTLS leads to a path of the shop over TLS or QUIC.
func shopOverTLS(path string) opener {
	return func(_ context.Context, s *Server, _ string) (string, error) { return s.shop.secure + path, nil }
}

// openShop serves a shop over all versions of HTTP until ctx ends.
func (s *Server) openShop(ctx context.Context) error {
	shop := NewShop(ShopOptions{Uneven: true})
	web := s.newWeb(ctx, shop)
	ln, err := s.listen()
	if err != nil {
		return err
	}
	s.serveWeb(web, ln)

	packets, streams, err := bothOnOnePort()
	if err != nil {
		return err
	}
	s.serveQUIC(shop, packets, serverTLS(issue(&s.ca)))
	s.hold(streams)
	cfg := serverTLS(issue(&s.ca))
	cfg.NextProtos = []string{"h2", "http/1.1"}
	s.serveWeb(web, tls.NewListener(streams, cfg))
	s.shop = shopURLs{plain: "http://" + ln.Addr().String(), secure: "https://" + streams.Addr().String()}
	return nil
}

// serveQUIC serves HTTP/3 on packets until Close closes them.
func (s *Server) serveQUIC(h http.Handler, packets net.PacketConn, cfg *tls.Config) {
	server := &http3.Server{
		Handler:     s.bound(h),
		TLSConfig:   http3.ConfigureTLSConfig(cfg),
		QUICConfig:  &quic.Config{MaxIdleTimeout: s.life},
		IdleTimeout: s.life,
	}
	s.hold(server) // closed before its socket, so it can tell its clients
	s.hold(packets)
	s.running.Go(func() {
		_ = server.Serve(plainPackets{packets}) // until it is closed
	})
}

// plainPackets is a socket with the system's default buffers: it ignores requests of quic-go for larger ones. If the
// system refuses such a request, quic-go writes a message to standard error.
type plainPackets struct{ net.PacketConn }

// SetReadBuffer does nothing.
func (plainPackets) SetReadBuffer(int) error { return nil }

// SetWriteBuffer does nothing.
func (plainPackets) SetWriteBuffer(int) error { return nil }
