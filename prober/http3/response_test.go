package http3

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"testing/iotest"

	theirs "github.com/quic-go/qpack"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/prober/content"
	"example.com/prober/prober/message"
	"example.com/prober/prober/probe"
	"example.com/prober/prober/wire"
)

// untimed is a socket without any arrivals.
var untimed = new(wire.Datagrams)

// read reads a response from a reader.
func (s *response) read(from io.Reader, x *Exchange) error {
	s.begin(x)
	s.from, s.maxBody, s.socket = from, 1<<20, untimed
	return s.receive()
}

// outcome is the result of reading a response.
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

// A response is the same in any pieces. Only the number of bytes read of a body beyond
// its bounds may differ.
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
	identified := message.Varying{Authorization: true, Traceparent: true, IDHeader: "X-Id", IDName: "x-id"}
	all := identified
	all.Target, all.Fields, all.Content = true, true, true
	stamp := message.Stamp{Authorization: "Bearer x", Target: []byte("/a?b=c"), Fields: []message.StampField{
		{FieldName: message.NewFieldName("X-A"), Value: []byte("b")},
	}}
	for _, v := range []message.Varying{identified, all} {
		request := Encode(message.Request{Method: "POST", Scheme: "https", Authority: "a.test", Target: "/", VariesTarget: v.Target, VariesContent: v.Content})
		body := message.NewContent([]byte("abc"), 0)
		x := &Exchange{Request: &request, Content: &body, Stamp: &stamp, Permit: new(probe.Permit), Varying: &v}
		st, r := new(stream), new(probe.Result)
		st.begin(r, x)
		assert.Zero(t, testing.AllocsPerRun(100, func() { st.begin(r, x) }))
	}
}

func TestAFieldSectionIsPutTogetherForEachRequest(t *testing.T) {
	t.Parallel()
	q := message.Request{
		Method: "POST", Scheme: "https", Authority: "a.test", VariesTarget: true,
		Fields: message.Fields("User-Agent", "prober", "Cookie", "a=b"),
	}
	request := Encode(q)
	stamp := message.Stamp{Target: []byte("/a?b=c"), Fields: []message.StampField{
		{FieldName: message.NewFieldName("X-A"), Value: []byte("b")},
		{FieldName: message.NewFieldName("Connection"), Value: []byte("close")},
		{FieldName: message.NewFieldName("Authorization"), Value: []byte("Bearer x")},
	}}
	section := request.appendVaried(nil, &message.Varying{Target: true, Fields: true}, &stamp)
	var fields []string
	next := theirs.NewDecoder().Decode(section)
	for f, err := next(); err == nil; f, err = next() {
		fields = append(fields, f.Name+": "+f.Value)
	}
	assert.Equal(t, []string{
		":method: POST", ":scheme: https", ":authority: a.test", ":path: /a?b=c",
		"user-agent: prober", "cookie: a=b", "x-a: b", "authorization: Bearer x",
	}, fields)
	const neverIndexed = 0x10
	at := bytes.Index(section, []byte("authorization"))
	assert.Equal(t, byte(0x20|neverIndexed), section[at-2]&0xf0, "the name has a length of two bytes")
}

// An unknown failure of quic-go keeps its text.
func TestAFailureWithoutANumberKeepsItsText(t *testing.T) {
	t.Parallel()
	err := explain(errors.New("new and unknown"))
	assert.Equal(t, errcode.General, errcode.FromError(err))
	assert.EqualError(t, err, "new and unknown")
	assert.Equal(t, errcode.BodyLimit, errcode.FromError(errBodyLimit))
	require.ErrorIs(t, errBodyLimit, content.ErrBodyLimit)
}
