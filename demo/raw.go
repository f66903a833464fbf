package demo

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// acceptPause is the pause after a failed accept. Accept fails if the process has no file descriptors left. The pause
// bounds how often the failure repeats.
const acceptPause = 100 * time.Millisecond

// script plays one connection. After it returns, the connection ends with a FIN, unless the script has closed it.
type script func(*net.TCPConn)

// raw plays sc on a listener of its own. Its URL has the given scheme.
func raw(scheme string, sc script) opener {
	return func(ctx context.Context, s *Server, _ string) (string, error) {
		ln, err := s.listen()
		if err != nil {
			return "", err
		}
		s.running.Go(func() { s.accept(ctx, ln, sc) })
		return scheme + "://" + ln.Addr().String() + "/", nil
	}
}

// bare opens what open does, for a scheme that only connects. Its URL ends after the port.
func bare(scheme string, open opener) opener {
	return func(ctx context.Context, s *Server, name string) (string, error) {
		full, err := open(ctx, s, name)
		if err != nil {
			return "", err
		}
		u, err := url.Parse(full)
		if err != nil {
			return "", err
		}
		return scheme + "://" + u.Host, nil
	}
}

// elsewhere leads to a URL outside this server.
func elsewhere(at string) opener {
	return func(context.Context, *Server, string) (string, error) { return at, nil }
}

// refused reserves a port without a listener: the near end of an open connection. So no other process can begin to
// listen there.
func refused(ctx context.Context, s *Server, _ string) (string, error) {
	ln, err := net.ListenTCP("tcp", loopback())
	if err != nil {
		return "", err
	}
	defer func() { _ = ln.Close() }()
	// The local address makes the system bind the port. If the system only picked the port while connecting, it could pick
	// it for the prober too: a dial to itself.
	dialer := net.Dialer{LocalAddr: loopback()}
	near, err := dialer.DialContext(ctx, "tcp", ln.Addr().String())
	if err != nil {
		return "", err
	}
	s.hold(near)
	far, err := ln.Accept()
	if err != nil {
		return "", err
	}
	s.hold(far)
	return "http://" + near.LocalAddr().String() + "/", nil
}

// reply reads one request, writes text and ends the connection.
func reply(text string) script {
	return func(c *net.TCPConn) {
		if readRequest(bufio.NewReader(c)) {
			_, _ = io.WriteString(c, text)
		}
	}
}

// resetMidBody ends the connection with a RST after half of the body.
func resetMidBody(c *net.TCPConn) {
	reply(halfBody())(c)
	_ = c.SetLinger(0)
	_ = c.Close()
}

// closeReused answers the first request of a connection and closes the connection on the second one. The client would
// see the same if the close crossed the second request on its way: every keep-alive connection has this race.
func closeReused(c *net.TCPConn) {
	r := bufio.NewReader(c)
	if !readRequest(r) {
		return
	}
	_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n")
	readRequest(r)
}

// greet speaks first and does not speak HTTP.
func greet(c *net.TCPConn) {
	_, _ = io.WriteString(c, "SSH-2.0-demo\r\n")
}

// plainHTTP answers a TLS handshake as a web server without TLS does.
func plainHTTP(c *net.TCPConn) {
	if _, err := c.Read(make([]byte, 4<<10)); err != nil {
		return
	}
	_, _ = io.WriteString(c, "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
}

// silence reads everything and answers nothing until the peer closes.
func silence(c *net.TCPConn) {
	_, _ = io.Copy(io.Discard, c)
}

// halfBody is a response with a body that ends after half of its declared length.
func halfBody() string {
	return "HTTP/1.1 200 OK\r\nContent-Length: 1024\r\n\r\n" + strings.Repeat("x", 512)
}

// readRequest reads a request with its body, and reports whether one came.
func readRequest(r *bufio.Reader) bool {
	req, err := http.ReadRequest(r)
	if err != nil {
		return false
	}
	_, err = io.Copy(io.Discard, req.Body)
	return err == nil
}

// accept plays sc on every connection until ln is closed.
func (s *Server) accept(ctx context.Context, ln *net.TCPListener, sc script) {
	for {
		c, err := ln.AcceptTCP()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			wait(ctx, acceptPause)
			continue
		}
		s.track(c)
		go func() {
			defer s.untrack(c)
			s.play(c, sc)
		}()
	}
}

// play runs sc and ends the connection. Then it reads until the peer closes too. A close with unread bytes would be a
// RST, and could overtake the last bytes of the script.
func (s *Server) play(c *net.TCPConn, sc script) {
	defer func() { _ = c.Close() }()
	if err := c.SetDeadline(time.Now().Add(s.life)); err != nil {
		return
	}
	sc(c)
	if err := c.CloseWrite(); err != nil {
		return
	}
	_, _ = io.Copy(io.Discard, c)
}
