package web

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPiecesHaveAllThatWasWritten(t *testing.T) {
	t.Parallel()
	var used pieces
	for range 3 {
		used = assertWritten(t, used)
	}
}

// assertWritten writes a page into pieces that were used before, and returns those that it has.
func assertWritten(t *testing.T, used pieces) pieces {
	t.Helper()
	w := writer{free: used}
	var want []byte
	for i, n := range []int{0, 1, 4095, 1, 10_000, 3 << 20, 7} {
		b := bytes.Repeat([]byte{byte(i)}, n)
		written, err := w.Write(b)
		require.NoError(t, err)
		assert.Equal(t, n, written)
		want = append(want, b...)
	}
	assert.True(t, bytes.Equal(want, bytes.Join(w.written, nil)))
	room := 0
	for _, piece := range w.written {
		assert.NotEmpty(t, piece)
		room += cap(piece)
	}
	assert.Less(t, room-len(want), 2<<20)
	return w.written
}
