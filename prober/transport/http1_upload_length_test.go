package transport

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/internal/peers"
)

// Generated content is written in pieces: the last one ends where the content does,
// or its rest would be taken for the next request.
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
