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

// The wires that a [Site] may have.
const (
	HTTP1     Wire = iota
	HTTP1TLS       // HTTP/1.1 over TLS
	HTTP2          // HTTP/2 over TLS, and HTTP/1.1 for whoever wants that
	H2C            // HTTP/2 in clear text
	PlainBoth      // HTTP/1.1 and HTTP/2 in clear text
	HTTP3          // HTTP/3 over QUIC
)

// Site is a server of net/http that counts what reaches it. Its log is nobody's business.
type Site struct {
	*httptest.Server

	requests, connections, open, most atomic.Int64
}

// Serve starts a server on loopback, which ends with the test. Over TLS it shows the
// certificates of cfg if there are any, or one that nobody knows.
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

// Requests returns how many have come.
func (s *Site) Requests() int64 { return s.requests.Load() }

// Connections returns how many there ever were.
func (s *Site) Connections() int64 { return s.connections.Load() }

// MostConnections returns how many connections there were at once at most.
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

// Address returns where the server listens.
func (s *Site) Address() string { return s.Listener.Addr().String() }
