package content

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
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

func TestAShorterWindowChangesNoBody(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ size, noisy int }{
		{100, 50}, {200 << 10, 4 << 10}, {1 << 20, 20 << 10}, {mostBrotli, 90 << 10}, {mostBrotli + 1, 90 << 10},
	} {
		body := farBack(tt.size, tt.noisy)
		raw := peers.Encode(string(body), "br with the largest window")
		assert.Less(t, len(raw), tt.noisy*3/2+100, "it refers to the beginning: %+v", tt)
		d := NewDecoders(0)
		isSame := false
		_, err := d.decode([]byte(raw), []coding{codingBrotli}, func(got []byte) error {
			isSame = bytes.Equal(body, got)
			return nil
		})
		if tt.size > mostBrotli {
			assert.Equal(t, errcode.InflatedLimit, errcode.FromError(err))
			continue
		}
		require.NoError(t, err, "%+v", tt)
		assert.True(t, isSame, "%+v", tt)
		wide := <-d.wide
		limit := max(freeInflation, len(raw)*maxInflation)
		assert.LessOrEqual(t, wide.narrow.window, min(max(256<<10, 2*limit), maxKeptBytes), "%+v", tt)
	}
}

// TestWindowsOfBothWideCodingsAreBoundedTogether decodes them in turn, each with the
// longest window there is.
func TestWindowsOfBothWideCodingsAreBoundedTogether(t *testing.T) {
	t.Parallel()
	d := NewDecoders(0)
	decode := func(c coding, body string) (size int, code errcode.Code) {
		_, err := d.decode([]byte(body), []coding{c}, func(b []byte) error { size = len(b); return nil })
		return size, errcode.FromError(err)
	}
	whole, bomb := farBack(mostBrotli, 100<<10), farBack(maxKeptBytes+100, 100<<10)
	type row struct {
		coding              coding
		whole, bomb, broken string
	}
	var rows []row
	for c, name := range map[coding]string{codingBrotli: "br with the largest window", codingZstd: "zstd with the largest window"} {
		sound := peers.Encode(string(whole), name)
		rows = append(rows, row{c, sound, peers.Encode(string(bomb), name), sound[:len(sound)-1000] + strings.Repeat("\xff", 1000)})
	}
	for range 2 {
		for _, r := range rows {
			_, code := decode(r.coding, r.bomb)
			assert.Equal(t, errcode.InflatedLimit, code)
			size, code := decode(r.coding, r.whole)
			assert.Equal(t, errcode.OK, code)
			assert.Equal(t, len(whole), size)
			wide := <-d.wide
			assert.Greater(t, max(wide.brotliHolds, wide.taking)+wide.zstdHolds, maxKeptBytes-1)
			assert.LessOrEqual(t, max(wide.brotliHolds, wide.taking)+wide.zstdHolds, mostWindows)
			d.wide <- wide
			_, code = decode(r.coding, r.broken)
			assert.NotEqual(t, errcode.OK, code)
		}
	}
	_, code := decode(codingBrotli, peers.Encode(sampleText, "br"))
	assert.Equal(t, errcode.OK, code, "what was broken leaves nothing behind")
}

// TestAShortBodyMayDeclareTheLongestWindow does what servers do when they compress a
// stream of unknown length.
func TestAShortBodyMayDeclareTheLongestWindow(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	w, err := zstd.NewWriter(&b, zstd.WithWindowSize(maxKeptBytes), zstd.WithEncoderConcurrency(1), zstd.WithSingleSegment(false))
	require.NoError(t, err)
	_, err = io.WriteString(w, sampleText[:20])
	require.NoError(t, err)
	require.NoError(t, w.Flush()) // before the length is known
	_, err = io.WriteString(w, sampleText[20:])
	require.NoError(t, err)
	require.NoError(t, w.Close())
	got := ""
	_, err = NewDecoders(0).decode(b.Bytes(), []coding{codingZstd}, func(b []byte) error { got = string(b); return nil })
	require.NoError(t, err)
	assert.Equal(t, sampleText, got)
}
