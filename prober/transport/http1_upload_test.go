package transport

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/internal/peers/certs"
	"example.com/prober/option"
	"example.com/prober/prober/probe"
)

const uploadSize = 20 << 20

// inBoth runs a test against a peer with script for each connection, in clear text and
// over TLS. The script may wait for the end of the test.
func inBoth(t *testing.T, script func(c net.Conn, ended <-chan struct{}), test func(t *testing.T, cfg Config)) {
	t.Helper()
	t.Run("in clear text", func(t *testing.T) {
		t.Parallel()
		ended := make(chan struct{})
		defer close(ended)
		script := func(c net.Conn) { script(c, ended) }
		test(t, Config{URL: peers.Listen(t, script).URL("http"), Method: "POST", BodySize: uploadSize})
	})
	t.Run("over TLS", func(t *testing.T) {
		t.Parallel()
		ended := make(chan struct{})
		defer close(ended)
		script := func(c net.Conn) { script(c, ended) }
		ca := certs.Issue(nil, certs.Authority)
		p := peers.Listen(t, peers.Within(peers.Showing(certs.Issue(&ca)), script))
		test(t, Config{
			URL: p.URL("https"), TLS: option.TLS{CA: certs.PEM(ca)}, HTTPVersion: option.OnlyHTTP11,
			Method: "POST", BodySize: uploadSize,
		})
	})
}

// readHead reads the header of a request and returns a reader of its content.
func readHead(c net.Conn) io.Reader {
	q, err := http.ReadRequest(bufio.NewReader(c))
	if err != nil {
		return http.NoBody
	}
	return q.Body
}

func TestLongUploadIsSentWhole(t *testing.T) {
	t.Parallel()
	received := make(chan int64, 4)
	inBoth(t, func(c net.Conn, _ <-chan struct{}) {
		for {
			n, _ := io.Copy(io.Discard, readHead(c))
			if n == 0 {
				return
			}
			received <- n
			_, _ = io.WriteString(c, peers.OKAnswer)
		}
	}, func(t *testing.T, cfg Config) {
		tr := newTransport(t, cfg)
		for i := range 2 {
			r := do(tr, patience)
			require.NoError(t, r.Err)
			assert.EqualValues(t, uploadSize, <-received)
			assert.Greater(t, r.Sent, int64(uploadSize))
			assert.Equal(t, i == 1, r.Reused)
			assertPhasesAddUp(t, r)
			for _, phase := range []errcode.Phase{errcode.PhaseSend, errcode.PhaseProcessing, errcode.PhaseTransfer} {
				_, seen := r.Phase(phase)
				assert.True(t, seen, phase.String())
			}
		}
	})
}

func TestUploadThatComesBackIsReadWhileItIsSent(t *testing.T) {
	t.Parallel()
	inBoth(t, func(c net.Conn, _ <-chan struct{}) {
		content := readHead(c)
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 20971520\r\n\r\n")
		_, _ = io.Copy(c, content)
	}, func(t *testing.T, cfg Config) {
		cfg.MaxBodyBytes = uploadSize
		r := do(newTransport(t, cfg), patience)
		require.NoError(t, r.Err)
		assert.Greater(t, r.Received, int64(uploadSize))
		assertPhasesAddUp(t, r)
	})
}

func TestAnswerEndsAnUploadThatNobodyReads(t *testing.T) {
	t.Parallel()
	inBoth(t, func(c net.Conn, ended <-chan struct{}) {
		if readHead(c) != http.NoBody {
			_, _ = io.WriteString(c, "HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
			<-ended
		}
	}, func(t *testing.T, cfg Config) {
		tr := newTransport(t, cfg)
		r := do(tr, patience)
		require.NoError(t, r.Err)
		assert.Equal(t, 413, r.HTTP.Status)
		assert.Less(t, r.Sent, int64(uploadSize))
		assert.Zero(t, tr.Open(), "the connection still expects the rest")
		assertPhasesAddUp(t, r)
	})
}

func TestUploadThatNobodyReadsEndsInTime(t *testing.T) {
	t.Parallel()
	inBoth(t, func(c net.Conn, ended <-chan struct{}) {
		readHead(c)
		<-ended
	}, func(t *testing.T, cfg Config) {
		tr := newTransport(t, cfg)
		r := do(tr, amply)
		assert.Less(t, probe.Now().Sub(r.End), 5*time.Second, "the worker does not wait as long as TLS does to say goodbye")
		assert.Equal(t, errcode.RequestTimeout, codeOf(r))
		assert.Equal(t, errcode.PhaseSend, r.FailedIn())
		assert.Zero(t, tr.Open())
		assertPhasesAddUp(t, r)
	})
}

func TestPeerThatLeavesDuringAnUpload(t *testing.T) {
	t.Parallel()
	inBoth(t, func(c net.Conn, _ <-chan struct{}) { readHead(c) }, func(t *testing.T, cfg Config) {
		tr := newTransport(t, cfg)
		r := do(tr, patience)
		assert.Contains(t, []errcode.Code{errcode.Closed, errcode.Reset, errcode.BrokenPipe}, codeOf(r))
		assert.Zero(t, tr.Open())
	})
}

func TestAbortEndsAnUpload(t *testing.T) {
	t.Parallel()
	var all sync.Map
	arrived := func(address string) chan struct{} {
		one, _ := all.LoadOrStore(address, make(chan struct{}, 1))
		return one.(chan struct{})
	}
	inBoth(t, func(c net.Conn, ended <-chan struct{}) {
		readHead(c)
		arrived(c.LocalAddr().String()) <- struct{}{}
		<-ended
	}, func(t *testing.T, cfg Config) {
		tr := newTransport(t, cfg)
		ctx, cancel := context.WithCancel(t.Context())
		results := make(chan *probe.Result)
		go func() {
			var r probe.Result
			again(ctx, tr, &r, patience)
			results <- &r
		}()
		<-arrived(cfg.URL.Host)
		cancel()
		tr.Abort()
		assert.Equal(t, errcode.Cancelled, codeOf(<-results))
		assert.Zero(t, tr.Open())
	})
}

// Generated content is written in pieces. The last piece must end with the content, or
// its rest would be taken for the next request.
func TestUploadEndsAtItsLength(t *testing.T) {
	t.Parallel()
	for _, size := range []int64{32<<10 + 1, 48 << 10, 96<<10 - 1} {
		received := make(chan int64, 2)
		p := peers.Listen(t, func(c net.Conn) {
			for r := bufio.NewReader(c); ; {
				q, err := http.ReadRequest(r)
				if err != nil {
					return
				}
				n, _ := io.Copy(io.Discard, q.Body)
				received <- n
				_, _ = io.WriteString(c, peers.OKAnswer)
			}
		})
		tr := newTransport(t, Config{URL: p.URL("http"), Method: "POST", BodySize: size})
		for i := range 2 {
			r := do(tr, patience)
			require.NoError(t, r.Err, "%d bytes", size)
			assert.Equal(t, size, <-received)
			assert.Equal(t, i == 1, r.Reused)
		}
	}
}
