package transport

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/option"
	"example.com/prober/prober/content"
)

const sampleText = "a body that says the same again, a body that says the same again"

// overAll runs a test over each version of HTTP against a server with h.
func overAll(t *testing.T, h http.HandlerFunc, test func(t *testing.T, cfg Config)) {
	t.Helper()
	t.Run("HTTP/1.1", func(t *testing.T) {
		t.Parallel()
		test(t, Config{URL: serve(t, peers.HTTP1, h)})
	})
	t.Run("HTTP/2", func(t *testing.T) {
		t.Parallel()
		test(t, Config{URL: serve(t, peers.H2C, h), HTTPVersion: option.H2C})
	})
	t.Run("HTTP/3", func(t *testing.T) {
		t.Parallel()
		test(t, Config{URL: serve(t, peers.HTTP3, h), HTTPVersion: option.OnlyHTTP3, TLS: option.TLS{InsecureSkipVerify: true}})
	})
}

func TestEncodedBodies(t *testing.T) {
	t.Parallel()
	gzipped := peers.Encode(sampleText, "gzip")
	zeros := strings.Repeat("\x00", labBodyKept+1)
	var lines strings.Builder
	for i := range 40_000 {
		fmt.Fprintf(&lines, "line %d of many\n", i)
	}
	long := lines.String()
	for name, tt := range map[string]struct {
		method   string
		status   int
		encoding []string // lines of Content-Encoding
		body     string
		code     errcode.Code
		want     string
	}{
		"no coding":                               {body: sampleText, want: sampleText},
		"identity":                                {encoding: []string{"identity"}, body: sampleText, want: sampleText},
		"gzip":                                    {encoding: []string{"gzip"}, body: gzipped, want: sampleText},
		"gzip by its old name":                    {encoding: []string{"X-GZIP"}, body: gzipped, want: sampleText},
		"gzip in two members":                     {encoding: []string{"gzip"}, body: gzipped + gzipped, want: sampleText + sampleText},
		"deflate":                                 {encoding: []string{"deflate"}, body: peers.Encode(sampleText, "zlib"), want: sampleText},
		"deflate without its wrapper":             {encoding: []string{"deflate"}, body: peers.Encode(sampleText, "flate"), want: sampleText},
		"br":                                      {encoding: []string{"br"}, body: peers.Encode(sampleText, "br"), want: sampleText},
		"zstd":                                    {encoding: []string{"zstd"}, body: peers.Encode(sampleText, "zstd"), want: sampleText},
		"two codings on a line":                   {encoding: []string{"deflate, gzip"}, body: peers.Encode(sampleText, "zlib", "gzip"), want: sampleText},
		"three codings on two lines":              {encoding: []string{"deflate,br", "gzip"}, body: peers.Encode(sampleText, "zlib", "br", "gzip"), want: sampleText},
		"one coding after another":                {encoding: []string{"gzip, zstd"}, body: peers.Encode(sampleText, "gzip", "zstd"), want: sampleText},
		"a long body":                             {encoding: []string{"gzip"}, body: peers.Encode(long, "gzip"), want: long},
		"one coding twice":                        {encoding: []string{"gzip, gzip"}, body: peers.Encode(sampleText, "gzip", "gzip"), want: sampleText},
		"64 KiB may come of anything":             {encoding: []string{"gzip"}, body: peers.Encode(zeros[:64<<10], "gzip"), want: zeros[:64<<10]},
		"an empty body of an encoded page":        {encoding: []string{"br"}, body: peers.Encode("", "br"), want: ""},
		"an empty body has no coding":             {encoding: []string{"gzip"}, body: "", want: ""},
		"HEAD has no body":                        {method: "HEAD", encoding: []string{"gzip"}, want: ""},
		"204 has no body":                         {status: 204, encoding: []string{"gzip"}, want: ""},
		"304 has no body":                         {status: 304, encoding: []string{"gzip"}, want: ""},
		"an unknown coding":                       {encoding: []string{"rot13"}, body: sampleText, code: errcode.Decompression},
		"too many codings":                        {encoding: []string{"gzip, gzip, gzip, gzip"}, body: gzipped, code: errcode.Decompression},
		"plain text that is said to be gzip":      {encoding: []string{"gzip"}, body: sampleText, code: errcode.Decompression},
		"plain text that is said to be deflate":   {encoding: []string{"deflate"}, body: sampleText, code: errcode.Decompression},
		"plain text that is said to be br":        {encoding: []string{"br"}, body: sampleText, code: errcode.Decompression},
		"plain text that is said to be zstd":      {encoding: []string{"zstd"}, body: sampleText, code: errcode.Decompression},
		"two codings that need much space":        {encoding: []string{"zstd, br"}, body: peers.Encode(sampleText, "zstd", "br"), code: errcode.Decompression},
		"codings in the wrong order":              {encoding: []string{"gzip, br"}, body: peers.Encode(sampleText, "br", "gzip"), code: errcode.Decompression},
		"gzip that ends early":                    {encoding: []string{"gzip"}, body: gzipped[:len(gzipped)-9], code: errcode.Decompression},
		"gzip without its checksum":               {encoding: []string{"gzip"}, body: gzipped[:len(gzipped)-8], code: errcode.Decompression},
		"gzip with another checksum":              {encoding: []string{"gzip"}, body: gzipped[:len(gzipped)-8] + "12345678", code: errcode.Decompression},
		"br that ends early":                      {encoding: []string{"br"}, body: peers.Encode(sampleText, "br")[:20], code: errcode.Decompression},
		"zstd that ends early":                    {encoding: []string{"zstd"}, body: peers.Encode(sampleText, "zstd")[:20], code: errcode.Decompression},
		"bytes after gzip":                        {encoding: []string{"gzip"}, body: gzipped + "more", code: errcode.Decompression},
		"bytes after deflate":                     {encoding: []string{"deflate"}, body: peers.Encode(sampleText, "zlib") + "more", code: errcode.Decompression},
		"bytes after deflate without its wrapper": {encoding: []string{"deflate"}, body: peers.Encode(sampleText, "flate") + "more", code: errcode.Decompression},
		"bytes after br":                          {encoding: []string{"br"}, body: peers.Encode(sampleText, "br") + "more", code: errcode.Decompression},
		"bytes after zstd":                        {encoding: []string{"zstd"}, body: peers.Encode(sampleText, "zstd") + "more", code: errcode.Decompression},
		"bytes after an inner coding":             {encoding: []string{"deflate, gzip"}, body: peers.Encode(peers.Encode(sampleText, "zlib")+"more", "gzip"), code: errcode.Decompression},
		"an inner coding without anything":        {encoding: []string{"gzip, br"}, body: peers.Encode("", "br"), code: errcode.Decompression},
		"a bomb of gzip":                          {encoding: []string{"gzip"}, body: peers.Encode(zeros, "gzip"), code: errcode.InflatedLimit},
		"a bomb of deflate":                       {encoding: []string{"deflate"}, body: peers.Encode(zeros, "flate"), code: errcode.InflatedLimit},
		"a bomb of br":                            {encoding: []string{"br"}, body: peers.Encode(zeros, "br"), code: errcode.InflatedLimit},
		"a bomb of zstd":                          {encoding: []string{"zstd"}, body: peers.Encode(zeros, "zstd"), code: errcode.InflatedLimit},
		"a bomb in a bomb":                        {encoding: []string{"gzip, gzip"}, body: peers.Encode(zeros, "gzip", "gzip"), code: errcode.InflatedLimit},
		"a hundredfold of little":                 {encoding: []string{"gzip"}, body: peers.Encode(zeros[:256<<10], "gzip"), code: errcode.InflatedLimit},
		"zstd with a window above 8 MiB":          {encoding: []string{"zstd"}, body: "\x28\xb5\x2f\xfd\x00\x70\x01\x00\x00", code: errcode.InflatedLimit},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			handler := func(w http.ResponseWriter, _ *http.Request) {
				w.Header()["Content-Encoding"] = tt.encoding
				w.WriteHeader(max(tt.status, 200))
				_, _ = io.WriteString(w, tt.body)
			}
			overAll(t, handler, func(t *testing.T, cfg Config) {
				var got []string
				cfg.Method = tt.method
				cfg.CheckBody = func(body []byte) error {
					got = append(got, string(body))
					return errors.New("seen")
				}
				tr := newTransport(t, cfg)
				r := do(tr, patience)
				assert.Equal(t, tt.code, codeOf(r), "error: %v", r.Err)
				assert.Equal(t, max(tt.status, 200), r.HTTP.Status)
				assert.Equal(t, 1, tr.Open(), "what is in a body is nothing against the connection")
				assertPhasesAddUp(t, r)
				if tt.code != errcode.OK {
					assert.Empty(t, got)
					assert.Equal(t, errcode.PhaseTransfer, r.FailedIn())
					return
				}
				assert.Equal(t, []string{tt.want}, got)
				assert.EqualError(t, r.HTTP.BodyErr, "seen")
			})
		})
	}
}

func TestCompressionIsAskedForAsConfigured(t *testing.T) {
	t.Parallel()
	accepted := make(chan []string, 1)
	overAll(t, func(w http.ResponseWriter, q *http.Request) {
		accepted <- q.Header["Accept-Encoding"]
	}, func(t *testing.T, cfg Config) {
		for want, compression := range map[string][]string{"": nil, "br": {"br"}, "zstd, gzip": {"zstd", "gzip"}} {
			cfg.Compression = compression
			require.NoError(t, do(newTransport(t, cfg), patience).Err)
			assert.Equal(t, want, strings.Join(<-accepted, "; "))
		}
	})
}

func TestCompressionThatWasAskedForMustBeSound(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		compression []string
		encoding    string
		body        string
		code        errcode.Code
	}{
		"sound":                                 {[]string{"gzip"}, "gzip", peers.Encode(sampleText, "gzip"), errcode.OK},
		"broken":                                {[]string{"gzip"}, "gzip", sampleText, errcode.Decompression},
		"another one than was asked for":        {[]string{"gzip"}, "br", sampleText, errcode.Decompression},
		"a bomb":                                {[]string{"br"}, "br", peers.Encode(strings.Repeat("\x00", 1<<20), "br"), errcode.InflatedLimit},
		"none":                                  {[]string{"gzip"}, "", sampleText, errcode.OK},
		"one that nobody knows or needs":        {[]string{"gzip"}, "rot13", sampleText, errcode.OK},
		"broken, but nobody asked for anything": {nil, "gzip", sampleText, errcode.OK},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			overAll(t, func(w http.ResponseWriter, _ *http.Request) {
				if tt.encoding != "" {
					w.Header().Set("Content-Encoding", tt.encoding)
				}
				_, _ = io.WriteString(w, tt.body)
			}, func(t *testing.T, cfg Config) {
				cfg.Compression = tt.compression
				r := do(newTransport(t, cfg), patience)
				assert.Equal(t, tt.code, codeOf(r), "error: %v", r.Err)
				assert.NoError(t, r.HTTP.BodyErr)
			})
		})
	}
}

func TestTransferThatBreaksOffIsNoBrokenCompression(t *testing.T) {
	t.Parallel()
	p := peers.Listen(t, peers.AnsweringOnce("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 100\r\n\r\n"+peers.Encode("x", "gzip")))
	r := do(newTransport(t, Config{URL: p.URL("http"), Compression: []string{"gzip"}}), patience)
	assert.Equal(t, errcode.Truncated, codeOf(r))
}

func TestEncodedBodyAboveWhatIsKept(t *testing.T) {
	t.Parallel()
	overAll(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = io.CopyN(w, zeroReader{}, labBodyKept+1)
	}, func(t *testing.T, cfg Config) {
		cfg.Compression, cfg.MaxBodyBytes = []string{"gzip"}, 1<<30
		r := do(newTransport(t, cfg), patience)
		assert.Equal(t, errcode.InflatedLimit, codeOf(r))
		assert.Equal(t, 200, r.HTTP.Status)
	})
}

type zeroReader struct{}

func (zeroReader) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func TestBodyToLookAtHasToBeBounded(t *testing.T) {
	t.Parallel()
	u := &url.URL{Scheme: "http", Host: "127.0.0.1"}
	_, err := New(Config{URL: u, Method: "GET", MaxBodyBytes: labBodyKept + 1, CheckBody: func([]byte) error { return nil }})
	assert.ErrorContains(t, err, "a body above 8 MiB cannot be checked")
}

func TestFieldsOfTheFinalHeaderAreKept(t *testing.T) {
	t.Parallel()
	overAll(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Kept", "early")
		w.WriteHeader(http.StatusEarlyHints)
		w.Header()["X-Kept"] = []string{"one", "two"}
		w.Header().Set("X-Dropped", "one")
	}, func(t *testing.T, cfg Config) {
		cfg.KeepHeader = []string{"x-KEPT", "X-Absent"}
		r := do(newTransport(t, cfg), patience)
		require.NoError(t, r.Err)
		is := func(want string) func([]byte) bool {
			return func(value []byte) bool { return string(value) == want }
		}
		assert.True(t, AnyField(r, "X-Kept", is("one")))
		assert.True(t, AnyField(r, "x-kept", is("two")))
		assert.False(t, AnyField(r, "X-Kept", is("early")))
		assert.False(t, AnyField(r, "X-Dropped", is("one")))
		assert.False(t, AnyField(r, "X-Absent", is("")))
	})
}

func TestABodyThatThereIsNoSpaceForIsTheProbersOwnTrouble(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for i := range 16 << 10 {
		fmt.Fprintf(&b, "%06d", i)
	}
	noise := b.String()
	zipped := peers.Encode(noise, "gzip")
	for name, tt := range map[string]struct {
		encoding, body string
		code           errcode.Code
	}{
		"as it comes":       {"", noise, errcode.LocalResources},
		"decoded":           {"gzip", zipped, errcode.LocalResources},
		"as it comes, less": {"", noise[:60<<10], errcode.OK},
		"short":             {"", noise[:16<<10], errcode.OK},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			handler := func(w http.ResponseWriter, _ *http.Request) {
				if tt.encoding != "" {
					w.Header().Set("Content-Encoding", tt.encoding)
				}
				_, _ = io.WriteString(w, tt.body) // the client may have had enough
			}
			overAll(t, handler, func(t *testing.T, cfg Config) {
				cfg.Decoders = content.NewDecoders(96 << 10)
				cfg.CheckBody = func(body []byte) error {
					assert.Len(t, body, len(tt.body))
					return nil
				}
				tr := newTransport(t, cfg)
				for range 3 { // whatever a request took is free for the next one
					r := do(tr, patience)
					assert.Equal(t, tt.code, codeOf(r), "error: %v", r.Err)
					assert.Zero(t, cfg.Decoders.Kept())
				}
			})
		})
	}
}
