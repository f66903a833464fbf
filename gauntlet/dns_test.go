package main

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"

	"example.com/prober/internal/peers"
)

func question(t *testing.T, id uint16) []byte {
	t.Helper()
	m := dnsmessage.Message{Header: dnsmessage.Header{ID: id}, Questions: []dnsmessage.Question{{
		Name: dnsmessage.MustNewName("a.test."), Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET,
	}}}
	query, err := m.Pack()
	require.NoError(t, err)
	return query
}

func TestAQuestionThatComesTwiceFromASocketIsTold(t *testing.T) {
	t.Parallel()
	one, other := netip.MustParseAddrPort("127.0.0.1:4001"), netip.MustParseAddrPort("127.0.0.1:4002")
	type asked struct {
		from netip.AddrPort
		id   uint16
	}
	for name, c := range map[string]struct {
		single        bool
		asked         []asked
		sockets, seen int
		twice         int
	}{
		"one after the other":      {false, []asked{{one, 65535}, {one, 0}, {one, 1}}, 1, 3, 0},
		"the same again":           {false, []asked{{one, 7}, {one, 8}, {one, 8}}, 1, 2, 1},
		"of two sockets":           {false, []asked{{one, 7}, {other, 7}}, 2, 2, 0},
		"another socket at a port": {false, []asked{{one, 7}, {one, 99}}, 2, 2, 0},
		"sockets of one question":  {true, []asked{{one, 7}, {one, 8}}, 2, 2, 0},
		"one of these again":       {true, []asked{{one, 7}, {one, 7}}, 1, 1, 1},
	} {
		f := &farm{ledger: newLedger()}
		d := f.serveDatagrams(dnsWell, c.single)
		for _, q := range c.asked {
			query := question(t, q.id)
			f.ledger.note("a", d.asker(q.from, query).name(query))
		}
		p := f.ledger.read("a")
		assert.Equal(t, c.sockets, d.connections(), name)
		assert.Equal(t, c.seen, p.seen, name)
		assert.Len(t, p.twice, c.twice, name)
		assert.Empty(t, p.strange, name)
	}
}

func TestAServerOfDatagramsClosesItsPortAsItDiesAndIsBornAgain(t *testing.T) {
	t.Parallel()
	require.NoError(t, play(t.Context(), func(s *stage) {
		f := newFarm(s)
		b := f.openPackets(f.serveDatagrams(dnsWell, false))
		alive := peers.Dial(s, "udp", b.address)
		s.must(ignoring(alive.Write(question(t, 1))))
		answer := make([]byte, 512)
		n, err := alive.Read(answer)
		s.must(err)
		assert.EqualValues(t, 1, binary.BigEndian.Uint16(answer[:n]))
		b.kill()
		asking := peers.Dial(s, "udp", b.address)
		s.await("a port that is closed", func() bool { return isClosed(asking, question(t, 2)) })
		s.await("its port again", func() bool { return b.raise() == nil })
		s.must(ignoring(peers.Dial(s, "udp", b.address).Write(question(t, 3))))
		s.await("the last question", func() bool { return f.ledger.read("a").want["0"] == 2 })
	}))
}

func ignoring(_ int, err error) error { return err }

// isClosed reports whether the kernel knows that nobody is at the other end.
func isClosed(c net.Conn, query []byte) bool {
	_ = c.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
	if ignoring(c.Write(query)) != nil {
		return true
	}
	_, err := c.Read(make([]byte, 512))
	return err != nil && !errors.Is(err, os.ErrDeadlineExceeded)
}
