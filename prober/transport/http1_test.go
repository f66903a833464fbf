package transport

import (
	"context"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/internal/rig"
	"example.com/prober/prober/probe"
)

func TestMain(m *testing.M) { rig.VerifyTestMain(m) }

func TestHTTP1Answers(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", labHeaderBytes)
	tests := map[string]struct {
		method string
		answer string
		status int
		code   errcode.Code
		reuse  bool
	}{
		"a length delimits the body":                {answer: peers.OKAnswer, status: 200, reuse: true},
		"an empty body":                             {answer: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", status: 200, reuse: true},
		"no reason phrase and no space before it":   {answer: "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", status: 200, reuse: true},
		"bare line feeds end the header's lines":    {answer: "HTTP/1.1 200 OK\nContent-Length: 2\n\nok", status: 200, reuse: true},
		"a folded field value":                      {answer: "HTTP/1.1 200 OK\r\nX-Long: a\r\n b\r\n\tc\r\nContent-Length: 2\r\n\r\nok", status: 200, reuse: true},
		"names of fields in any case":               {answer: "HTTP/1.1 200 OK\r\ncONTENT-lENGTH: 2\r\n\r\nok", status: 200, reuse: true},
		"the same length twice":                     {answer: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok", status: 200, reuse: true},
		"chunks delimit the body":                   {answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", status: 200, reuse: true},
		"chunks with extensions and trailers":       {answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n2;a=b\r\nok\r\n00\r\nX-Sum: 1\r\n\r\n", status: 200, reuse: true},
		"the end of the connection delimits":        {answer: "HTTP/1.1 200 OK\r\n\r\nuntil the end", status: 200},
		"the server announces the end":              {answer: "HTTP/1.1 200 OK\r\nConnection: Close\r\nContent-Length: 2\r\n\r\nok", status: 200},
		"close among other options":                 {answer: "HTTP/1.1 200 OK\r\nConnection: x , close\r\nContent-Length: 2\r\n\r\nok", status: 200},
		"HTTP/1.0 ends the connection":              {answer: "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", status: 200},
		"HTTP/1.0 with close before keep-alive":     {answer: "HTTP/1.0 200 OK\r\nConnection: close\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok", status: 200},
		"HTTP/1.0 with close behind keep-alive":     {answer: "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", status: 200},
		"HTTP/1.0 with both in one line":            {answer: "HTTP/1.0 200 OK\r\nConnection: close, keep-alive\r\nContent-Length: 2\r\n\r\nok", status: 200},
		"HTTP/1.0 with both in a folded line":       {answer: "HTTP/1.0 200 OK\r\nConnection: keep-alive,\r\n close\r\nContent-Length: 2\r\n\r\nok", status: 200},
		"HTTP/1.1 with close before keep-alive":     {answer: "HTTP/1.1 200 OK\r\nConnection: close\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok", status: 200},
		"HTTP/1.0 with keep-alive":                  {answer: "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok", status: 200, reuse: true},
		"204 has no body whatever its length":       {answer: "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", status: 204, reuse: true},
		"304 has no body":                           {answer: "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", status: 304, reuse: true},
		"HEAD has no body":                          {method: "HEAD", answer: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", status: 200, reuse: true},
		"HEAD with chunked has no body":             {method: "HEAD", answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", status: 200, reuse: true},
		"informational answers come first":          {answer: strings.Repeat("HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n", 32) + peers.OKAnswer, status: 200, reuse: true},
		"an error status is an answer":              {answer: "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n", status: 503, code: 1503, reuse: true},
		"a body at the limit":                       {answer: "HTTP/1.1 200 OK\r\nContent-Length: 1048576\r\n\r\n" + strings.Repeat("b", 1<<20), status: 200, reuse: true},
		"bytes after a long body":                   {answer: longAnswer + "x", status: 200, code: errcode.HTTP1Desync},
		"a long body that ends early":               {answer: longAnswer[:len(longAnswer)-1], status: 200, code: errcode.Truncated},
		"a long chunk":                              {answer: longChunk, status: 200, reuse: true},
		"bytes after a long chunk":                  {answer: longChunk[:len(longChunk)-7] + "x" + longChunk[len(longChunk)-7:], status: 200, code: errcode.HTTP1Chunk},
		"a length above the limit":                  {answer: "HTTP/1.1 200 OK\r\nContent-Length: 1048577\r\n\r\n", status: 200, code: errcode.BodyLimit},
		"chunks above the limit":                    {answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n100001\r\n", status: 200, code: errcode.BodyLimit},
		"content until the end above the limit":     {answer: "HTTP/1.1 200 OK\r\n\r\n" + strings.Repeat("b", 1<<20+1), status: 200, code: errcode.BodyLimit},
		"nothing":                                   {answer: "", code: errcode.Closed},
		"a header that ends early":                  {answer: "HTTP/1.1 200 OK\r\nContent-Le", code: errcode.ClosedInHeaders},
		"only informational answers, then the end":  {answer: "HTTP/1.1 100 Continue\r\n\r\n", code: errcode.ClosedInHeaders},
		"a body that ends early":                    {answer: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel", status: 200, code: errcode.Truncated},
		"chunks that end early":                     {answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel", status: 200, code: errcode.Truncated},
		"chunks without the last one":               {answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n", status: 200, code: errcode.Truncated},
		"another protocol":                          {answer: "SSH-2.0-OpenSSH_9.2\r\n", code: errcode.HTTP1StatusLine},
		"an empty line":                             {answer: "\r\n\r\n", code: errcode.HTTP1StatusLine},
		"a status of two digits":                    {answer: "HTTP/1.1 20 OK\r\n\r\n", code: errcode.HTTP1StatusLine},
		"a status of four digits":                   {answer: "HTTP/1.1 2000 OK\r\n\r\n", code: errcode.HTTP1StatusLine},
		"a status that is no number":                {answer: "HTTP/1.1 2x0 OK\r\n\r\n", code: errcode.HTTP1StatusLine},
		"a status of 600":                           {answer: "HTTP/1.1 600 Odd\r\nContent-Length: 0\r\n\r\n", code: errcode.HTTP1StatusRange},
		"a status of 099":                           {answer: "HTTP/1.1 099 Odd\r\nContent-Length: 0\r\n\r\n", code: errcode.HTTP1StatusRange},
		"HTTP/2.0":                                  {answer: "HTTP/2.0 200 OK\r\n\r\n", code: errcode.HTTP1Version},
		"HTTP/1.2":                                  {answer: "HTTP/1.2 200 OK\r\n\r\n", code: errcode.HTTP1Version},
		"a header above the limit":                  {answer: "HTTP/1.1 200 OK\r\nX: " + long + "\r\n\r\n", code: errcode.HTTP1HeaderSize},
		"a field without a colon":                   {answer: "HTTP/1.1 200 OK\r\nnonsense\r\n\r\n", code: errcode.HTTP1Header},
		"a field without a name":                    {answer: "HTTP/1.1 200 OK\r\n: v\r\n\r\n", code: errcode.HTTP1Header},
		"a space before the colon":                  {answer: "HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nok", code: errcode.HTTP1Header},
		"a control character in a value":            {answer: "HTTP/1.1 200 OK\r\nX: a\x00b\r\n\r\n", code: errcode.HTTP1Header},
		"a first field that is folded":              {answer: "HTTP/1.1 200 OK\r\n X: a\r\n\r\n", code: errcode.HTTP1Header},
		"a negative length":                         {answer: "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", code: errcode.HTTP1ContentLength},
		"a length with a sign":                      {answer: "HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nok", code: errcode.HTTP1ContentLength},
		"an empty length":                           {answer: "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n", code: errcode.HTTP1ContentLength},
		"two lengths that differ":                   {answer: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok", code: errcode.HTTP1ContentLength},
		"a length beyond 64 bits":                   {answer: "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n", code: errcode.HTTP1ContentLength},
		"an unknown transfer coding":                {answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", code: errcode.HTTP1TransferEncoding},
		"chunked twice":                             {answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", code: errcode.HTTP1TransferEncoding},
		"chunked and a length":                      {answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n", code: errcode.HTTP1TransferEncoding},
		"chunked in HTTP/1.0":                       {answer: "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", code: errcode.HTTP1TransferEncoding},
		"a chunk size that is no number":            {answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", status: 200, code: errcode.HTTP1Chunk},
		"a chunk size of 16 digits":                 {answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n", status: 200, code: errcode.HTTP1Chunk},
		"an empty chunk size":                       {answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n", status: 200, code: errcode.HTTP1Chunk},
		"a chunk longer than it says":               {answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nokay\r\n0\r\n\r\n", status: 200, code: errcode.HTTP1Chunk},
		"a bare line feed after a chunk size":       {answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\nok\r\n0\r\n\r\n", status: 200, code: errcode.HTTP1Chunk},
		"an endless chunk extension":                {answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;" + long, status: 200, code: errcode.HTTP1Chunk},
		"extensions that outweigh the content":      {answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + strings.Repeat("1;"+long[:2000]+"\r\nx\r\n", 20), status: 200, code: errcode.HTTP1Chunk},
		"a malformed trailer":                       {answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nno colon\r\n\r\n", status: 200, code: errcode.Trailers},
		"a switch that nobody asked for":            {answer: "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", code: errcode.HTTP1Switch},
		"too many informational answers":            {answer: strings.Repeat("HTTP/1.1 102 Processing\r\n\r\n", 33) + peers.OKAnswer, code: errcode.HTTP1Informational},
		"bytes after the body":                      {answer: peers.OKAnswer + "more", status: 200, code: errcode.HTTP1Desync},
		"a body after 204":                          {answer: "HTTP/1.1 204 No Content\r\n\r\nbody", status: 204, code: errcode.HTTP1Desync},
		"a body for HEAD":                           {method: "HEAD", answer: peers.OKAnswer, status: 200, code: errcode.HTTP1Desync},
		"two answers at once":                       {answer: peers.OKAnswer + peers.OKAnswer, status: 200, code: errcode.HTTP1Desync},
		"a header of 16 KiB needs a larger buffer":  {answer: "HTTP/1.1 200 OK\r\nX: " + long[:16<<10] + "\r\nContent-Length: 2\r\n\r\nok", status: 200, reuse: true},
		"a length in a 304 is no promise of a body": {answer: "HTTP/1.1 304 Not Modified\r\nContent-Length: 9999999\r\n\r\n", status: 304, reuse: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := peers.Listen(t, peers.AnsweringOnce(tt.answer))
			tr := newTransport(t, Config{URL: p.URL("http"), Method: tt.method})
			r := do(tr, patience)
			assert.Equal(t, tt.status, r.HTTP.Status)
			assert.Equal(t, tt.code, codeOf(r), "error: %v", r.Err)
			assert.Equal(t, tt.reuse, tr.Open() == 1, "kept open")
			assertPhasesAddUp(t, r)
		})
	}
}

// Most bytes of long content are never copied to the program. longChunk ends with seven bytes that are no content.
var (
	longAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + strings.Repeat("b", 1_000_000)
	longChunk  = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nf4240\r\n" + strings.Repeat("b", 1_000_000) + "\r\n0\r\n\r\n"
)

func TestBytesThatAreNotCopiedAreCounted(t *testing.T) {
	t.Parallel()
	for _, answer := range []string{longAnswer, longChunk} {
		p := peers.Listen(t, peers.Answering(answer))
		tr := newTransport(t, Config{URL: p.URL("http")})
		for range 3 {
			r := do(tr, patience)
			require.NoError(t, r.Err)
			assert.Equal(t, int64(len(answer)), r.Received)
			assertPhasesAddUp(t, r)
		}
		assert.Equal(t, 1, p.Connections())
	}
}

func TestAConnectionIsUsedAgainAfterALargeHeader(t *testing.T) {
	t.Parallel()
	p := peers.Listen(t, peers.Answering("HTTP/1.1 200 OK\r\nX: "+strings.Repeat("x", 40<<10)+"\r\nContent-Length: 2\r\n\r\nok"))
	tr := newTransport(t, Config{URL: p.URL("http")})
	for range 3 {
		require.NoError(t, do(tr, patience).Err)
	}
	assert.Equal(t, 1, p.Connections())
}

func TestLongContentThatStopsRunsIntoTheDeadline(t *testing.T) {
	t.Parallel()
	p := peers.Listen(t, func(c net.Conn) {
		if peers.ReadRequest(c, make([]byte, 4096)) {
			_, _ = io.WriteString(c, longAnswer[:500_000])
			peers.ReadRequest(c, make([]byte, 4096))
		}
	})
	tr := newTransport(t, Config{URL: p.URL("http")})
	r := do(tr, 200*time.Millisecond)
	assert.Equal(t, errcode.RequestTimeout, codeOf(r), "error: %v", r.Err)
	assert.Equal(t, int64(500_000), r.Received)
}

func assertPhasesAddUp(t *testing.T, r *probe.Result) {
	t.Helper()
	var sum time.Duration
	for p := errcode.PhaseNone; p < errcode.NumPhases; p++ {
		d, _ := r.Phase(p)
		assert.GreaterOrEqual(t, d, time.Duration(0), p.String())
		sum += d
	}
	assert.Equal(t, r.Duration(), sum, "the phases add up to the duration")
}

func TestAnswerInSingleBytesIsTheSame(t *testing.T) {
	t.Parallel()
	p := peers.Listen(t, func(c net.Conn) {
		if !peers.ReadRequest(c, make([]byte, 4096)) {
			return
		}
		for _, b := range []byte("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nX: a\r\n b\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n") {
			if _, err := c.Write([]byte{b}); err != nil {
				return
			}
		}
		peers.ReadRequest(c, make([]byte, 4096))
	})
	tr := newTransport(t, Config{URL: p.URL("http")})
	r := do(tr, patience)
	require.NoError(t, r.Err)
	assert.Equal(t, 200, r.HTTP.Status)
	assert.Equal(t, 1, tr.Open())
}

func TestWarmConnectionIsUsedAgain(t *testing.T) {
	t.Parallel()
	p := peers.Listen(t, peers.Answering(peers.OKAnswer))
	tr := newTransport(t, Config{URL: p.URL("http")})
	first, second := do(tr, patience), do(tr, patience)
	assert.True(t, first.Opened)
	assert.False(t, first.Reused)
	assert.False(t, second.Opened)
	assert.True(t, second.Reused)
	assert.Equal(t, 1, p.Connections())
	_, connected := second.Phase(errcode.PhaseConnect)
	assert.False(t, connected, "a reused connection has no connect phase")
}

func TestConnectionEndsAfterItsRequests(t *testing.T) {
	t.Parallel()
	var last string
	p := peers.Listen(t, func(c net.Conn) {
		for range 3 {
			buf := make([]byte, 4096)
			n, err := c.Read(buf)
			if err != nil {
				return
			}
			last = string(buf[:n])
			_, _ = io.WriteString(c, peers.OKAnswer)
		}
	})
	tr := newTransport(t, Config{URL: p.URL("http"), RequestsPerConnection: 3})
	for range 3 {
		require.NoError(t, do(tr, patience).Err)
	}
	assert.Contains(t, last, "\r\nConnection: close\r\n", "the last request announces the end")
	assert.Zero(t, tr.Open())
	assert.Equal(t, 1, p.Connections())
}

func TestConnectionClosedWhileIdleIsNoAttempt(t *testing.T) {
	t.Parallel()
	closed := make(chan struct{}, 2)
	p := peers.Listen(t, func(c net.Conn) {
		peers.AnsweringOnce(peers.OKAnswer)(c)
		_ = c.Close()
		closed <- struct{}{}
	})
	tr := newTransport(t, Config{URL: p.URL("http")})
	for range 2 {
		r := do(tr, patience)
		require.NoError(t, r.Err)
		assert.True(t, r.Opened)
		<-closed
		awaitDead(t, tr)
	}
	assert.Equal(t, 2, p.Connections())
}

// awaitDead waits until the end of the idle connection has arrived here and the pool
// would look at the connection again: for some time after a request it does not look.
func awaitDead(t *testing.T, tr *Transport) {
	t.Helper()
	require.Eventually(t, func() bool { return tr.h1.Heard(probe.Now()) }, patience, time.Millisecond)
}

func TestPeerThatClosesOnTheSecondRequestIsAKeepAliveRace(t *testing.T) {
	t.Parallel()
	p := peers.Listen(t, func(c net.Conn) {
		buf := make([]byte, 4096)
		if peers.ReadRequest(c, buf) {
			_, _ = io.WriteString(c, peers.OKAnswer)
			peers.ReadRequest(c, buf)
		}
	})
	tr := newTransport(t, Config{URL: p.URL("http")})
	require.NoError(t, do(tr, patience).Err)
	r := do(tr, patience)
	assert.Equal(t, errcode.ClosedReused, codeOf(r))
	assert.Equal(t, errcode.PhaseProcessing, r.FailedIn())
	assert.Equal(t, 1, p.Connections(), "nothing is sent again in hiding")
}

func TestRequestTimeoutCoversEveryPhaseOfTheExchange(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		answer string
		phase  errcode.Phase
		status int
	}{
		"no answer":              {"", errcode.PhaseProcessing, 0},
		"half a header":          {"HTTP/1.1 200", errcode.PhaseTransfer, 0},
		"half a body":            {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe", errcode.PhaseTransfer, 200},
		"a body without its end": {"HTTP/1.1 200 OK\r\n\r\nhe", errcode.PhaseTransfer, 200},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := peers.Listen(t, func(c net.Conn) {
				if peers.ReadRequest(c, make([]byte, 4096)) {
					_, _ = io.WriteString(c, tt.answer)
					peers.ReadRequest(c, make([]byte, 4096))
				}
			})
			tr := newTransport(t, Config{URL: p.URL("http")})
			r := do(tr, amply)
			assert.Equal(t, errcode.RequestTimeout, codeOf(r))
			assert.Equal(t, tt.phase, r.FailedIn())
			assert.Equal(t, tt.status, r.HTTP.Status)
			assert.GreaterOrEqual(t, r.Duration(), amply)
			assert.Zero(t, tr.Open())
		})
	}
}

func TestDeadlineOfALaterRequestIsItsOwn(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	p := peers.Listen(t, func(c net.Conn) {
		buf := make([]byte, 4096)
		for i := 0; peers.ReadRequest(c, buf); i++ {
			if i == 1 {
				<-release
			}
			_, _ = io.WriteString(c, peers.OKAnswer)
		}
	})
	tr := newTransport(t, Config{URL: p.URL("http")})
	first := probe.Now().Add(amply)
	require.NoError(t, do(tr, amply).Err)
	time.AfterFunc(first.Sub(probe.Now())+briefly, func() { close(release) })
	r := do(tr, patience)
	require.NoError(t, r.Err, "the first request's deadline, which passed meanwhile, does not end the second")
	assert.True(t, r.Reused)
}

func TestAbortCancelsWhatIsInFlight(t *testing.T) {
	t.Parallel()
	arrived := make(chan struct{})
	p := peers.Listen(t, func(c net.Conn) {
		buf := make([]byte, 4096)
		if peers.ReadRequest(c, buf) {
			close(arrived)
			peers.ReadRequest(c, buf)
		}
	})
	tr := newTransport(t, Config{URL: p.URL("http")})
	ended := make(chan *probe.Result)
	go func() { ended <- do(tr, patience) }()
	<-arrived
	tr.Abort()
	r := <-ended
	assert.Equal(t, errcode.Cancelled, codeOf(r))
	assert.Zero(t, tr.Open())
	assert.Equal(t, errcode.Cancelled, codeOf(do(tr, patience)), "and so is whatever comes later")
}

func TestCancelledContextEndsDialling(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	tr := newTransport(t, Config{URL: peers.Listen(t, peers.Answering(peers.OKAnswer)).URL("http")})
	var r probe.Result
	again(ctx, tr, &r, patience)
	assert.Equal(t, errcode.Cancelled, codeOf(&r))
}

func TestAnswerBeforeTheWholeRequestWasReadCounts(t *testing.T) {
	t.Parallel()
	p := peers.Listen(t, func(c net.Conn) {
		if _, err := c.Read(make([]byte, 1024)); err != nil {
			return
		}
		_, _ = io.WriteString(c, "HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
		peers.EndWriting(c)
		// Unread data when the connection closes turns the end into a reset.
	})
	tr := newTransport(t, Config{URL: p.URL("http"), Method: "POST", BodySize: 64 << 20})
	r := do(tr, patience)
	if r.Err == nil {
		assert.Equal(t, errcode.FromStatus(413), codeOf(r))
	} else {
		// The reset may overtake the answer; then the reset is the result.
		assert.Contains(t, []errcode.Code{errcode.Reset, errcode.BrokenPipe}, codeOf(r))
	}
	assert.Zero(t, tr.Open())
}
