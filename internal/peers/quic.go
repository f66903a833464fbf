package peers

import (
	"cmp"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/url"
	"sync"
	"sync/atomic"

	"github.com/quic-go/qpack"
	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/quicvarint"

	"example.com/prober/internal/peers/certs"
)

// H3 is the server's side of one HTTP/3 connection, played frame by frame. It ignores failed writes, as the client may
// be gone and its side reports that.
type H3 struct {
	*quic.Conn

	server  *QUIC
	control *quic.SendStream
}

// QUIC is a server of HTTP/3 that hands each connection to a script.
type QUIC struct {
	socket    *wiretap
	settings  Settings
	script    func(p *H3)
	authority tls.Certificate
	accepted  atomic.Int64
	serving   sync.WaitGroup
	mu        sync.Mutex
	transport *quic.Transport
}

// Settings are the settings of a scripted server of HTTP/3. Each zero value is a good default.
type Settings struct {
	QUIC quic.Config
	TLS  *tls.Config // without certificates
	// At is the address to listen at, instead of any port of loopback.
	At string
	// ResetKey has the server answer packets of unknown connections.
	ResetKey *quic.StatelessResetKey
}

// ListenQUIC plays script on each connection to a UDP port of loopback, until the test ends.
func ListenQUIC(t T, s Settings, script func(p *H3)) *QUIC {
	t.Helper()
	at, err := net.ResolveUDPAddr("udp", cmp.Or(s.At, "127.0.0.1:0"))
	must(t, err)
	q := &QUIC{settings: s, script: script, authority: certs.Issue(nil, certs.Authority)}
	socket, err := net.ListenUDP("udp", at)
	must(t, err)
	q.socket = &wiretap{PacketConn: socket}
	cfg := &tls.Config{MinVersion: tls.VersionTLS13}
	if s.TLS != nil {
		cfg = s.TLS.Clone()
	}
	if len(cfg.Certificates) == 0 && cfg.GetCertificate == nil {
		cfg.Certificates = []tls.Certificate{certs.Issue(&q.authority)}
	}
	if cfg.NextProtos == nil {
		cfg.NextProtos = []string{"h3"}
	}
	cfg.KeyLogWriter = q.socket
	cfg.SetSessionTicketKeys([][32]byte{{1}}) // Forget does not change these keys
	q.settings.TLS = cfg
	t.Cleanup(func() {
		q.Kill()
		q.serving.Wait()
	})
	must(t, q.listen())
	return q
}

// listen serves connections over the socket.
func (q *QUIC) listen() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.transport = &quic.Transport{Conn: q.socket, StatelessResetKey: q.settings.ResetKey}
	ln, err := q.transport.ListenEarly(q.settings.TLS, &q.settings.QUIC)
	if err != nil {
		return err
	}
	q.serving.Go(func() {
		for {
			c, err := ln.Accept(context.Background())
			if err != nil {
				return
			}
			q.accepted.Add(1)
			q.serving.Go(func() {
				q.script(&H3{Conn: c, server: q})
				<-c.Context().Done()
			})
		}
	})
	return nil
}

// Kill ends the server and its connections without a word to the clients, like the death of its process. Afterwards its
// port is closed.
func (q *QUIC) Kill() {
	q.mu.Lock()
	defer q.mu.Unlock()
	_ = q.transport.Close()
	_ = q.socket.Close()
}

// Forget makes the server forget its connections, like a restart. It goes on at the same port.
func (q *QUIC) Forget() {
	q.mu.Lock()
	_ = q.transport.Close()
	q.mu.Unlock()
	_ = q.listen() // fails only after Kill
}

// AllowEarlyData decides whether connections after the next Forget take early data or drop it.
func (q *QUIC) AllowEarlyData(allowed bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.settings.QUIC.Allow0RTT = allowed
}

// Server returns the server of the connection.
func (p *H3) Server() *QUIC { return p.server }

// Address returns the address of the server.
func (q *QUIC) Address() string { return q.socket.LocalAddr().String() }

// URL returns the root of the server.
func (q *QUIC) URL() *url.URL { return &url.URL{Scheme: "https", Host: q.Address(), Path: "/"} }

// CA returns the authority behind the certificate of the server.
func (q *QUIC) CA() []byte { return certs.PEM(q.authority) }

// Connections returns the number of connections so far.
func (q *QUIC) Connections() int { return int(q.accepted.Load()) }

// Greet opens the control stream and sends an empty SETTINGS frame.
func (p *H3) Greet() { p.Control("\x00\x04\x00") }

// Control sends bytes on the control stream. It opens the stream first.
func (p *H3) Control(text string) {
	if p.control == nil {
		p.control = p.Unidirectional("")
	}
	if p.control != nil {
		_, _ = io.WriteString(p.control, text)
	}
}

// Unidirectional opens a stream of the server and sends text on it. It returns nil if the client is gone.
func (p *H3) Unidirectional(text string) *quic.SendStream {
	s, err := p.OpenUniStreamSync(p.Context())
	if err != nil {
		return nil
	}
	if text != "" {
		_, _ = io.WriteString(s, text)
	}
	return s
}

// Request returns the stream of the next request after its first bytes have come. It returns nil if there are no more
// requests.
func (p *H3) Request() *quic.Stream {
	s, err := p.AcceptStream(p.Context())
	if err != nil {
		return nil
	}
	return s
}

// Serve answers all requests well, once they are complete.
func (p *H3) Serve() {
	for s := p.Request(); s != nil; s = p.Request() {
		if _, err := io.Copy(io.Discard, s); err == nil {
			p.Answer(s)
		}
	}
}

// Answer sends a response with status 200 and a field and content of its own.
func (p *H3) Answer(s *quic.Stream) {
	_, _ = io.WriteString(s, Heading(":status", "200", "x-answer", "well")+Content("hello"))
	_ = s.Close()
}

// Heading returns a HEADERS frame with names and values in turn, as they are.
func Heading(pairs ...string) string { return Frame(0x1, Section(pairs...)) }

// Content returns a DATA frame.
func Content(text string) string { return Frame(0x0, text) }

// Section encodes names and values in turn, as they are.
func Section(pairs ...string) string {
	var b buffer
	encoder := qpack.NewEncoder(&b)
	for i := 0; i+1 < len(pairs); i += 2 {
		_ = encoder.WriteField(qpack.HeaderField{Name: pairs[i], Value: pairs[i+1]}) // to memory
	}
	return string(b)
}

type buffer []byte

func (b *buffer) Write(p []byte) (int, error) {
	*b = append(*b, p...)
	return len(p), nil
}

// Frame returns a frame of HTTP/3.
func Frame(kind uint64, payload string) string {
	out := quicvarint.Append(nil, kind)
	out = quicvarint.Append(out, uint64(len(payload)))
	return string(out) + payload
}
