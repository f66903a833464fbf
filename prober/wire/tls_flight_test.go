package wire

import (
	"errors"
	"io"
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// notedConn is a connection that notes writes and reads. It fails with err after as many
// bytes as room says, or never if room is below 0.
type notedConn struct {
	net.Conn

	did  []string
	room int
	err  error
}

func (s *notedConn) Write(p []byte) (int, error) {
	if s.room >= 0 && len(p) > s.room {
		p = p[:s.room]
		s.did = append(s.did, "write "+string(p))
		return len(p), s.err
	}
	s.did = append(s.did, "write "+string(p))
	return len(p), nil
}

func (s *notedConn) Read([]byte) (int, error) {
	s.did = append(s.did, "read")
	return 0, io.EOF
}

func TestTheEndOfAHandshakeGoesWithTheRequest(t *testing.T) {
	t.Parallel()
	write := func(p string) func(*flight) {
		return func(f *flight) { _, _ = f.Write([]byte(p)) }
	}
	read := func(f *flight) { _, _ = f.Read(nil) }
	good, failed := func(f *flight) { f.end(false) }, func(f *flight) { f.end(true) }
	look, used := func(f *flight) { f.keeps = true }, func(f *flight) { f.keeps = false }
	hello, finished, request := write("hello"), write("finished"), write("request")
	for name, test := range map[string]struct {
		steps []func(*flight)
		did   []string
	}{
		"TLS 1.3": {
			[]func(*flight){hello, read, write("spec,"), write("finished,"), good, request, read},
			[]string{"write hello", "read", "write spec,finished,request", "read"},
		},
		"the server's word is the last": {
			[]func(*flight){hello, read, finished, read, good, request},
			[]string{"write hello", "read", "write finished", "read", "write request"},
		},
		"the server is to speak first": {
			[]func(*flight){hello, read, finished, good, read},
			[]string{"write hello", "read", "write finished", "read"},
		},
		"a failure is told at once": {
			[]func(*flight){hello, read, write("alert"), failed},
			[]string{"write hello", "read", "write alert"},
		},
		"what is said in a look goes with the next request": {
			[]func(*flight){hello, read, good, look, write("update,"), read, write("another,"), read, used, request, read},
			[]string{"write hello", "read", "read", "read", "write update,another,request", "read"},
		},
		"nothing is kept back for a second time": {
			[]func(*flight){hello, read, finished, good, request, request},
			[]string{"write hello", "read", "write finishedrequest", "write request"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := &notedConn{room: -1}
			f := &flight{Conn: c}
			for _, step := range test.steps {
				step(f)
			}
			assert.Equal(t, test.did, c.did)
		})
	}
}

func TestAWriteThatFailsAfterAHandshake(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	for room, want := range map[int]int{0: 0, 4: 0, 8: 0, 10: 2} {
		c := &notedConn{room: -1, err: broken}
		f := &flight{Conn: c}
		_, _ = f.Write([]byte("hello"))
		_, _ = f.Write([]byte("finished"))
		f.end(false)
		c.room = room
		n, err := f.Write([]byte("request"))
		require.ErrorIs(t, err, broken)
		assert.Equal(t, want, n, "bytes of the request, of %d", room)
	}
	c := &notedConn{room: -1, err: broken}
	f := &flight{Conn: c}
	_, _ = f.Write([]byte("hello"))
	_, _ = f.Write([]byte("finished"))
	c.room = 0
	_, err := f.Read(nil)
	require.ErrorIs(t, err, broken, "what cannot be sent is not waited for")
}

func TestTheTLSOfAProxyIsLookedAtToo(t *testing.T) {
	t.Parallel()
	over := func(outer *TLSConn) *TLSConn { return &TLSConn{below: new(flight), outer: outer} }
	begun := records{have: 1}
	for name, test := range map[string]struct {
		outer                      *TLSConn
		mayHold, inRecord, foreign bool
	}{
		"there is none":       {},
		"nothing is there":    {outer: over(nil)},
		"a part of a record":  {outer: &TLSConn{below: new(flight), full: true}, mayHold: true},
		"a record":            {outer: &TLSConn{below: &flight{records: records{whole: 1}}}, mayHold: true},
		"a record has begun":  {outer: &TLSConn{below: &flight{records: begun}}, inRecord: true},
		"a record is foreign": {outer: &TLSConn{below: &flight{records: records{foreign: true}}}, foreign: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := over(test.outer)
			assert.Equal(t, test.mayHold, c.mayHold())
			assert.Equal(t, test.inRecord, c.isInRecord())
			assert.Equal(t, test.foreign, c.isForeign())
		})
	}
}
