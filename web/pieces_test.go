package web

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPiecesHaveAllThatWasWritten(t *testing.T) {
	t.Parallel()
	var p pieces
	var want []byte
	for i, n := range []int{0, 1, 4095, 1, 10_000, 3 << 20, 7} {
		b := bytes.Repeat([]byte{byte(i)}, n)
		written, err := p.Write(b)
		require.NoError(t, err)
		assert.Equal(t, n, written)
		want = append(want, b...)
	}
	assert.True(t, bytes.Equal(want, bytes.Join(p, nil)))
	room := 0
	for _, piece := range p {
		assert.NotEmpty(t, piece)
		room += cap(piece)
	}
	assert.Less(t, room-len(want), 2<<20)
}
