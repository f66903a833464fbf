package transport

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/tls"
	"encoding/binary"
	"encoding/hex"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Handshake messages that may follow a handshake (RFC 8446, section 4.6).
var (
	keyUpdate    = []byte{24, 0, 0, 1, 0}
	askingUpdate = []byte{24, 0, 0, 1, 1} // the peer is to update its own key too
	ticket       = append([]byte{4, 0, 0, 14, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 7}, 0, 0)
)

// collector is a connection that keeps all writes until send: they go in one segment.
type collector struct {
	net.Conn

	held []byte
	on   bool
}

func (g *collector) Write(p []byte) (int, error) {
	if g.on {
		g.held = append(g.held, p...)
		return len(p), nil
	}
	return g.Conn.Write(p)
}

// SetWriteDeadline does nothing. crypto/tls calls it after close_notify, to write nothing
// more.
func (g *collector) SetWriteDeadline(time.Time) error { return nil }

func (g *collector) send() {
	_, _ = g.Conn.Write(g.held)
	g.held, g.on = nil, false
}

// talker is a TLS server that sends what the test wants, record by record.
type talker struct {
	*tls.Conn

	raw *collector
	// The rest writes records of TLS 1.3 by hand, since crypto/tls cannot. Nothing else
	// may be written then.
	t      testing.TB
	secret []byte
	aead   cipher.AEAD
	iv     []byte
	seq    uint64
}

// talking returns a script that does a handshake and hands over to say. Its protocol is
// HTTP/1.1 unless protocols name others.
func talking(t testing.TB, cert tls.Certificate, version uint16, say func(*talker), protocols ...string) func(net.Conn) {
	t.Helper()
	if protocols == nil {
		protocols = []string{alpnHTTP11}
	}
	return func(c net.Conn) {
		var keys bytes.Buffer
		raw := &collector{Conn: c}
		s := &talker{raw: raw, t: t, Conn: tls.Server(raw, &tls.Config{
			Certificates: []tls.Certificate{cert}, MinVersion: version, MaxVersion: version,
			SessionTicketsDisabled: true, KeyLogWriter: &keys, NextProtos: protocols,
		})}
		if s.Handshake() != nil {
			return
		}
		if version == tls.VersionTLS13 {
			s.rekey(trafficSecret(keys.Bytes()))
		}
		say(s)
	}
}

// trafficSecret finds the server's first secret in the format of Wireshark.
func trafficSecret(keys []byte) []byte {
	for line := range bytes.Lines(keys) {
		if words := bytes.Fields(line); string(words[0]) == "SERVER_TRAFFIC_SECRET_0" {
			secret, _ := hex.DecodeString(string(words[2]))
			return secret
		}
	}
	return nil
}

// expand is HKDF-Expand-Label (RFC 8446, section 7.1).
func (s *talker) expand(label string, size int) []byte {
	info := binary.BigEndian.AppendUint16(nil, uint16(size))
	info = append(info, byte(len("tls13 ")+len(label)))
	info = append(append(info, "tls13 "+label...), 0)
	key, err := hkdf.Expand(sha256.New, s.secret, string(info), size)
	require.NoError(s.t, err)
	return key
}

func (s *talker) rekey(secret []byte) {
	require.Equal(s.t, tls.TLS_AES_128_GCM_SHA256, s.ConnectionState().CipherSuite)
	s.secret, s.seq = secret, 0
	block, err := aes.NewCipher(s.expand("key", 16))
	require.NoError(s.t, err)
	s.aead, err = cipher.NewGCM(block)
	require.NoError(s.t, err)
	s.iv = s.expand("iv", 12)
}

// record seals content as one record. After a key update the next one has a new key.
func (s *talker) record(kind byte, content ...byte) []byte {
	nonce := bytes.Clone(s.iv)
	for i, b := range binary.BigEndian.AppendUint64(nil, s.seq) {
		nonce[4+i] ^= b
	}
	s.seq++
	inner := append(bytes.Clone(content), kind)
	header := []byte{labApplicationData, 3, 3, 0, 0}
	binary.BigEndian.PutUint16(header[3:], uint16(len(inner)+s.aead.Overhead()))
	sealed := s.aead.Seal(header, nonce, inner, header)
	if kind == labHandshake && content[0] == keyUpdate[0] {
		s.rekey(s.expand("traffic upd", sha256.Size))
	}
	return sealed
}

// say writes an answer as one record.
func (s *talker) say(text string) {
	if s.aead != nil {
		_, _ = s.raw.Write(s.record(labApplicationData, []byte(text)...))
		return
	}
	_, _ = s.Write([]byte(text))
}

// end says close_notify.
func (s *talker) end() {
	if s.aead != nil {
		_, _ = s.raw.Write(s.record(recordAlert, 1, 0))
		return
	}
	_ = s.CloseWrite()
}

// manage writes a message that manages the session.
func (s *talker) manage(message []byte) { _, _ = s.raw.Write(s.record(labHandshake, message...)) }

// together sends everything written by say in one segment.
func (s *talker) together(say ...func()) {
	s.raw.on = true
	for _, part := range say {
		part()
	}
	s.raw.send()
}
