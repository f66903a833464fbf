package main

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"

	"example.com/prober/internal/peers"
)

// webScript returns the expected code of the n-th request of a target, and the answer to it.
type webScript func(target string, n int) (code string, say func(http.ResponseWriter))

// serveWeb plays a script with a server of the standard library or of quic-go.
func (f *farm) serveWeb(s webScript) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		target, n := f.noteWeb(r)
		code, say := s(target, n)
		f.ledger.expect(target, code)
		say(w)
	}
}

// noteWeb reads a request to its end and enters it.
func (f *farm) noteWeb(r *http.Request) (target string, n int) {
	_, _ = io.Copy(io.Discard, r.Body) // the client may be gone
	target = nameOf(r.URL.Path)
	return target, f.ledger.note(target, r.Header.Get("X-Request-Id"))
}

// quicSilence is the idle timeout that the server tells its clients. After it they give up a connection to a killed
// server.
const quicSilence = 2 * time.Second

// quicServer is a server of HTTP/3 that can be killed. Its next life resets the remaining connections of the life
// before.
type quicServer struct {
	farm   *farm
	cert   tls.Certificate
	script webScript
	idle   time.Duration // after which a connection ends; 0 means long

	mu    sync.RWMutex
	life  *quicLife // nil while it is dead
	count int       // of connections, ever
}

// quicLife is everything that ends with the server.
type quicLife struct {
	transport *quic.Transport
	socket    net.PacketConn
}

func (f *farm) serveQUIC(cert tls.Certificate, s webScript, idle time.Duration) *quicServer {
	return &quicServer{farm: f, cert: cert, script: s, idle: idle}
}

// raise implements packetServer.
func (q *quicServer) raise(address string) (string, error) {
	socket, err := (&net.ListenConfig{}).ListenPacket(context.Background(), "udp", address)
	if err != nil {
		return "", err
	}
	l := &quicLife{socket: socket, transport: &quic.Transport{Conn: socket, StatelessResetKey: &quic.StatelessResetKey{1}}}
	cfg := http3.ConfigureTLSConfig(peers.Showing(q.cert))
	ln, err := l.transport.ListenEarly(cfg, &quic.Config{MaxIdleTimeout: q.idle})
	if err != nil {
		return "", errors.Join(err, l.transport.Close(), socket.Close())
	}
	server := &http3.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { q.answer(l, w, r) }),
		ConnContext: func(ctx context.Context, _ *quic.Conn) context.Context {
			q.mu.Lock()
			defer q.mu.Unlock()
			q.count++
			return ctx
		},
	}
	q.mu.Lock()
	q.life = l
	q.mu.Unlock()
	q.farm.running.Go(func() { _ = server.ServeListener(ln) }) // until it is killed
	return socket.LocalAddr().String(), nil
}

// kill implements packetServer.
func (q *quicServer) kill() {
	q.mu.Lock()
	l := q.life
	q.life = nil
	q.mu.Unlock()
	if l == nil {
		return
	}
	_ = l.transport.Close() // without CONNECTION_CLOSE
	_ = l.socket.Close()
}

// connections implements packetServer.
func (q *quicServer) connections() int {
	q.mu.RLock()
	defer q.mu.RUnlock()
	return q.count
}

// answer plays the script. A server that has died since the request came says nothing.
func (q *quicServer) answer(l *quicLife, w http.ResponseWriter, r *http.Request) {
	target, n := q.farm.noteWeb(r)
	if !q.say(l, w, target, n) {
		q.farm.owed.Add(1)
		q.farm.ledger.expect(target, codeGoneQUIC)
		<-r.Context().Done() // with the connection
	}
}

// say answers a request that came to a life of the server, and reports whether this life still lasts.
func (q *quicServer) say(l *quicLife, w http.ResponseWriter, target string, n int) bool {
	q.mu.RLock()
	defer q.mu.RUnlock()
	if q.life != l {
		return false
	}
	code, say := q.script(target, n)
	q.farm.ledger.expect(target, code)
	say(w)
	return true
}
