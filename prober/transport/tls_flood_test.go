package transport

import (
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"io"
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/http2"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/internal/peers/certs"
	"example.com/prober/option"
)

// crypto/tls gives up with a text if a peer sends records or messages that lead nowhere.
// This is a failure of TLS, whatever was to come over it.
func TestAFloodOverTLSIsAFailureOfTLS(t *testing.T) {
	t.Parallel()
	floods := map[string]func(*talker){
		"tickets":             func(s *talker) { s.manage(ticket) },
		"key updates":         func(s *talker) { s.manage(keyUpdate) },
		"asking for updates":  func(s *talker) { s.manage(askingUpdate) },
		"records of nothing":  func(s *talker) { s.say("") },
		"changes of the spec": func(s *talker) { _, _ = s.raw.Write(changeCipherSpec) },
	}
	settings := "\x00\x00\x00\x04\x00\x00\x00\x00\x00"
	scenes := map[string]struct {
		version option.HTTPVersion
		begins  func(*talker)
		phase   errcode.Phase
	}{
		"instead of an answer":   {option.OnlyHTTP11, func(s *talker) { peers.ReadRequest(s, make([]byte, 4096)) }, errcode.PhaseProcessing},
		"in a header":            {option.OnlyHTTP11, func(s *talker) { s.say(peers.OKAnswer[:20]) }, errcode.PhaseTransfer},
		"in content":             {option.OnlyHTTP11, func(s *talker) { s.say(peers.OKAnswer[:len(peers.OKAnswer)-1]) }, errcode.PhaseTransfer},
		"in content to the end":  {option.OnlyHTTP11, func(s *talker) { s.say("HTTP/1.1 200 OK\r\n\r\nhello") }, errcode.PhaseTransfer},
		"instead of SETTINGS":    {option.OnlyHTTP2, func(*talker) {}, errcode.PhaseSend},
		"instead of a response":  {option.OnlyHTTP2, func(s *talker) { s.say(settings); awaitHeaders(s) }, errcode.PhaseProcessing},
		"in the frame of a head": {option.OnlyHTTP2, func(s *talker) { s.say(settings); awaitHeaders(s); s.say("\x00\x00\x09\x01") }, errcode.PhaseProcessing},
	}
	ca := certs.Issue(nil, certs.Authority)
	for name, flood := range floods {
		for sceneName, scene := range scenes {
			t.Run(name+" "+sceneName, func(t *testing.T) {
				t.Parallel()
				p := peers.Listen(t, talking(t, certs.Issue(&ca), tls.VersionTLS13, func(s *talker) {
					scene.begins(s)
					s.together(func() {
						for range 40 {
							flood(s)
						}
					})
					_, _ = io.Copy(io.Discard, s.raw)
				}, alpnHTTP2, alpnHTTP11))
				tr := newTransport(t, Config{URL: p.URL("https"), HTTPVersion: scene.version, TLS: option.TLS{CA: certs.PEM(ca)}})
				r := do(tr, patience)
				require.Equal(t, errcode.TLS, errcode.FromError(r.Err), "%v", r.Err)
				assert.Equal(t, scene.phase, r.FailedIn())
			})
		}
	}
}

// awaitHeaders reads frames of HTTP/2 until one begins a request.
func awaitHeaders(s *talker) {
	preface := make([]byte, 24)
	header := make([]byte, labFrameHeader)
	for _, err := io.ReadFull(s, preface); err == nil; {
		if _, err = io.ReadFull(s, header); err != nil || header[3] == 1 {
			return
		}
		_, err = io.CopyN(io.Discard, s, int64(binary.BigEndian.Uint32(header)>>8))
	}
}

var changeCipherSpec = []byte{20, 3, 3, 0, 1, 1}

// flooding is a connection of a server that sends other data many times behind its first
// record.
type flooding struct {
	net.Conn

	flood []byte
	begun bool
}

func (f *flooding) Write(p []byte) (int, error) {
	if f.begun {
		return f.Conn.Write(p)
	}
	f.begun = true
	first := labRecordHeader + int(binary.BigEndian.Uint16(p[3:]))
	_, err := f.Conn.Write(append(append(bytes.Clone(p[:first]), f.flood...), p[first:]...))
	return len(p), err
}

func TestAFloodInAHandshakeIsAFailureOfTLS(t *testing.T) {
	t.Parallel()
	ca := certs.Issue(nil, certs.Authority)
	for name, test := range map[string]struct {
		version uint16
		flood   []byte
	}{
		"changes of the spec in TLS 1.3": {tls.VersionTLS13, bytes.Repeat(changeCipherSpec, 40)},
		"warnings in TLS 1.2":            {tls.VersionTLS12, warnings(40)},
	} {
		for _, version := range []option.HTTPVersion{option.OnlyHTTP11, option.OnlyHTTP2} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				p := peers.Listen(t, func(c net.Conn) {
					_ = tls.Server(&flooding{Conn: c, flood: test.flood}, &tls.Config{
						Certificates: []tls.Certificate{certs.Issue(&ca)}, MaxVersion: test.version,
					}).Handshake()
				})
				r := do(newTransport(t, Config{URL: p.URL("https"), HTTPVersion: version, TLS: option.TLS{CA: certs.PEM(ca)}}), patience)
				require.Equal(t, errcode.TLS, errcode.FromError(r.Err), "%v", r.Err)
				assert.Equal(t, errcode.PhaseTLS, r.FailedIn())
			})
		}
	}
}

// speaking is a talker that writes everything through its own records.
type speaking struct{ *talker }

func (s speaking) Write(p []byte) (int, error) {
	s.say(string(p))
	return len(p), nil
}

// The reader of a connection answers each key update. Meanwhile workers write content and
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
		URL: peers.Listen(t, func(c net.Conn) { script(c) }).URL("https"), HTTPVersion: option.OnlyHTTP2,
		TLS: option.TLS{InsecureSkipVerify: true}, Method: "POST", BodySize: 300 << 10,
	})
	forEach(4, func(int) {
		for range 10 {
			assert.NoError(t, do(tr, patience).Err)
		}
	})
}
