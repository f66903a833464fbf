package demo

import (
	"io"
	"net"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/internal/rig"
)

func TestMain(m *testing.M) { rig.VerifyTestMain(m) }

// started returns a server for the time of the test.
func started(t *testing.T) *Server {
	t.Helper()
	s, err := Start()
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

// ask sends a request to every target on loopback. It returns the connections, all still open on this side.
func ask(t *testing.T, s *Server) map[string]net.Conn {
	t.Helper()
	conns := make(map[string]net.Conn)
	for _, b := range s.Behaviours() {
		u, err := url.Parse(b.URL)
		require.NoError(t, err)
		if u.Hostname() != "127.0.0.1" || strings.HasSuffix(b.Name, "refused") || b.Name == "dns-unreachable" {
			continue
		}
		c, err := net.Dial("tcp", u.Host)
		require.NoError(t, err, b.Name)
		t.Cleanup(func() { c.Close() })
		_, err = io.WriteString(c, "GET "+u.Path+" HTTP/1.1\r\nHost: demo\r\n\r\n")
		require.NoError(t, err, b.Name)
		conns[b.Name] = c
	}
	return conns
}

// assertEnds asserts that the server ends each connection, in whatever way.
func assertEnds(t *testing.T, conns map[string]net.Conn) {
	t.Helper()
	for name, c := range conns {
		require.NoError(t, c.SetReadDeadline(time.Now().Add(time.Minute)), name)
		_, err := io.Copy(io.Discard, c)
		assert.NotErrorIs(t, err, os.ErrDeadlineExceeded, name)
	}
}

func TestCloseEndsConnectionsThatTheirPeersKeepOpen(t *testing.T) {
	t.Parallel()
	s, err := Start()
	require.NoError(t, err)
	conns := ask(t, s)
	var listeners []net.Listener
	for _, c := range s.held {
		if l, ok := c.(net.Listener); ok {
			listeners = append(listeners, l)
		}
	}
	require.NotEmpty(t, listeners)

	require.NoError(t, s.Close())
	assert.Empty(t, s.conns)
	assertEnds(t, conns)
	for _, l := range listeners {
		_, err := l.Accept()
		assert.ErrorIs(t, err, net.ErrClosed, "%s", l.Addr())
	}
}

func TestCloseTwiceIsCloseOnce(t *testing.T) {
	t.Parallel()
	s, err := Start()
	require.NoError(t, err)
	require.NoError(t, s.Close())
	require.NoError(t, s.Close())
}

func TestNoConnectionOutlivesItsBound(t *testing.T) {
	t.Parallel()
	s, err := start(time.Second)
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()

	assertEnds(t, ask(t, s))
	require.Eventually(t, func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return len(s.conns) == 0
	}, time.Minute, time.Millisecond)
}

func TestTwoServersDoNotMeet(t *testing.T) {
	t.Parallel()
	a, b := started(t), started(t)
	urls := make(map[string]bool)
	for _, x := range a.Behaviours() {
		urls[x.URL] = true
	}
	for _, x := range b.Behaviours() {
		if u, err := url.Parse(x.URL); assert.NoError(t, err) && u.Hostname() == "127.0.0.1" {
			assert.NotContains(t, urls, x.URL)
		}
	}
}
