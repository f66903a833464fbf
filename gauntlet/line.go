package main

import (
	"net"
	"sync"

	"example.com/prober/internal/peers"
)

// line is a connection of a barn, whose server may be killed at any moment. So that
// the ledger stays exact then, it knows whether the client waits: who waits sends
// nothing, and a reset loses no request that nobody has read. All others see the end
// of the stream, and whatever they have sent is read to the last byte.
type line struct {
	*net.TCPConn

	barn *barn

	mu    sync.Mutex
	owing bool // a request has been read and not been answered yet
	dead  bool
}

// What a request comes to that reached a server as it was killed, by what the server
// was doing.
const (
	codeOwed        = "1220" // it had read the request
	codeUnread      = "1221" // it had not
	codeOld         = "1223" // either, and it had served others on the connection
	codeUnreadH2    = "1604"
	codeUnreadH2Old = "1609"
	codeGoneQUIC    = "1905" // over UDP the next packet finds nobody,
	codeGoneUDP     = "1105" // and where none follows, nothing is heard any more
)

// lineOf returns what carries a connection, maybe within TLS.
func lineOf(c net.Conn) *line {
	if within, is := c.(interface{ NetConn() net.Conn }); is {
		c = within.NetConn()
	}
	l, _ := c.(*line) // each connection of a barn is one
	return l
}

// take tells that a request has been read. It returns false if the server is dead:
// the client sees the end then.
func (l *line) take() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.owing = !l.dead
	return l.owing
}

// answer lets say answer, which must not wait for the client, unless the server has
// been killed since it read the request: the client sees a reset then.
func (l *line) answer(say func()) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.dead {
		return false
	}
	l.owing = false
	say()
	return true
}

// uncount tells that a handshake failed, so that it never came to a connection.
func (l *line) uncount() {
	l.barn.mu.Lock()
	defer l.barn.mu.Unlock()
	l.barn.count--
}

// die ends the connection as the death of its server does.
func (l *line) die() {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.dead:
		return
	case l.owing:
		peers.Reset(l)
	default:
		_ = l.CloseWrite() // the client may be gone
	}
	l.dead = true
}
