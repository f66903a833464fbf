// Package demo is a server on loopback with well and badly behaved targets, each with a name. It also has a small shop,
// and a prober.yml with targets for everything.
//
// Every behaviour is one row of the table in behaviours.go. A row has the name of a behaviour, the error codes of its
// requests, its server and the keys of its configuration. If well-formed HTTP can express a behaviour, it is a page of
// one shared HTTP server. Otherwise it is a script on a listener of its own.
package demo

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"example.com/prober/internal/peers/certs"
)

// connectionLife bounds an exchange, and the whole life of a connection with a script. So a peer that never closes
// leaves nothing behind.
const connectionLife = time.Minute

// Server serves every behaviour on ports of its own until Close.
type Server struct {
	groups   []group
	ca       tls.Certificate // of the authority; its key never leaves memory
	life     time.Duration
	web      *http.Server // of the pages, with and without TLS
	pages    *http.ServeMux
	pageHost string // host:port of the plain listener
	shop     shopURLs
	stop     context.CancelFunc

	mu     sync.Mutex
	closed bool
	held   []io.Closer // listeners and other resources, open from start to end
	conns  map[net.Conn]struct{}

	running sync.WaitGroup // accept loops and connections
}

// Start opens the listeners on ephemeral ports of 127.0.0.1 and serves until
// Close. It makes new certificates each time.
func Start() (*Server, error) { return start(connectionLife) }

func start(life time.Duration) (*Server, error) {
	ctx, stop := context.WithCancel(context.Background())
	s := &Server{
		groups: table(),
		ca:     certs.Issue(nil, certs.Authority, certs.Lasting(-year, 20*year)),
		life:   life,
		pages:  http.NewServeMux(),
		stop:   stop,
		conns:  make(map[net.Conn]struct{}),
	}
	s.web = s.newWeb(ctx, s.pages)
	if err := s.openAll(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("demo server: %w", err), s.Close())
	}
	return s, nil
}

// Behaviours returns all behaviours, in the order of the targets in the file from WriteConfig.
func (s *Server) Behaviours() []Behaviour {
	var all []Behaviour
	for _, g := range s.groups {
		for _, r := range g.Rows {
			b := r.Behaviour
			b.Codes = slices.Clone(b.Codes)
			all = append(all, b)
		}
	}
	return all
}

// Close ends all listeners and connections and waits until their goroutines have returned. Further calls do nothing.
func (s *Server) Close() error {
	s.mu.Lock()
	held, conns := s.held, s.conns
	s.closed, s.held, s.conns = true, nil, make(map[net.Conn]struct{})
	s.mu.Unlock()

	s.stop()
	var errs []error
	for _, c := range held {
		errs = append(errs, c.Close())
	}
	for c := range conns {
		_ = c.Close() // the peer or its own goroutine may have closed it already
	}
	s.running.Wait()
	return errors.Join(errs...)
}

// openAll opens every behaviour. ctx ends with the server.
func (s *Server) openAll(ctx context.Context) error {
	ln, err := s.listen()
	if err != nil {
		return err
	}
	s.pageHost = ln.Addr().String()
	s.serveWeb(s.web, ln)
	if err := s.openShop(ctx); err != nil {
		return fmt.Errorf("shop: %w", err)
	}
	for _, g := range s.groups {
		for i := range g.Rows {
			r := &g.Rows[i]
			if r.URL, err = r.open(ctx, s, r.Name); err != nil {
				return fmt.Errorf("%s: %w", r.Name, err)
			}
		}
	}
	return nil
}

// newWeb makes an HTTP server. ctx ends waiting handlers.
func (s *Server) newWeb(ctx context.Context, h http.Handler) *http.Server {
	return &http.Server{
		Handler:      s.bound(h),
		ReadTimeout:  s.life,
		WriteTimeout: s.life,
		IdleTimeout:  s.life,
		// Some behaviours are failing handshakes.
		ErrorLog:    slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug),
		BaseContext: func(net.Listener) context.Context { return ctx },
		ConnState: func(c net.Conn, state http.ConnState) {
			switch state {
			case http.StateNew:
				s.track(c)
			case http.StateClosed:
				s.untrack(c)
			}
		},
	}
}

// bound ends the context of a request after an exchange of s.life.
func (s *Server) bound(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), s.life)
		defer cancel()
		h.ServeHTTP(w, r.WithContext(ctx))
	})
}

// serveWeb serves HTTP on ln until Close closes ln.
func (s *Server) serveWeb(web *http.Server, ln net.Listener) {
	s.running.Go(func() {
		_ = web.Serve(ln) // returns no earlier than ln is closed
	})
}

func (s *Server) listen() (*net.TCPListener, error) {
	ln, err := net.ListenTCP("tcp", loopback())
	if err != nil {
		return nil, err
	}
	s.hold(ln)
	return ln, nil
}

// loopback is the address with a port of the system's choice.
func loopback() *net.TCPAddr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }

// hold hands c to Close.
func (s *Server) hold(c io.Closer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held = append(s.held, c)
}

// track makes Close end c and wait for untrack. It closes a connection accepted while Close ran.
func (s *Server) track(c net.Conn) {
	s.running.Add(1)
	s.mu.Lock()
	closed := s.closed
	s.conns[c] = struct{}{}
	s.mu.Unlock()
	if closed {
		_ = c.Close()
	}
}

func (s *Server) untrack(c net.Conn) {
	s.mu.Lock()
	delete(s.conns, c)
	s.mu.Unlock()
	s.running.Done()
}
