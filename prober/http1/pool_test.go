package http1

import (
	"net"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/prober/probe"
	"example.com/prober/prober/wire"
)

// looking is a descriptor that calls looked in place of a look at it.
type looking struct {
	syscall.RawConn

	looked func()
}

func (l looking) Control(func(uintptr)) error {
	l.looked()
	return nil
}

// observed is a connection that says when it is looked at, and closed.
type observed struct {
	net.Conn

	looked, closed func()
}

func (o *observed) SyscallConn() (syscall.RawConn, error) { return looking{looked: o.looked}, nil }

func (o *observed) Close() error {
	o.closed()
	return o.Conn.Close()
}

func TestAConnectionThatIsLookedAtDuringAnAbortIsClosed(t *testing.T) {
	t.Parallel()
	p := NewPool(Options{})
	near, far := net.Pipe()
	defer far.Close()
	closed := 0
	c := newConn(p, wire.NewLink(&observed{Conn: near, looked: p.Abort, closed: func() { closed++ }}, probe.Never))
	require.True(t, p.conns.Add(c))
	require.True(t, p.conns.Put(c))
	p.Heard(probe.Never)
	assert.Equal(t, 1, closed)
	assert.Zero(t, p.Count())
	assert.False(t, p.Heard(probe.Never))
}
