package peers

import (
	"encoding/hex"
	"net"
	"strings"
	"sync"
)

// wiretap is the socket of a server of QUIC, and the writer of its keys. It has the data for forging packets to the
// latest client.
type wiretap struct {
	net.PacketConn

	mu     sync.Mutex
	client []byte // its connection ID
	secret []byte // of the server's packets after the handshake
}

// SetReadBuffer is for quic-go: without it quic-go writes a complaint.
func (*wiretap) SetReadBuffer(int) error { return nil }

// SetWriteBuffer is for quic-go, too.
func (*wiretap) SetWriteBuffer(int) error { return nil }

// ReadFrom notes the sender of a first packet.
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

// Write reads a line of the key log of crypto/tls.
func (w *wiretap) Write(line []byte) (int, error) {
	if words := strings.Fields(string(line)); len(words) == 3 && words[0] == "SERVER_TRAFFIC_SECRET_0" {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.secret, _ = hex.DecodeString(words[2])
	}
	return len(line), nil
}

// Forge sends packets with frames that quic-go would not send. next returns the frames of packet i, and nil after the
// last. Forge also returns after the end of the server. The server does not know these packets: at the first
// acknowledgement it gives up the connection, and does not tell the client. Forge is for servers with one client at a
// time.
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
			frames = append(frames, 0) // padding that the header protection needs
		}
		if _, err := w.WriteTo(sealShort(client, uint32(first+i), frames, secret), p.RemoteAddr()); err != nil {
			return
		}
	}
}
