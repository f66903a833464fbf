package demo

import (
	"context"
	"crypto/tls"
	"net"
	"time"

	"example.com/prober/internal/peers/certs"
)

const year = 365 * 24 * time.Hour

// issue makes a certificate below issuer. It is good for a process that runs for years, unless changes alter it.
func issue(issuer *tls.Certificate, changes ...certs.Change) tls.Certificate {
	good := []certs.Change{certs.For("127.0.0.1"), certs.Lasting(-time.Hour, 10*year)}
	return certs.Issue(issuer, append(good, changes...)...)
}

// secure serves the pages over TLS, on a listener of its own. The certificate is from the authority, with changes.
func secure(changes ...certs.Change) opener {
	return shown(func(s *Server) tls.Certificate { return issue(&s.ca, changes...) })
}

// selfSigned serves the pages with a self-signed certificate.
func selfSigned() opener {
	return shown(func(*Server) tls.Certificate { return issue(nil) })
}

func shown(cert func(*Server) tls.Certificate) opener {
	return func(_ context.Context, s *Server, _ string) (string, error) {
		ln, err := s.listen()
		if err != nil {
			return "", err
		}
		s.serveWeb(s.web, tls.NewListener(ln, serverTLS(cert(s))))
		return "https://" + ln.Addr().String() + "/fast", nil
	}
}

// demandCertificate does TLS 1.3 handshakes that fail without a client certificate (RFC 8446 section 4.4.2.4). By then
// the client has finished its side and may have sent its request. So this is a script: an HTTP server would close with
// the request unread, and the RST could overtake the alert.
func demandCertificate(ctx context.Context, s *Server, name string) (string, error) {
	cfg := serverTLS(issue(&s.ca))
	cfg.MinVersion = tls.VersionTLS13
	cfg.ClientAuth = tls.RequireAnyClientCert
	return raw("https", func(c *net.TCPConn) {
		_ = tls.Server(c, cfg).HandshakeContext(ctx)
	})(ctx, s, name)
}

func serverTLS(cert tls.Certificate) *tls.Config {
	return &tls.Config{
		Certificates: []tls.Certificate{cert},
		MinVersion:   tls.VersionTLS12,
		NextProtos:   []string{"http/1.1"},
	}
}
