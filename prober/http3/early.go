package http3

import (
	"context"
	"crypto/tls"

	"example.com/prober/prober/wire"
)

// quic-go must not open a stream while it takes in what the server says of its limits, which
// it does in the middle of a handshake. Without early data no stream is opened before the
// end of that. With it, one is, for the request that dials: what the server sends is held
// back until then. All others wait for the end of the handshake.

// sessions are those of a client, which say when one is resumed that takes early data.
type sessions struct {
	tls.ClientSessionCache

	socket *wire.Datagrams
}

// Get is called before anything is sent.
func (s sessions) Get(key string) (*tls.ClientSessionState, bool) {
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

// watch has the socket hold back what the server sends, where early data can be sent.
func watch(cfg *tls.Config, socket *wire.Datagrams) {
	if cfg.ClientSessionCache != nil {
		cfg.ClientSessionCache = sessions{cfg.ClientSessionCache, socket}
	}
}

// isEarly reports whether the handshake of c goes on.
func (c *conn) isEarly() bool {
	select {
	case <-c.quic.HandshakeComplete():
		return false
	default:
		return true
	}
}

// ripen waits for the end of the handshake, from when on every request can have a stream. It
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
