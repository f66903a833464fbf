package main

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"time"
)

// ending is what a peer does after its answer.
type ending int

const (
	keep ending = iota // the connection
	fin
	rst
	hold // says no more until the other side gives up
)

// move is what a peer answers one request with.
type move struct {
	text string
	then ending
	// code is what the prober is to make of it on a new connection; reused is what
	// on one that has carried a request before, if that is another.
	code, reused string
	after        time.Duration
}

const okText = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

func okMove() move { return move{text: okText, code: "0"} }

// script returns the move for a request: the n-th of its target.
type script func(target string, n int) move

// serveHTTP1 plays a script on a connection, request after request.
func (f *farm) serveHTTP1(s script) func(net.Conn) {
	return func(c net.Conn) {
		r := bufio.NewReaderSize(c, 4<<10)
		for first := true; ; first = false {
			target, id, ok := readRequest(r)
			if !ok {
				return
			}
			m := s(target, f.ledger.note(target, id))
			code := m.code
			if !first && m.reused != "" {
				code = m.reused
			}
			f.ledger.expect(target, code)
			if m.after > 0 {
				<-time.After(m.after)
			}
			if !m.play(c, r) {
				return
			}
		}
	}
}

// play answers, and tells whether the connection goes on.
func (m *move) play(c net.Conn, r io.Reader) bool {
	if _, err := io.WriteString(c, m.text); err != nil {
		return false
	}
	switch m.then {
	case keep:
		return true
	case rst:
		reset(c)
	case fin:
		finish(c, r)
	case hold:
		_, _ = io.Copy(io.Discard, r)
	}
	return false
}

// reset ends a connection of TCP with a RST.
func reset(c net.Conn) {
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	c.Close()
}

// finish says that all is said, and reads on until the other side has closed: a
// close with bytes unread would be a RST that could overtake what was said.
func finish(c net.Conn, r io.Reader) {
	if half, can := c.(interface{ CloseWrite() error }); can {
		_ = half.CloseWrite()
	}
	_, _ = io.Copy(io.Discard, r)
}

var idField = []byte("X-Request-Id:")

// readRequest reads the header of a request without a body.
func readRequest(r *bufio.Reader) (target, id string, ok bool) {
	for first := true; ; first = false {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return "", "", false
		}
		line = bytes.TrimRight(line, "\r\n")
		switch {
		case len(line) == 0:
			return target, id, !first
		case first:
			parts := bytes.SplitN(line, []byte(" "), 3)
			if len(parts) != 3 {
				return "", "", false
			}
			target = nameOf(string(parts[1]))
		case len(line) > len(idField) && bytes.EqualFold(line[:len(idField)], idField):
			id = string(bytes.TrimSpace(line[len(idField):]))
		}
	}
}
