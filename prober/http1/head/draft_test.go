package head

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// If a peer sends a header in drops, each line is looked at once.
func TestALineIsJudgedOnce(t *testing.T) {
	t.Parallel()
	received := []byte("HTTP/1.1 200 OK\r\nA: b\r\nC: d\r\n")
	d := draft{header: Header{Length: -1}}
	whole := 0
	for i := range received {
		if received[i] == '\n' {
			whole = i + 1
		}
		judged := d.judged
		require.NoError(t, d.judge(received[:i+1], whole))
		require.Equal(t, whole, d.judged)
		for j := judged; j < d.judged; j++ {
			received[j] = 0 // another look at it would be a failure
		}
		received[0], received[1], received[2], received[3], received[4] = 'H', 'T', 'T', 'P', '/'
	}
}
