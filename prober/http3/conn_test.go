package http3

import (
	"context"
	"crypto/tls"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
)

// quic-go ends the streams of a connection before the context of the connection. A worker that reads
// the end of its stream in between must learn why our side has ended the connection, and not only
// with which code.
func TestTheReasonForAnEndHoldsBeforeTheConnectionHasEnded(t *testing.T) {
	t.Parallel()
	server := peers.ListenQUIC(t, peers.Settings{}, (*peers.H3).Greet)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	q, err := quic.DialAddr(ctx, server.Address(), &tls.Config{InsecureSkipVerify: true, NextProtos: []string{Protocol}}, nil)
	require.NoError(t, err)
	defer func() { _ = q.CloseWithError(h3NoError, "") }()
	c := &conn{pool: NewPool(Options{Streams: 1}), quic: q}
	ends := &quic.ApplicationError{ErrorCode: h3NoError}

	c.cause = context.Canceled
	require.False(t, c.hasEnded())
	assert.Equal(t, errcode.Cancelled, errcode.FromError(c.failure(ends)))
	c.cause = errLoad
	assert.Equal(t, error(errLoad), c.failure(ends))

	c.cause = nil
	byPeer := &quic.ApplicationError{ErrorCode: h3NoError, Remote: true}
	assert.Equal(t, errcode.FromH3Close(h3NoError), errcode.FromError(c.failure(byPeer)))
}
