package transport

import (
	"net/url"
	"testing"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/quicvarint"
	"github.com/stretchr/testify/assert"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/option"
)

// many is how many packets a flood has.
const many = 20_000

// h3floods are frames of QUIC. A server sends many of them, in packet i.
func h3floods() map[string]func(i int) []byte {
	return map[string]func(i int) []byte{
		"PING":     func(int) []byte { return []byte{0x01} },
		"MAX_DATA": func(i int) []byte { return quicvarint.Append([]byte{0x10}, uint64(1<<40+i)) },
		"MAX_STREAM_DATA": func(i int) []byte {
			return quicvarint.Append([]byte{0x11, 0x00}, uint64(1<<40+i))
		},
		"MAX_STREAMS": func(i int) []byte { return quicvarint.Append([]byte{0x12}, uint64(1<<20+i)) },
		"RETIRE_CONNECTION_ID": func(i int) []byte {
			return quicvarint.Append([]byte{0x19}, uint64(1+i))
		},
		"NEW_CONNECTION_ID": func(i int) []byte {
			frame := quicvarint.Append([]byte{0x18}, uint64(100+i))
			frame = quicvarint.Append(frame, uint64(100+i)) // all before are to be retired
			frame = append(frame, 4, byte(i>>24), byte(i>>16), byte(i>>8), byte(i))
			return append(frame, make([]byte, 16)...)
		},
		"PATH_CHALLENGE":   func(i int) []byte { return []byte{0x1a, 1, 2, 3, 4, 5, 6, byte(i >> 8), byte(i)} },
		"NEW_TOKEN":        func(int) []byte { return append([]byte{0x07, 0x40, 0xc8}, make([]byte, 200)...) },
		"DATA_BLOCKED":     func(i int) []byte { return quicvarint.Append([]byte{0x14}, uint64(i)) },
		"STREAMS_BLOCKED":  func(i int) []byte { return quicvarint.Append([]byte{0x16}, uint64(i)) },
		"CRYPTO":           func(i int) []byte { return append(quicvarint.Append([]byte{0x06}, uint64(1<<10+i)), 1, 0) },
		"empty STREAM":     func(int) []byte { return []byte{0x0a, 0x03, 0x00} },
		"an unknown frame": func(int) []byte { return []byte{0x3f} },
	}
}

func TestAFloodOfFramesOfQUICOutlivesNoRequest(t *testing.T) {
	t.Parallel()
	for name, frames := range h3floods() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := peers.ListenQUIC(t, peers.Settings{}, func(p *peers.H3) {
				p.Greet()
				for s := p.Request(); s != nil; s = p.Request() {
					flood(p, s, frames)
				}
			})
			tr := newTransport(t, Config{URL: server.URL(), HTTPVersion: option.OnlyHTTP3, TLS: option.TLS{CA: server.CA()}})
			for range 2 {
				r := do(tr, amply)
				t.Logf("%v: %v", codeOf(r), r.Err)
				if code := codeOf(r); code != errcode.OK && code != errcode.RequestTimeout {
					assert.Equal(t, errcode.RangeHTTP3, code.Range())
				}
			}
			assert.LessOrEqual(t, tr.Open(), 1)
		})
	}
}

// floodsOfQUIC is a server that sends all named floods at once.
func floodsOfQUIC(t *testing.T, names ...string) *url.URL {
	t.Helper()
	u := peers.ListenQUIC(t, peers.Settings{}, func(p *peers.H3) {
		p.Greet()
		if p.Request() == nil {
			return
		}
		p.Forge(func(i int) []byte {
			if i == 5*many {
				return nil
			}
			return h3floods()[names[i%len(names)]](i)
		})
	}).URL()
	u.Fragment = "flood"
	return u
}

func flood(p *peers.H3, s *quic.Stream, frames func(i int) []byte) {
	p.Forge(func(i int) []byte {
		if i == many {
			return nil
		}
		return frames(i)
	})
	p.Answer(s)
}
