package transport

import (
	"crypto/tls"
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"golang.org/x/net/http2"

	"example.com/prober/internal/peers"
	"example.com/prober/internal/peers/certs"
	"example.com/prober/prober/wire"
)

// speaking is a talker that writes through its own records whatever is written to it.
type speaking struct{ *talker }

func (s speaking) Write(p []byte) (int, error) {
	s.say(string(p))
	return len(p), nil
}

// The reader of a connection answers each key update, while workers write content and
// find no room for it now and then.
func TestKeyUpdatesOverHTTP2AreAnsweredWhileWorkersWrite(t *testing.T) {
	t.Parallel()
	cert := certs.Issue(nil)
	updateWanted := []byte{24, 0, 0, 1, 1}
	script := talking(t, cert, tls.VersionTLS13, func(s *talker) {
		p := peers.NewH2(speaking{s})
		p.Greet(setting(http2.SettingInitialWindowSize, 1<<30)...)
		_ = p.WriteWindowUpdate(0, 1<<30)
		const frames = 8 // TLS takes no more than a few updates in a row, on either side
		for n, f := 0, p.Next(); f != nil; n, f = n+1, p.Next() {
			if n%frames == 0 {
				s.manage(updateWanted)
				_ = p.WriteWindowUpdate(0, 1)
			}
			if h := f.Header(); h.Type <= http2.FrameHeaders && h.Flags.Has(http2.FlagHeadersEndStream) {
				p.Answer(h.StreamID)
			}
		}
	}, alpnHTTP2)
	tr := newTransport(t, Config{
		URL: peers.Listen(t, func(c net.Conn) { script(c) }).URL("https"), HTTPVersion: OnlyHTTP2,
		TLS: wire.TLSOptions{InsecureSkipVerify: true}, Method: "POST", BodySize: 300 << 10,
	})
	forEach(4, func(int) {
		for range 10 {
			assert.NoError(t, do(tr, patience).Err)
		}
	})
}
