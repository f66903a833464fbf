package main

import (
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/internal/peers"
)

func TestCodesAreExactButForTheLeewayOfATarget(t *testing.T) {
	t.Parallel()
	type codes = map[string]float64
	died := &barn{died: 1}
	for name, c := range map[string]struct {
		of        *leeway
		want, got codes
		unreached float64
		isWrong   bool
	}{
		"what was made for":              {nil, codes{"0": 3, "1503": 1}, codes{"0": 3, "1503": 1}, 0, false},
		"one more than was made for":     {nil, codes{"0": 3}, codes{"0": 4}, 0, true},
		"a code that nobody made":        {nil, codes{"0": 3}, codes{"0": 3, "1220": 1}, 0, true},
		"nobody there":                   {leewayHTTP1(), codes{"0": 3}, codes{"0": 3, "1212": 9}, 0, false},
		"one that reached nobody":        {leewayHTTP1(), codes{"0": 3, "1220": 1}, codes{"0": 3, "1220": 2}, 1, false},
		"one more than reached nobody":   {leewayHTTP1(), codes{"0": 3, "1220": 1}, codes{"0": 3, "1220": 3}, 1, true},
		"one without a code for it":      {leewayHTTP1(), codes{"0": 3}, codes{"0": 3}, 1, true},
		"a death that is taken for more": {leewayHTTP1(), codes{"0": 3, "1223": 1}, codes{"0": 4}, 0, true},
		"a death that is forgotten":      {leewayHTTP1(), codes{"0": 3}, codes{"0": 2}, 0, true},
		"some that waited for one":       {leewayShared(), codes{"1102": 1}, codes{"1102": 8}, 0, false},
		"more than can have waited":      {leewayShared(), codes{"1102": 1}, codes{"1102": 9}, 0, true},
		"a failure that nobody waited":   {leewayShared(), codes{"1102": 1}, codes{}, 0, true},
		"a question that is lost":        {leewayDatagrams(2), codes{"0": 3, "1105": 1}, codes{"0": 3, "1105": 2, "1108": 1}, 2, false},
		"one behind a second answer":     {leewayDatagrams(2), codes{"0": 3, "1106": 1}, codes{"0": 3, "1106": 2}, 1, false},
		"garbage that nobody sent":       {leewayDatagrams(2), codes{"0": 3, "1106": 1}, codes{"0": 3, "1106": 2}, 0, true},
		"one that has a code for it":     {leewayDatagrams(2), codes{"0": 3}, codes{"0": 2, "1105": 1}, 0, true},
		"an answer that is not sent":     {leewayQUIC(died, 2), codes{"0": 3, "1905": 1}, codes{"0": 2, "1905": 1, "1903": 1}, 0, false},
		"more of them than there can be": {leewayQUIC(died, 2), codes{"0": 3}, codes{"1905": 3}, 0, true},
		"one more than was said":         {leewayQUIC(died, 2), codes{"0": 3, "1503": 1}, codes{"0": 4}, 0, true},
		"one that nothing is left of":    {leewayQUIC(died, 2), codes{"0": 3}, codes{"0": 2}, 0, true},
	} {
		wrong := c.of.compare(c.want, c.got, c.unreached)
		assert.Equal(t, c.isWrong, wrong != "", "%s: %s", name, wrong)
	}
}

// A daemon that is stopped as it is to write a request may write none of it, and has opened all its connections before.
func TestAFreezeLosesOnlyWhatWasCancelledAsItWasSent(t *testing.T) {
	t.Parallel()
	v, err := newView("# TYPE prober_request_failures counter\n" +
		"prober_request_failures_total{error_code=\"1001\",phase=\"send\",target=\"a\"} 2\n" +
		"prober_request_failures_total{error_code=\"1001\",phase=\"processing\",target=\"a\"} 4\n" +
		"prober_request_failures_total{error_code=\"1220\",phase=\"send\",target=\"a\"} 8\n# EOF\n")
	require.NoError(t, err)
	w := leewayFreeze()
	least, most := w.lost(v.of("a"), nil)
	assert.InDelta(t, 0, least, 0)
	assert.InDelta(t, 2, most, 0)
	assert.True(t, w.exactConnections())
	assert.False(t, leewayHTTP1().exactConnections())
}

// A server that dies resets the clients that wait for an answer, and reads to the last byte what the others have sent.
func TestADyingServerEntersAllThatReachesIt(t *testing.T) {
	t.Parallel()
	require.NoError(t, play(t.Context(), func(s *stage) {
		f := newFarm(s)
		asked, free := make(chan struct{}), make(chan struct{})
		b := f.open(f.serveHTTP1(func(string, int) move {
			asked <- struct{}{}
			<-free
			return okMove()
		}))
		waiting, idle := peers.Dial(s, "tcp", b.address), peers.Dial(s, "tcp", b.address)
		ask(s, waiting, "00000000000000010000000000000001")
		<-asked
		s.await("two connections", func() bool { return b.connections() == 2 })
		b.kill()
		close(free)
		_, err := waiting.Read(make([]byte, 1))
		assert.ErrorContains(t, err, "reset")
		n, _ := idle.Read(make([]byte, 1))
		assert.Zero(t, n, "the end")
		ask(s, idle, "00000000000000010000000000000002")
		s.await("both requests", func() bool { return f.ledger.read("a").seen == 2 })
		s.await("what they come to", func() bool { return len(f.ledger.read("a").want) == 2 })
		assert.Equal(t, map[string]int{codeOwed: 1, codeUnread: 1}, f.ledger.read("a").want)
		s.must(b.raise())
		assert.NoError(t, peers.Dial(s, "tcp", b.address).Close())
	}))
}

func ask(s *stage, c net.Conn, id string) {
	_, err := c.Write([]byte("GET /a/ HTTP/1.1\r\nHost: a\r\nX-Request-Id: " + id + "\r\n\r\n"))
	s.must(err)
}
