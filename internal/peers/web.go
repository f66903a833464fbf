package peers

import (
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync/atomic"
)

// Wire is a way to speak HTTP.
type Wire int

// The wires of a [Site].
const (
	HTTP1     Wire = iota
	HTTP1TLS       // HTTP/1.1 over TLS
	HTTP2          // HTTP/2 over TLS, and HTTP/1.1 for clients without HTTP/2
	H2C            // HTTP/2 in clear text
	PlainBoth      // HTTP/1.1 and HTTP/2 in clear text
	HTTP3          // HTTP/3 over QUIC
)

// Site is a server of net/http that counts its requests and connections. It writes no log.
type Site struct {
	*httptest.Server

	requests, connections, open, most atomic.Int64
}

// Serve starts a server on loopback until the test ends. Over TLS it uses the certificates of cfg if there are any, or
// one from an unknown authority.
func Serve(t T, wire Wire, h http.HandlerFunc, cfg ...*tls.Config) *Site {
	t.Helper()
	s := &Site{}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		s.requests.Add(1)
		h(w, q)
	}))
	s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	s.Config.ConnState = s.note
	for _, c := range cfg {
		s.TLS = c
	}
	switch wire {
	case HTTP1:
		s.Start()
	case HTTP1TLS, HTTP2:
		s.EnableHTTP2 = wire == HTTP2
		s.StartTLS()
	case H2C, PlainBoth:
		s.Config.Protocols = new(http.Protocols)
		s.Config.Protocols.SetHTTP1(wire == PlainBoth)
		s.Config.Protocols.SetUnencryptedHTTP2(true)
		s.Start()
	case HTTP3:
		s.startHTTP3(t)
	}
	t.Cleanup(s.Close)
	return s
}

func (s *Site) note(_ net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		s.count()
	case http.StateClosed, http.StateHijacked:
		s.open.Add(-1)
	}
}

// count counts a new connection.
func (s *Site) count() {
	s.connections.Add(1)
	now := s.open.Add(1)
	for most := s.most.Load(); now > most && !s.most.CompareAndSwap(most, now); most = s.most.Load() {
	}
}

// Requests returns the number of requests so far.
func (s *Site) Requests() int64 { return s.requests.Load() }

// Connections returns the number of connections so far.
func (s *Site) Connections() int64 { return s.connections.Load() }

// MostConnections returns the largest number of connections at once.
func (s *Site) MostConnections() int64 { return s.most.Load() }

// Root returns the URL of the root of the server.
func (s *Site) Root() *url.URL {
	u, err := url.Parse(s.URL)
	if err != nil {
		panic(err) // the server has made it
	}
	u.Path = "/"
	return u
}

// Address returns the address of the server.
func (s *Site) Address() string { return s.Listener.Addr().String() }
