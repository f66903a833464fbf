package transport

import (
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/quic-go/quic-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/option"
)

// early starts a server of HTTP/3 that takes early data, and a transport that sends some on
// each connection but the first. used counts the connections with early data.
func early(t *testing.T, requests int) (server *peers.QUIC, tr *Transport, used *atomic.Int32) {
	t.Helper()
	used = new(atomic.Int32)
	server = peers.ListenQUIC(t, peers.Settings{QUIC: quic.Config{Allow0RTT: true}}, func(p *peers.H3) {
		p.Greet()
		s := p.Request()
		if s == nil {
			return
		}
		<-p.HandshakeComplete()
		if p.ConnectionState().Used0RTT {
			used.Add(1)
		}
		p.Answer(s)
	})
	tr = newTransport(t, Config{
		URL: server.URL(), HTTPVersion: option.OnlyHTTP3, RequestsPerConnection: requests,
		TLS: option.TLS{CA: server.CA(), SessionResumption: true, EarlyData: true},
	})
	return server, tr, used
}

func TestEarlyDataIsSentInResumedSessions(t *testing.T) {
	t.Parallel()
	_, tr, used := early(t, 1)
	for i := range 4 {
		r := do(tr, patience)
		require.NoError(t, r.Err)
		assert.Equal(t, 200, r.HTTP.Status)
		assert.True(t, r.Opened)
		assert.False(t, r.HTTP.Resent)
		if i == 0 {
			require.NotNil(t, r.TLS)
			assert.False(t, r.TLS.Resumed)
		}
		tr.CloseIdle()
		tr.Wait()
	}
	assert.EqualValues(t, 3, used.Load())
	require.NotNil(t, tr.dialer.Shown())
	assert.True(t, tr.dialer.Shown().Resumed)
}

func TestARequestWhoseEarlyDataIsDroppedIsSentOnceMore(t *testing.T) {
	t.Parallel()
	server, tr, used := early(t, 1)
	require.NoError(t, do(tr, patience).Err)
	tr.CloseIdle()
	tr.Wait()
	server.AllowEarlyData(false)
	server.Forget()
	r := do(tr, patience)
	require.NoError(t, r.Err)
	assert.Equal(t, 200, r.HTTP.Status)
	assert.True(t, r.HTTP.Resent)
	assert.Zero(t, used.Load())
}

// quic-go opens no stream while it learns the limits of the server.
func TestManyRequestsShareAConnectionWithEarlyData(t *testing.T) {
	t.Parallel()
	const workers, each = 16, 5
	site := peers.Serve(t, peers.HTTP3, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("hello")) })
	tr := newTransport(t, Config{
		URL: site.Root(), HTTPVersion: option.OnlyHTTP3,
		TLS: option.TLS{InsecureSkipVerify: true, SessionResumption: true, EarlyData: true},
	})
	for range 5 {
		require.NoError(t, do(tr, patience).Err)
		tr.CloseIdle()
		tr.Wait()
		before := site.Connections()
		all := fire(tr, workers, each, patience)
		assert.Equal(t, map[errcode.Code]int{errcode.OK: workers * each}, all.codes)
		assert.EqualValues(t, 1, site.Connections()-before, "the others wait for the end of the handshake")
	}
}

// The time-outs of a handshake do not hold once early data was sent. If the handshake of a
// connection never ends, the connection must not keep the requests after it.
func TestAHandshakeThatNeverEndsHoldsUpOneRequest(t *testing.T) {
	t.Parallel()
	server, tr, _ := early(t, 100)
	require.NoError(t, do(tr, patience).Err)
	tr.CloseIdle()
	tr.Wait()
	server.Kill()
	peers.PacketsAt(t, server.Address(), peers.PingInitially)
	for range 3 {
		r := do(tr, briefly)
		require.Error(t, r.Err)
		assert.NotEqual(t, errcode.PhaseQueue, r.FailedIn(), "it has waited for the handshake of another: %v", r.Err)
	}
}
