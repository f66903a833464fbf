package transport

import (
	"bytes"
	"io"
	"net"
	"runtime"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"example.com/prober/internal/peers"
	"example.com/prober/option"
)

// transcript is a connection of which only the peer's bytes are of interest.
type transcript struct {
	net.Conn
	bytes.Buffer
}

func (c *transcript) Read([]byte) (int, error)    { return 0, io.EOF }
func (c *transcript) Write(p []byte) (int, error) { return c.Buffer.Write(p) }
func (c *transcript) Close() error                { return nil }

// FuzzHTTP2Peer lets a server send arbitrary bytes after its SETTINGS. Whatever they are,
// all requests end by their deadline at the latest, and so does every goroutine. Memory
// grows at most in proportion to the bytes sent.
func FuzzHTTP2Peer(f *testing.F) {
	for _, cases := range h2cases() {
		for _, tt := range cases {
			c := new(transcript)
			peer := peers.NewH2(c)
			if tt.open != nil {
				tt.open(peer)
			} else {
				_ = peer.WriteSettings(tt.settings...)
				tt.play(peer, 1)
			}
			peer.Answer(3)
			if c.Len() < 1<<16 {
				f.Add(c.Bytes(), tt.cfg != nil)
			}
		}
	}
	inputs := make(chan []byte, 1)
	p := peers.Listen(f, func(c net.Conn) {
		input, ok := <-inputs
		if !ok {
			return
		}
		inputs <- input // for the next connection
		_, _ = io.ReadFull(c, make([]byte, len(http2.ClientPreface)))
		_, _ = c.Write(input)
		peers.EndWriting(c)
		peers.Silence(c)
	})
	f.Fuzz(func(t *testing.T, input []byte, upload bool) {
		const perByte, fixed = 64, 4 << 20
		inputs <- input
		cfg := Config{URL: p.URL("http"), HTTPVersion: option.H2C}
		if upload {
			cfg.Method, cfg.BodySize = "POST", 100<<10
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		tr := newTransport(t, cfg)
		forEach(2, func(int) {
			r := do(tr, time.Second)
			if r.End == 0 || r.Err == nil && (r.HTTP.Status < 200 || r.HTTP.Status > 599) {
				t.Errorf("a request came to status %d, error %v", r.HTTP.Status, r.Err)
			}
		})
		tr.Abort() // waits for the readers
		runtime.ReadMemStats(&after)
		if taken := after.TotalAlloc - before.TotalAlloc; taken > fixed+perByte*uint64(len(input)) {
			t.Errorf("%d bytes of memory were taken for %d", taken, len(input))
		}
		<-inputs
	})
}
