package transport

import (
	"crypto/tls"
	"net"
	"net/http"
	"net/url"
	"sync/atomic"
	"testing"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers/certs"
	"example.com/prober/option"
)

// When a server of quic-go ends in good order, it says GOAWAY, answers the requests it has
// begun, and leaves the rest to its successor. It closes a connection as soon as that carries
// nothing. So a request may meet the close before GOAWAY was read, or be rejected twice: then
// it fails. All others succeed, and none is processed twice.
func TestARestartOfAServerOfHTTP3IsCountedToTheUnit(t *testing.T) {
	t.Parallel()
	const workers, each, restarts = 16, 100, 4
	socket, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	port := &quic.Transport{Conn: socket}
	t.Cleanup(func() {
		_ = port.Close()
		_ = socket.Close()
	})
	var processed atomic.Int64
	due := make(chan struct{}, restarts)
	certificate := http3.ConfigureTLSConfig(&tls.Config{Certificates: []tls.Certificate{certs.Issue(nil)}, MinVersion: tls.VersionTLS13})
	begin := func() (*http3.Server, *quic.EarlyListener) {
		server := &http3.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if n := processed.Add(1); n%(workers*each/(restarts+1)) == 0 && n < workers*each {
				due <- struct{}{}
			}
			_, _ = w.Write([]byte("hello"))
		})}
		listener, err := port.ListenEarly(certificate, nil)
		require.NoError(t, err)
		go func() { _ = server.ServeListener(listener) }() // until the listener is closed
		return server, listener
	}
	tr := newTransport(t, Config{
		URL:         &url.URL{Scheme: "https", Host: socket.LocalAddr().String()},
		HTTPVersion: option.OnlyHTTP3,
		TLS:         option.TLS{InsecureSkipVerify: true},
	})
	server, listener := begin()
	restarted := make(chan int)
	stop := make(chan struct{})
	go func() {
		n := 0
		defer func() { restarted <- n }()
		for {
			select {
			case <-stop:
				return
			case <-due:
				before := server
				_ = listener.Close() // takes no more connections, and keeps the open ones
				server, listener = begin()
				_ = before.Shutdown(t.Context())
				n++
			}
		}
	}()
	all := fire(tr, workers, each, patience)
	close(stop)
	assert.Positive(t, <-restarted)
	unlucky := all.codes[errcode.FromH3Close(uint64(http3.ErrCodeNoError))] + all.codes[errcode.FromH3Stream(uint64(http3.ErrCodeRequestRejected))]
	assert.Equal(t, workers*each, all.codes[errcode.OK]+unlucky, "%v", all.codes)
	assert.EqualValues(t, all.codes[errcode.OK], processed.Load())
	assert.LessOrEqual(t, unlucky, restarts*workers)
	tr.CloseIdle()
	tr.Wait()
	_ = server.Close()
}
