package http2

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"example.com/prober/errcode"
	"example.com/prober/prober/message"
	"example.com/prober/prober/probe"
)

func TestASettingThatIsTooLargeForAnyUseIsTakenForTheLargest(t *testing.T) {
	t.Parallel()
	var h conn
	h.flow = newFlow()
	require.NoError(t, h.applySetting(http2.Setting{ID: http2.SettingMaxConcurrentStreams, Val: 1<<32 - 1}))
	assert.EqualValues(t, maxStreamID, h.peerStreams, "which fits an int of 32 bits")
}

func TestTheFloodGaugeBoundsFramesPerTime(t *testing.T) {
	t.Parallel()
	var slow, fast floodGauge
	for i := range 10_000 {
		require.NoError(t, slow.spend(probe.Instant(1).Add(time.Duration(i)*10*time.Millisecond)), "frame %d at 100 per second", i)
	}
	var err error
	frames := 0
	for ; err == nil && frames < 10_000; frames++ {
		err = fast.spend(probe.Instant(1).Add(time.Duration(frames) * time.Second / 3000))
	}
	require.ErrorIs(t, err, errFlood, "at 3000 per second")
	assert.Less(t, frames, 2*floodBurst)
}

// panicking panics on a write.
type panicking struct{ io.ReadWriteCloser }

func (panicking) Write([]byte) (int, error) { panic("a bug below the engine") }

func TestAPanicOfAWriteIsAnErrorOfItsConnection(t *testing.T) {
	t.Parallel()
	assert.Equal(t, errcode.Panic, errcode.FromError(writeFrames(panicking{}, []byte("x"))))
}

// fieldsOf decodes the frames of a request like a peer that has already given up its dynamic table. It returns "name:
// value" for each field.
func fieldsOf(t *testing.T, id uint32, frames []byte) (fields []string, secret map[string]bool) {
	t.Helper()
	framer := http2.NewFramer(nil, bytes.NewReader(frames))
	decoder := hpack.NewDecoder(0, nil)
	var block []byte
	for {
		frame, err := framer.ReadFrame()
		if err != nil {
			break
		}
		require.LessOrEqual(t, frame.Header().Length, uint32(leastMaxFrame))
		require.Equal(t, id, frame.Header().StreamID)
		switch f := frame.(type) {
		case *http2.HeadersFrame:
			block = append(block, f.HeaderBlockFragment()...)
		case *http2.ContinuationFrame:
			block = append(block, f.HeaderBlockFragment()...)
		}
	}
	decoded, err := decoder.DecodeFull(block)
	require.NoError(t, err)
	secret = make(map[string]bool)
	for _, f := range decoded {
		fields = append(fields, f.Name+": "+f.Value)
		secret[f.Name] = f.Sensitive
	}
	return fields, secret
}

func TestHTTP2RequestIsEncodedForEveryConnection(t *testing.T) {
	t.Parallel()
	q := Encode(message.Request{
		Method: "POST", Scheme: "https", Authority: "example.com:8443", Target: "/a%20b?c=d",
		Fields: message.Fields(
			"User-Agent", "prober",
			"Accept", "text/html", "Cookie", "a=b", "Authorization", "Basic x", "X-Long", strings.Repeat("~", 40<<10),
			"TE", "gzip", "Connection", "close", "Keep-Alive", "5", "Upgrade", "h2c", "HTTP2-Settings", "x",
			"Transfer-Encoding", "chunked", "Proxy-Connection", "close", "Content-Length", "5",
		),
	}, message.NewContent([]byte("hello"), 0))
	want := []string{
		":method: POST", ":scheme: https", ":authority: example.com:8443", ":path: /a%20b?c=d",
		"user-agent: prober", "accept: text/html", "cookie: a=b", "authorization: Basic x", "x-long: " + strings.Repeat("~", 40<<10),
		"content-length: 5",
	}
	for name, frames := range map[string][]byte{"later": q.Later, "opening": q.Opening} {
		q := Request{Opening: frames, Later: frames}
		fields, secret := fieldsOf(t, 7, q.appendTo(nil, 7, nil, false))
		assert.Equal(t, want, fields, name)
		assert.True(t, secret["authorization"] && secret["cookie"] && !secret["accept"], name)
	}
	assert.Equal(t, byte(0x20), q.Opening[frameHeaderSize], "the first stream of a connection gives the table up")
	assert.NotEqual(t, byte(0x20), q.Later[frameHeaderSize])
}
