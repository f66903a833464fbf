package discovery

import (
	"context"
	"maps"
	"net"
	"net/http"
	"path"
	"sync"
	"time"
)

// server answers every request at once and counts the requests by target, the last part of their path. It runs in this
// process, on the core of the servers.
type server struct {
	url  string
	http *http.Server

	mu     sync.Mutex
	counts map[string]int
}

func startServer(ctx context.Context) (*server, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &server{url: "http://" + listener.Addr().String(), counts: map[string]int{}}
	s.http = &http.Server{Handler: s, ReadHeaderTimeout: time.Minute}
	go func() { _ = s.http.Serve(listener) }() // it ends with close
	return s, nil
}

func (s *server) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts[path.Base(r.URL.Path)]++
}

// received returns the number of requests for each target.
func (s *server) received() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.counts)
}

func (s *server) close() error { return s.http.Close() }
