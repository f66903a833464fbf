package peers

import (
	"encoding/hex"
	"net"
	"strings"
	"sync"
)

// wiretap is the socket of a server of QUIC, and the writer of its keys. It knows of the
// client that came last what it takes to forge packets for it.
type wiretap struct {
	net.PacketConn

	mu     sync.Mutex
	client []byte // its connection ID
	secret []byte // of what the server sends after the handshake
}

// SetReadBuffer is here for quic-go, which complains where there is none.
func (*wiretap) SetReadBuffer(int) error { return nil }

// SetWriteBuffer is likewise.
func (*wiretap) SetWriteBuffer(int) error { return nil }

// ReadFrom notes who sends a first packet.
func (w *wiretap) ReadFrom(p []byte) (int, net.Addr, error) {
	n, from, err := w.PacketConn.ReadFrom(p)
	if err != nil {
		return n, from, err
	}
	if _, id, isLong := connectionIDs(p[:n]); isLong {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.client = append(w.client[:0], id...)
	}
	return n, from, nil
}

// Write takes in a line of the log of keys that crypto/tls keeps.
func (w *wiretap) Write(line []byte) (int, error) {
	if words := strings.Fields(string(line)); len(words) == 3 && words[0] == "SERVER_TRAFFIC_SECRET_0" {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.secret, _ = hex.DecodeString(words[2])
	}
	return len(line), nil
}

// Forge sends packets with frames that quic-go would not send, until there are no more or
// the server has ended: next returns the frames of packet i, nil after the last. The
// server does not know these packets: when the first of them is acknowledged, it gives the
// connection up, and does not tell the client. It is for servers with one client at a time.
func (p *H3) Forge(next func(i int) []byte) {
	const first = 1 << 20 // packet number, beyond those of quic-go
	w := p.server.socket
	w.mu.Lock()
	client, secret := append([]byte(nil), w.client...), w.secret
	w.mu.Unlock()
	for i := 0; ; i++ {
		frames := next(i)
		if frames == nil {
			return
		}
		for len(frames) < 16 {
			frames = append(frames, 0) // padding, which the protection of the header takes
		}
		if _, err := w.WriteTo(sealShort(client, uint32(first+i), frames, secret), p.RemoteAddr()); err != nil {
			return
		}
	}
}
