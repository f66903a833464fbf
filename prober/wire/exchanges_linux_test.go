package wire

import (
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/prober/probe"
)

func TestSystemCallsAreBareWhileFewExchangesAreUnderWay(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	var streams []*Stream
	exchanges := new(Exchanges)
	for range fewExchanges + 1 {
		c, err := net.Dial("tcp", listener.Addr().String())
		require.NoError(t, err)
		defer c.Close()
		s := NewStream(c, probe.Never)
		s.time()
		s.exchanges = exchanges
		if s.timed == nil {
			t.Skip("this kernel does not say when bytes arrive")
		}
		streams = append(streams, s)
	}
	isBare := func(s *Stream) bool {
		_, bare := s.to.(*Socket)
		assert.Equal(t, bare, !s.timed.tellsScheduler)
		return bare
	}
	for i, s := range streams {
		s.Begin()
		assert.Equal(t, i < fewExchanges, isBare(s), "exchange %d", i)
	}
	for _, s := range streams {
		s.End()
	}
	last := streams[fewExchanges]
	last.Begin()
	assert.True(t, isBare(last), "again, when the others have ended")
	last.End()
	assert.Zero(t, exchanges.underWay.Load())
}
