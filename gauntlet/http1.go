package main

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"strconv"
	"strings"
	"time"

	"example.com/prober/internal/peers"
)

// ending is what a peer does after its answer.
type ending int

const (
	keep ending = iota // the connection
	fin
	rst
	hold // sends no more until the other side gives up
)

// move is the answer of a peer to one request.
type move struct {
	text string
	then ending
	// code is the expected outcome on a new connection. reused is the expected outcome on a connection that has carried
	// a request before, if it differs.
	code, reused string
	after        time.Duration
}

const okText = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

func okMove() move { return move{text: okText, code: "0"} }

// script returns the move for the n-th request of a target.
type script func(target string, n int) move

// serveHTTP1 plays a script on a connection, request after request.
func (f *farm) serveHTTP1(s script) peers.Script {
	return func(c net.Conn) {
		l, r := lineOf(c), bufio.NewReaderSize(c, 4<<10)
		for first := true; ; first = false {
			q, ok := readRequest(r)
			if !ok {
				return
			}
			n := f.ledger.note(q.target, q.id)
			if !l.take() {
				f.unread.Add(1)
				f.ledger.expect(q.target, unread(first))
				continue
			}
			if _, err := io.CopyN(io.Discard, r, q.length); err != nil {
				return
			}
			m := s(q.target, n)
			if m.after > 0 {
				<-time.After(m.after)
			}
			if !f.reply(c, r, &m, q.target, first) {
				return
			}
		}
	}
}

func unread(first bool) string {
	if first {
		return codeUnread
	}
	return codeOld
}

func owed(first bool) string {
	if first {
		return codeOwed
	}
	return codeOld
}

// reply makes a move, unless the server is dead by now. It reports whether the connection goes on.
func (f *farm) reply(c net.Conn, r io.Reader, m *move, target string, first bool) bool {
	alive := lineOf(c).answer(func() {
		code := m.code
		if !first && m.reused != "" {
			code = m.reused
		}
		f.ledger.expect(target, code)
		m.say(c)
	})
	switch {
	case !alive:
		f.owed.Add(1)
		f.ledger.expect(target, owed(first))
		return false
	case m.then == keep:
		return true
	case m.then != rst:
		_, _ = io.Copy(io.Discard, r)
	}
	return false
}

// say writes the answer and ends the connection if the move does. The client may be gone.
func (m *move) say(c net.Conn) {
	_, _ = io.WriteString(c, m.text)
	switch m.then {
	case rst:
		peers.Reset(c)
	case fin:
		peers.EndWriting(c)
	}
}

// heading is the part of a request that the farm reads.
type heading struct {
	target, id string
	length     int64 // of the content
}

// readRequest reads the header of a request.
func readRequest(r *bufio.Reader) (q heading, ok bool) {
	for first := true; ; first = false {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return heading{}, false
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			return q, !first
		}
		if first {
			parts := bytes.SplitN(line, []byte(" "), 3)
			if len(parts) != 3 {
				return heading{}, false
			}
			q.target = nameOf(string(parts[1]))
			continue
		}
		if id, is := field(line, "X-Request-Id:"); is {
			q.id = id
		} else if length, is := field(line, "Content-Length:"); is {
			q.length, _ = strconv.ParseInt(length, 10, 64) // the prober's own
		}
	}
}

// field returns the value of a line of a header if it has the given name.
func field(line []byte, name string) (value string, is bool) {
	if len(line) < len(name) || !strings.EqualFold(string(line[:len(name)]), name) {
		return "", false
	}
	return string(bytes.TrimSpace(line[len(name):])), true
}
