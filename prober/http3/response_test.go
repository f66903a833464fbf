package http3

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/prober/content"
	"example.com/prober/prober/message"
	"example.com/prober/prober/probe"
	"example.com/prober/prober/wire"
)

// untimed is a socket of which nothing is known.
var untimed = new(wire.Datagrams)

// read reads a response that comes from a reader.
func (s *response) read(from io.Reader, x *Exchange) error {
	s.begin(x)
	s.from, s.maxBody, s.socket = from, 1<<20, untimed
	return s.receive()
}

// outcome is what a response came to.
type outcome struct {
	status  int
	arrived int64
	code    errcode.Code
	text    string
}

func (s *response) outcome(err error) outcome {
	o := outcome{status: s.status, arrived: s.arrived}
	if err != nil {
		o.code, o.text = errcode.FromError(err), err.Error()
	}
	return o
}

// A response is the same however it is cut up. What of a body beyond its bounds was read
// before that was found out may differ.
func sameInPieces(t *testing.T, text []byte, bodiless bool) {
	t.Helper()
	x := &Exchange{Bodiless: bodiless}
	var whole, pieces response
	want := whole.outcome(whole.read(bytes.NewReader(text), x))
	got := pieces.outcome(pieces.read(iotest.OneByteReader(bytes.NewReader(text)), x))
	if want.code == errcode.BodyOverrun {
		want.arrived, got.arrived = 0, 0
	}
	require.Equal(t, want, got)
	if want.code == errcode.OK {
		require.Equal(t, int64(len(text)), whole.received)
	}
}

var someResponses = []string{
	peers.Heading(":status", "200", "x-answer", "well") + peers.Content("hello"),
	peers.Heading(":status", "103") + peers.Heading(":status", "200", "content-length", "6") + peers.Content("abc") + peers.Content("def") + peers.Heading("x-sum", "1"),
	peers.Heading(":status", "200", "content-length", "1") + peers.Content("abc"),
	peers.Frame(0x21, "grease") + peers.Heading(":status", "304", "content-length", "6"),
	peers.Heading(":status", "200") + "\x00\x0aabc",
	peers.Heading(":status", "200") + peers.Frame(0x4, ""),
	peers.Frame(0x1, "\x00\x00\xff\x24"),
	"\x01\x80\x10\x00\x00",
	"",
}

func TestAResponseIsTheSameInPieces(t *testing.T) {
	t.Parallel()
	for _, text := range someResponses {
		sameInPieces(t, []byte(text), false)
		sameInPieces(t, []byte(text), true)
	}
}

func FuzzResponses(f *testing.F) {
	for _, text := range someResponses {
		f.Add([]byte(text), false)
	}
	f.Fuzz(func(t *testing.T, text []byte, bodiless bool) { sameInPieces(t, text, bodiless) })
}

func TestALongHeaderNeedsItsSpaceOnce(t *testing.T) {
	t.Parallel()
	var s response
	long := peers.Heading(":status", "200", "x-a", string(bytes.Repeat([]byte("~"), 40<<10)))
	require.NoError(t, s.read(bytes.NewReader([]byte(long)), &Exchange{}))
	assert.Greater(t, cap(s.buf), readAhead)
	require.NoError(t, s.read(bytes.NewReader([]byte(someResponses[0])), &Exchange{}))
	assert.Equal(t, readAhead, cap(s.buf))
}

func TestReadingAResponseAllocatesNothing(t *testing.T) {
	text := []byte(someResponses[1])
	var s response
	from, x := bytes.NewReader(text), &Exchange{}
	s.head.Wanted = []string{"x-answer"}
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		from.Reset(text)
		if err := s.read(from, x); err != nil {
			t.Error(err)
		}
	}))
}

func TestMakingARequestAllocatesNothing(t *testing.T) {
	request := Encode(message.Request{Method: "POST", Scheme: "https", Authority: "a.test", Target: "/"})
	body := message.NewContent([]byte("abc"), 0)
	x := &Exchange{
		Request: &request, Content: &body, Stamp: &message.Stamp{Authorization: "Bearer x"}, Permit: new(probe.Permit),
		Varying: &message.Varying{Authorization: true, Traceparent: true, IDHeader: "X-Id", IDName: "x-id"},
	}
	st, r := new(stream), new(probe.Result)
	st.begin(r, x)
	assert.Zero(t, testing.AllocsPerRun(100, func() { st.begin(r, x) }))
}

// A failure of quic-go that has no number is told as what it is.
func TestAFailureWithoutANumberKeepsItsText(t *testing.T) {
	t.Parallel()
	err := explain(errors.New("new and unknown"))
	assert.Equal(t, errcode.General, errcode.FromError(err))
	assert.EqualError(t, err, "new and unknown")
	assert.Equal(t, errcode.BodyLimit, errcode.FromError(errBodyLimit))
	require.ErrorIs(t, errBodyLimit, content.ErrBodyLimit)
}
