package content

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
)

const sampleText = "a body that says the same again, a body that says the same again"

func TestDecodersAreUsedAgain(t *testing.T) {
	t.Parallel()
	d := NewDecoders(0)
	zeros := strings.Repeat("\x00", 1<<20)
	inflate := func(codings []coding, body string) (string, errcode.Code) {
		got := ""
		_, err := d.decode([]byte(body), codings, func(b []byte) error { got = string(b); return nil })
		return got, errcode.FromError(err)
	}
	for range 2 * maxDecoders {
		for name, codings := range map[string][]coding{
			"gzip": {codingGzip}, "zlib": {codingDeflate}, "flate": {codingDeflate}, "br": {codingBrotli}, "zstd": {codingZstd},
		} {
			_, code := inflate([]coding{codingGzip, codings[0]}, peers.Encode(peers.Encode(zeros, "gzip"), name))
			assert.Equal(t, errcode.InflatedLimit, code, name)
			_, code = inflate(codings, peers.Encode(sampleText, name)[:20])
			assert.Equal(t, errcode.Decompression, code, name)
			_, code = inflate(codings, peers.Encode(zeros, name))
			assert.Equal(t, errcode.InflatedLimit, code, name)
			_, code = inflate(codings, "\x01\x02\x03 no such thing")
			assert.Equal(t, errcode.Decompression, code, name)
			got, code := inflate(codings, peers.Encode(sampleText, name))
			assert.Equal(t, errcode.OK, code, name)
			assert.Equal(t, sampleText, got, name)
		}
	}
}

func TestABodyIsKeptInNoMoreRoomThanItMayTake(t *testing.T) {
	t.Parallel()
	for _, most := range []int64{1, 1000, 3 << 20, maxKeptBytes} {
		p, err := NewPlan(Options{MaxBody: most, Check: func([]byte) error { return nil }})
		require.NoError(t, err)
		k := Kept{plan: p, wanted: true}
		for left := int(most); left > 0; {
			part := make([]byte, min(left, 1<<10))
			require.NoError(t, k.Take(part))
			left -= len(part)
		}
		assert.Len(t, k.Body, int(most))
		assert.Equal(t, int(most), cap(k.Body))
	}
}
