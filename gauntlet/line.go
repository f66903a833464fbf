package main

import (
	"net"
	"sync"

	"example.com/prober/internal/peers"
)

// line is a connection of a barn, whose server may be killed at any moment. To keep the ledger exact, it knows whether
// the client waits. A waiting client sends nothing, so a reset loses no unread request. Any other client sees the end
// of the stream, and the line reads its data to the last byte.
type line struct {
	*net.TCPConn

	barn *barn

	mu    sync.Mutex
	owing bool // a request has been read and not been answered yet
	dead  bool
}

// The codes of requests that reached a server as it was killed, by the state of the server.
const (
	codeOwed        = "1220" // it had read the request
	codeUnread      = "1221" // it had not
	codeOld         = "1223" // either of the two, after others on the connection
	codeUnreadH2    = "1604"
	codeUnreadH2Old = "1609"
	codeGoneQUIC    = "1905" // over UDP the next packet finds nobody,
	codeGoneUDP     = "1105" // if no packet follows, the silence ends it
)

// lineOf returns the line below a connection, maybe within TLS.
func lineOf(c net.Conn) *line {
	if within, is := c.(interface{ NetConn() net.Conn }); is {
		c = within.NetConn()
	}
	l, _ := c.(*line) // each connection of a barn is one
	return l
}

// take notes that a request has been read. It returns false if the server is dead: then the client sees the end.
func (l *line) take() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.owing = !l.dead
	return l.owing
}

// answer calls say, which must not wait for the client. If the server has been killed since it read the request, answer
// does not: then the client sees a reset.
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

// uncount takes back the count of a connection whose handshake failed.
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
