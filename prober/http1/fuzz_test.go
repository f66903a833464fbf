package http1

import (
	"bufio"
	"bytes"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/textproto"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/prober/content"
	"example.com/prober/prober/http1/head"
	"example.com/prober/prober/message"
	"example.com/prober/prober/probe"
	"example.com/prober/prober/wire"
)

// reading is the result of reading an answer.
type reading struct {
	status int
	fields map[string][]string
	body   string
	rest   bool // something is left after the body
	isLast bool // the connection ends with it
	err    error
}

// memory is a connection on which an answer has arrived, and then its end.
type memory struct {
	net.Conn
	answer io.Reader
}

func (m memory) Read(p []byte) (int, error)    { return m.answer.Read(p) }
func (memory) SetReadDeadline(time.Time) error { return nil }

// readAsWeDo reads an answer with this package.
func readAsWeDo(raw []byte, method string) reading { return readInTurn(method, raw)[0] }

// readInBytes reads an answer byte by byte.
func readInBytes(raw []byte, method string) reading {
	return connOn(iotest.OneByteReader(bytes.NewReader(raw))).read(method)
}

func connOn(answer io.Reader) *conn {
	p := NewPool(Options{})
	return newConn(p, wire.NewLink(memory{answer: answer}, probe.Never))
}

// readInTurn reads answers on one connection, until one of them ends it.
func readInTurn(method string, answers ...[]byte) (all []reading) {
	var readers []io.Reader
	for _, raw := range answers {
		readers = append(readers, bytes.NewReader(raw))
	}
	c := connOn(io.MultiReader(readers...))
	for range answers {
		got := c.read(method)
		all = append(all, got)
		if got.err != nil || got.isLast {
			break
		}
		c.served++
	}
	return all
}

func (c *conn) read(method string) reading {
	var r probe.Result
	r.Begin()
	plan, err := content.NewPlan(content.Options{Check: func([]byte) error { return nil }})
	if err != nil {
		return reading{err: err}
	}
	c.x = &Exchange{Bodiless: method == http.MethodHead, Kept: plan.Keep(nil), MaxBody: 1 << 20}
	if err := c.readFinalHeader(&r); err != nil {
		return reading{err: err}
	}
	got := reading{status: c.head.Status, fields: map[string][]string{}}
	for _, f := range c.head.Fields {
		name := textproto.CanonicalMIMEHeaderKey(string(f.Name))
		got.fields[name] = append(got.fields[name], string(f.Value))
	}
	c.keepHeader()
	got.err = c.readBody(&r)
	got.body, got.isLast = string(c.x.Kept.Body), !c.head.KeepAlive
	return got
}

// readAsTheyDo reads an answer with net/http.
func readAsTheyDo(raw []byte, method string) reading {
	in := bufio.NewReaderSize(bytes.NewReader(raw), 2*message.MaxHeaderBytes) // bounds trailers
	for {
		resp, err := http.ReadResponse(in, &http.Request{Method: method})
		if err != nil {
			return reading{err: err}
		}
		if resp.StatusCode < 200 && resp.StatusCode >= 100 && resp.StatusCode != http.StatusSwitchingProtocols {
			continue
		}
		got := reading{status: resp.StatusCode, fields: resp.Header}
		body, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		got.body, got.err = string(body), err
		_, err = in.ReadByte()
		got.rest = err == nil
		return got
	}
}

// difference is a kind of answer that net/http takes and we refuse, on purpose. There is
// none that we take and net/http refuses.
type difference struct {
	code errcode.Code
	what string // and the section of the RFC with the rule
	is   func(raw []byte, theirs reading) bool
}

var (
	strictStatusLine = regexp.MustCompile(`^HTTP/[0-9]\.[0-9] [0-9]{3}( .*)?$`)
	oddReason        = regexp.MustCompile(`^HTTP/[0-9]\.[0-9] [0-9]{3} .*[\x00-\x08\x0a-\x1f\x7f]`)
	knownVersion     = regexp.MustCompile(`^HTTP/1\.[01] `)
	strictField      = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+:[^\\x00-\\x08\\x0a-\\x1f\\x7f]*$")
	longLength       = regexp.MustCompile(`(?i)^content-length:\s*[0-9]{19}`)
	foldedFraming    = regexp.MustCompile(`(?i)\n(content-length|transfer-encoding):[^\n]*\n[ \t]`)
	anyLength        = regexp.MustCompile(`(?i)^content-length:`)
	oddExtension     = regexp.MustCompile(`^[0-9A-Fa-f]+;.*[\x00-\x08\x0a-\x1f\x7f]`)
	extended         = regexp.MustCompile(`^[0-9A-Fa-f]+;`)
	namedExtensions  = regexp.MustCompile("^[0-9A-Fa-f]+(;[ \\t]*[!#$%&'*+.^_`|~0-9A-Za-z-]+[ \\t]*(=[ \\t]*(\"(\\\\.|[^\"\\\\])*\"[ \\t]*|[^;\"][^;]*)?)?)+$")
)

// differences is the list explained in docs/transport.md.
var differences = []difference{
	{errcode.HTTP1StatusLine, "one space and three digits in the status line: RFC 9112, section 4", func(raw []byte, _ reading) bool {
		return anyLine(raw, func(line []byte) bool { return isStatusLine(line) && !strictStatusLine.Match(line) })
	}},
	{errcode.HTTP1StatusLine, "no control characters in the reason phrase: RFC 9112, sections 2.2 and 4", func(raw []byte, _ reading) bool {
		return anyLine(raw, oddReason.Match)
	}},
	{errcode.HTTP1Version, "versions 1.0 and 1.1 only: RFC 9112, section 2.3", func(raw []byte, _ reading) bool {
		return anyLine(raw, func(line []byte) bool { return isStatusLine(line) && !knownVersion.Match(line) })
	}},
	{errcode.HTTP1StatusRange, "statuses 100 to 599: RFC 9110, section 15", func(raw []byte, theirs reading) bool {
		return theirs.status < 100 || theirs.status > 599 || bytes.Contains(raw, []byte(" 0"))
	}},
	{errcode.HTTP1HeaderSize, "64 KiB of header: RFC 9110, section 5.4", func(raw []byte, _ reading) bool { return len(raw) >= message.MaxHeaderBytes }},
	{errcode.HTTP1Header, "names that are tokens, values without control characters: RFC 9110, sections 5.1 and 5.5", func(raw []byte, _ reading) bool {
		return anyLine(raw, func(line []byte) bool { return !strictField.Match(line) })
	}},
	{errcode.HTTP1ContentLength, "lengths of at most 18 digits on one line: RFC 9110, section 8.6, RFC 9112, section 5.2", func(raw []byte, _ reading) bool {
		return anyLine(raw, longLength.Match) || foldedFraming.Match(raw)
	}},
	{errcode.HTTP1TransferEncoding, "no Content-Length beside Transfer-Encoding, which is on one line and not in HTTP/1.0: RFC 9112, sections 6.1 and 6.3", func(raw []byte, _ reading) bool {
		return anyLine(raw, anyLength.Match) || foldedFraming.Match(raw) || bytes.Contains(raw, []byte("HTTP/1.0"))
	}},
	{errcode.HTTP1Switch, "no protocol that was not asked for: RFC 9110, section 15.2.2", func(_ []byte, theirs reading) bool { return theirs.status == 101 }},
	{errcode.HTTP1Informational, "32 informational responses: RFC 9110, section 15.2", func(raw []byte, _ reading) bool {
		return bytes.Count(raw, []byte(head.ProtocolName)) > message.MaxInformational
	}},
	{errcode.HTTP1Chunk, "chunk extensions without control characters: RFC 9112, section 7.1.1", func(raw []byte, _ reading) bool {
		return anyLine(raw, oddExtension.Match)
	}},
	{errcode.HTTP1Chunk, "chunk extensions that have names, and quotes that end: RFC 9112, section 7.1.1", func(raw []byte, _ reading) bool {
		return anyLine(raw, func(line []byte) bool { return extended.Match(line) && !namedExtensions.Match(line) })
	}},
	{errcode.Trailers, "64 KiB of trailers, which are fields on a line each: RFC 9112, section 7.1.2", func(raw []byte, _ reading) bool {
		return len(raw) >= message.MaxHeaderBytes || anyLine(raw, func(line []byte) bool { return !strictField.Match(line) })
	}},
	{errcode.BodyLimit, "a body up to the limit: RFC 9110, section 17.5", func(raw []byte, _ reading) bool { return len(raw) > 1<<20 }},
	{errcode.HTTP1Desync, "nothing after the response: RFC 9112, section 9.2", func(_ []byte, theirs reading) bool { return theirs.rest }},
}

func isStatusLine(line []byte) bool { return bytes.HasPrefix(line, []byte(head.ProtocolName)) }

func anyLine(raw []byte, is func(line []byte) bool) bool {
	for line := range bytes.SplitSeq(raw, []byte("\n")) {
		if is(message.TrimCR(line)) {
			return true
		}
	}
	return false
}

// common makes the fields of two readings comparable. net/http removes the fields it has
// acted on, adds one, and leaves a space at the end of a value if the last of its lines
// is blank.
func common(fields map[string][]string) map[string][]string {
	same := map[string][]string{}
	for name, values := range fields {
		switch name {
		case "Transfer-Encoding", "Content-Length", "Trailer", "Connection", "Cache-Control":
			continue
		}
		for _, v := range values {
			same[name] = append(same[name], strings.TrimRight(v, " "))
		}
	}
	return same
}

// compare demands the same reading from both, or one of the differences. It returns the
// difference it met.
func compare(t *testing.T, raw []byte, method string) *difference {
	t.Helper()
	ours, theirs := readAsWeDo(raw, method), readAsTheyDo(raw, method)
	start := raw[:min(len(raw), 1000)]
	if ours.err == nil && !ours.isLast && len(raw) < readBufferSize { // so all of it has been read
		for _, again := range readInTurn(method, raw, raw, raw, raw) {
			require.Equal(t, ours, again, "%q", start)
		}
	}
	if len(raw) < 4<<10 {
		requireSameInBytes(t, raw, method, ours)
	}
	switch {
	case ours.err == nil && theirs.err == nil:
		require.Equal(t, theirs.status, ours.status, "%q", start)
		require.Equal(t, theirs.body, ours.body, "%q", start)
		require.Equal(t, common(theirs.fields), common(ours.fields), "%q", start)
	case ours.err == nil:
		require.Fail(t, "we are laxer", "%v: %q", theirs.err, start)
	case theirs.err == nil:
		code := codeWithin(ours.err)
		i := slices.IndexFunc(differences, func(d difference) bool { return d.code == code && d.is(raw, theirs) })
		require.GreaterOrEqual(t, i, 0, "we are stricter: %v %v: %q", code, ours.err, start)
		return &differences[i]
	}
	return nil
}

// requireSameInBytes demands the same reading of an answer however it is cut up. Bytes
// behind a response are found only if they have come with its end.
func requireSameInBytes(t *testing.T, raw []byte, method string, whole reading) {
	t.Helper()
	inBytes := readInBytes(raw, method)
	code, again := codeWithin(whole.err), codeWithin(inBytes.err)
	if code != errcode.HTTP1Desync {
		require.Equal(t, code, again, "%v, and in single bytes %v: %.1000q", whole.err, inBytes.err, raw)
	}
	whole.err, inBytes.err = nil, nil
	require.Equal(t, whole, inBytes, "%.1000q", raw)
}

func codeWithin(err error) errcode.Code {
	if err == nil {
		return errcode.OK
	}
	return errcode.FromError(&errcode.PhaseError{Phase: errcode.PhaseTransfer, Err: err})
}

func FuzzHTTP1(f *testing.F) {
	for _, raw := range answers {
		if len(raw) < 4<<10 { // longer ones take the time of many
			f.Add([]byte(raw), false)
		}
	}
	f.Fuzz(func(t *testing.T, raw []byte, head bool) {
		method := http.MethodGet
		if head {
			method = http.MethodHead
		}
		compare(t, raw, method)
	})
}

func TestAnswersAreReadAsByNetHTTP(t *testing.T) {
	t.Parallel()
	require.GreaterOrEqual(t, len(answers), 150)
	met := map[string]bool{}
	for _, raw := range answers {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			if d := compare(t, []byte(raw), method); d != nil {
				met[d.what] = true
			}
		}
	}
	for _, d := range differences {
		assert.True(t, met[d.what], "an answer shows that we demand %s", d.what)
	}
}

// A header that repeats the one before is not parsed again. A header that differs by a
// byte is.
func TestAnswersInTurnAreReadAsIfAlone(t *testing.T) {
	t.Parallel()
	one, other := "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX: a\r\n\r\nok", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nX: a\r\n\r\nok!"
	folded := "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX: a\r\n b\r\n\r\nok"
	spaced := strings.Replace(folded, "\r\n b", "   b", 1)
	more := strings.Replace(one, "\r\n\r\n", "\r\nY: b\r\n\r\n", 1)
	hints := "HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n"
	chunked := "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX: a\r\n\r\n"
	long := strings.Replace(one, "X: a", "X: "+strings.Repeat("a", repeatable), 1)
	failed := strings.Replace(one, "200", "503", 1)
	last := strings.Replace(one, "X: a", "Connection: close", 1)
	kinds := []string{one, other, folded, spaced, more, hints + one, hints + hints + other, chunked, long, failed}
	random := rand.New(rand.NewPCG(3, 4))
	for range 500 {
		var raws [][]byte
		for range 20 {
			raws = append(raws, []byte(kinds[random.IntN(len(kinds))]))
			for random.IntN(2) == 0 {
				raws = append(raws, raws[len(raws)-1])
			}
		}
		raws = append(raws, []byte(last))
		got := readInTurn(http.MethodGet, append(raws, []byte(one))...)
		require.Len(t, got, len(raws), "the last one ends it")
		for i, raw := range raws {
			require.Equal(t, readAsWeDo(raw, http.MethodGet), got[i], "%q after %q", raw, raws[max(0, i-1)])
		}
	}
}

// TestRecombinedAnswersAreReadAsByNetHTTP puts answers together from the lines of others:
// fuzzing seldom finds these.
func TestRecombinedAnswersAreReadAsByNetHTTP(t *testing.T) {
	t.Parallel()
	var starts, fields, bodies []string
	for _, raw := range answers {
		if len(raw) > 3000 {
			continue
		}
		head, body, _ := strings.Cut(raw, "\r\n\r\n")
		lines := strings.Split(head, "\r\n")
		starts, fields, bodies = append(starts, lines[0]), append(fields, lines[1:]...), append(bodies, body)
	}
	random := rand.New(rand.NewPCG(1, 2))
	pick := func(from []string) string { return from[random.IntN(len(from))] }
	end := func() string {
		return pick([]string{"\n", "\r\r\n", "\r\n", "\r\n", "\r\n", "\r\n", "\r\n", "\r\n", "\r\n", "\r\n"})
	}
	for range 20_000 {
		raw := pick([]string{"HTTP/1.1 200 OK", "HTTP/1.1 200 OK", pick(starts)}) + end()
		for range random.IntN(4) {
			raw += pick(fields) + end()
		}
		if random.IntN(2) == 0 {
			raw += "Transfer-Encoding: chunked" + end()
		}
		raw += end() + pick(bodies)
		compare(t, []byte(raw), pick([]string{http.MethodGet, http.MethodGet, http.MethodHead}))
	}
}
