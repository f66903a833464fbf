package http3

import (
	"context"
	"crypto/tls"

	"example.com/prober/prober/wire"
)

// quic-go must not open a stream while it applies the limits of the server, and it does that
// in the middle of a handshake. Without early data, no stream is opened before the end of
// the handshake. With early data, the dialling request gets a stream, and the server's
// packets are held back until then. All other requests wait for the end of the handshake.

// sessions are the sessions of a client. Get makes the socket hold packets back if the
// session takes early data.
type sessions struct {
	tls.ClientSessionCache

	socket *wire.Datagrams
}

// Get is called before anything is sent.
func (s sessions) Get(key string) (*tls.ClientSessionState, bool) {
	// crypto/tls asks here before the first packet leaves, so no answer can have come yet.
	session, ok := s.ClientSessionCache.Get(key)
	if ok && takesEarlyData(session) {
		s.socket.Hold()
	}
	return session, ok
}

func takesEarlyData(session *tls.ClientSessionState) bool {
	if session == nil {
		return false
	}
	_, state, err := session.ResumptionState()
	return err == nil && state != nil && state.EarlyData
}

// watch makes the socket hold back the server's packets if early data can be sent.
func watch(cfg *tls.Config, socket *wire.Datagrams) {
	if cfg.ClientSessionCache != nil {
		cfg.ClientSessionCache = sessions{cfg.ClientSessionCache, socket}
	}
}

// isEarly reports whether the handshake of c is still under way.
func (c *conn) isEarly() bool {
	select {
	case <-c.quic.HandshakeComplete():
		return false
	default:
		return true
	}
}

// ripen waits for the end of the handshake; after it, every request can have a stream. ripen
// returns false if the connection has ended before.
func (c *conn) ripen(ctx context.Context) bool {
	select {
	case <-c.quic.HandshakeComplete():
	case <-ctx.Done():
		return false
	}
	c.pool.mu.Lock()
	defer c.pool.mu.Unlock()
	if c.early {
		c.early = false
		c.pool.balance()
	}
	return true
}
