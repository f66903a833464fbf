package transport

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"runtime/metrics"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/http2"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/option"
	"example.com/prober/prober/probe"
)

const (
	hostileWorkers  = 8
	hostileRequests = 2 // of each worker
	hostileLimit    = 64 << 20
	hostileURL      = "PROBER_TEST_HOSTILE_URL" // set in the process of the client
)

// hostileReport is the report of the client process at its end.
type hostileReport struct {
	Peak  uint64 // the most bytes its runtime held
	Codes map[string]int
}

// framesEndlessly is peers.Endless for HTTP/2: it sends the frames of first, and then
// those of more.
func framesEndlessly(first, more func(*http2.Framer)) func(net.Conn) {
	return func(c net.Conn) {
		var start, block bytes.Buffer
		framer := http2.NewFramer(&start, nil)
		_ = framer.WriteSettings()
		_ = framer.WriteSettingsAck()
		first(framer)
		framer = http2.NewFramer(&block, nil)
		for block.Len() < 64<<10 {
			more(framer)
		}
		go func() { _, _ = io.Copy(io.Discard, c) }()
		_, err := c.Write(start.Bytes())
		for err == nil {
			_, err = c.Write(block.Bytes())
		}
	}
}

func bomb(t *testing.T, coding, label string) http.HandlerFunc {
	t.Helper()
	body := peers.Encode(strings.Repeat("\x00", labBodyKept+1), coding)
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", label)
		_, _ = io.WriteString(w, body)
	}
}

// TestHostilePeersTakeLittleMemory lets a separate process talk to peers that send
// without end, or that send a little which becomes much.
func TestHostilePeersTakeLittleMemory(t *testing.T) {
	const answersWithoutEnd = "answers without end, QUIC"
	headers := func(f *http2.Framer) {
		_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: []byte{0x88}, EndHeaders: true})
	}
	for name, tt := range map[string]struct {
		url  *url.URL
		code errcode.Code
	}{
		"a header line without end":  {peers.Listen(t, peers.Endless("HTTP/1.1 200 OK\r\nA: ", "b")).URL("http"), errcode.HTTP1HeaderSize},
		"header fields without end":  {peers.Listen(t, peers.Endless("HTTP/1.1 200 OK\r\n", "A: b\r\n")).URL("http"), errcode.HTTP1HeaderSize},
		"a body without end":         {peers.Listen(t, peers.Endless("HTTP/1.1 200 OK\r\n\r\n", "b")).URL("http"), errcode.BodyLimit},
		"chunks without end":         {peers.Listen(t, peers.Endless("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "64\r\n"+strings.Repeat("b", 100)+"\r\n")).URL("http"), errcode.BodyLimit},
		"a chunk line without end":   {peers.Listen(t, peers.Endless("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", "b")).URL("http"), errcode.HTTP1Chunk},
		"trailers without end":       {peers.Listen(t, peers.Endless("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", "A: b\r\n")).URL("http"), errcode.Trailers},
		"informational without end":  {peers.Listen(t, peers.Endless("", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")).URL("http"), errcode.HTTP1Informational},
		"redirects without end":      {serve(t, peers.HTTP1, func(w http.ResponseWriter, q *http.Request) { http.Redirect(w, q, q.URL.Path+"a", http.StatusFound) }), errcode.RedirectLimit},
		"a bomb of gzip":             {serve(t, peers.HTTP1, bomb(t, "gzip", "gzip")), errcode.InflatedLimit},
		"a bomb of deflate":          {serve(t, peers.HTTP1, bomb(t, "flate", "deflate")), errcode.InflatedLimit},
		"a bomb of br":               {serve(t, peers.HTTP1, bomb(t, "br with the largest window", "br")), errcode.InflatedLimit},
		"a bomb of zstd":             {serve(t, peers.HTTP1, bomb(t, "zstd with the largest window", "zstd")), errcode.InflatedLimit},
		"a bomb of gzip over HTTP/2": {asH2C(serve(t, peers.H2C, bomb(t, "gzip", "gzip"))), errcode.InflatedLimit},
		"a body without end, HTTP/2": {asH2C(peers.Listen(t, framesEndlessly(headers, func(f *http2.Framer) { _ = f.WriteData(1, false, make([]byte, 16<<10)) })).URL("http")), errcode.BodyLimit},
		"a header without end, HTTP/2": {asH2C(peers.Listen(t, framesEndlessly(func(f *http2.Framer) {
			_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: []byte{0x88}})
		}, func(f *http2.Framer) { _ = f.WriteContinuation(1, false, make([]byte, 1000)) })).URL("http")), errcode.HTTP2Flood},
		"pings without end, HTTP/2":    {asH2C(peers.Listen(t, framesEndlessly(headers, func(f *http2.Framer) { _ = f.WritePing(false, [8]byte{}) })).URL("http")), errcode.HTTP2Flood},
		"a bomb of gzip over HTTP/3":   {asH3(serve(t, peers.HTTP3, bomb(t, "gzip", "gzip"))), errcode.InflatedLimit},
		"a body without end, HTTP/3":   {streamsEndlessly(t, ok, peers.Content(strings.Repeat("b", 16<<10))), errcode.BodyLimit},
		"a header without end, HTTP/3": {streamsEndlessly(t, "\x01\x80\x01\xff\xff\x00\x00\xd9", "\x21a\x01b"), errcode.FromH3Stream(0x107)},
		"much header from little":      {streamsEndlessly(t, peers.Frame(0x1, "\x00\x00\xd9"+strings.Repeat("\xc4", 100<<10)), ""), errcode.FromH3Stream(0x107)},
		"informational, HTTP/3":        {streamsEndlessly(t, "", peers.Heading(":status", "103")), errcode.FromH3Stream(0x107)},
		"unknown frames, HTTP/3":       {streamsEndlessly(t, "", peers.Frame(0x21, "grease")), errcode.FromH3Stream(0x107)},
		answersWithoutEnd:              {floodsOfQUIC(t, "PING", "PATH_CHALLENGE", "NEW_CONNECTION_ID"), errcode.RequestTimeout},
		"limits without end, QUIC":     {floodsOfQUIC(t, "MAX_DATA", "MAX_STREAMS", "DATA_BLOCKED", "NEW_TOKEN"), errcode.RequestTimeout},
		"settings without end, HTTP/2": {asH2C(peers.Listen(t, framesEndlessly(headers, func(f *http2.Framer) { _ = f.WriteSettings() })).URL("http")), errcode.HTTP2Flood},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestClientOfHostilePeers$", "-test.v")
			cmd.Env = append(os.Environ(), hostileURL+"="+tt.url.String())
			out, err := cmd.Output()
			require.NoError(t, err, "%s", out)
			_, rest, _ := bytes.Cut(out, []byte("report: "))
			var report hostileReport
			require.NoError(t, json.NewDecoder(bytes.NewReader(rest)).Decode(&report), "%s", out)
			t.Logf("%d KiB, codes %v", report.Peak>>10, report.Codes)
			assert.Less(t, report.Peak, uint64(hostileLimit))
			assert.NotContains(t, report.Codes, "0")
			if name == answersWithoutEnd && report.Codes[errcode.FromQUIC(uint64(quic.InternalError)).String()] > 0 {
				return // quic-go gives up if too many answers wait to be sent, which depends on the pace of both sides
			}
			assert.Contains(t, report.Codes, tt.code.String())
		})
	}
}

// asH2C marks a URL for the process of the client.
func asH2C(u *url.URL) *url.URL {
	u.Fragment = "h2c"
	return u
}

// asH3 marks it for HTTP/3.
func asH3(u *url.URL) *url.URL {
	u.Fragment = "h3"
	return u
}

// streamsEndlessly is a server of HTTP/3 that sends first and then more without end on
// the stream of each request.
func streamsEndlessly(t *testing.T, first, more string) *url.URL {
	t.Helper()
	more = strings.Repeat(more, 1+(16<<10)/max(1, len(more)))
	return asH3(peers.ListenQUIC(t, peers.Settings{}, func(p *peers.H3) {
		p.Greet()
		for s := p.Request(); s != nil; s = p.Request() {
			go func() {
				_, err := io.WriteString(s, first)
				for err == nil && more != "" {
					_, err = io.WriteString(s, more)
				}
			}()
		}
	}).URL())
}

// TestClientOfHostilePeers is the client, in a process started by
// TestHostilePeersTakeLittleMemory.
func TestClientOfHostilePeers(t *testing.T) {
	if os.Getenv(hostileURL) == "" {
		t.Skip("there is nothing to do in this process")
	}
	u, err := url.Parse(os.Getenv(hostileURL))
	require.NoError(t, err)
	cfg := Config{
		URL: u, Compression: []string{"gzip", "deflate", "br", "zstd"}, FollowRedirects: 10,
		CheckBody: func([]byte) error { return nil }, KeepHeader: []string{"A"},
	}
	switch u.Fragment {
	case "h2c":
		cfg.HTTPVersion = option.H2C
	case "h3", "flood":
		cfg.HTTPVersion, cfg.TLS.InsecureSkipVerify = option.OnlyHTTP3, true
	}
	timeout := patience
	if u.Fragment == "flood" {
		timeout = amply // the server does not answer
	}
	u.Fragment = ""
	tr := newTransport(t, cfg)
	report := hostileReport{Codes: map[string]int{}}
	var mu sync.Mutex
	var running sync.WaitGroup
	for range hostileWorkers {
		running.Go(func() {
			var r probe.Result
			for range hostileRequests {
				again(context.Background(), tr, &r, timeout)
				mu.Lock()
				report.Codes[codeOf(&r).String()]++
				mu.Unlock()
			}
		})
	}
	ended := make(chan struct{})
	go func() {
		running.Wait()
		close(ended)
	}()
	report.Peak = peakUntil(ended)
	text, err := json.Marshal(report)
	require.NoError(t, err)
	t.Logf("report: %s", text)
}

// peakUntil returns the most memory the runtime of this process held until ended is
// closed.
func peakUntil(ended <-chan struct{}) (peak uint64) {
	samples := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		metrics.Read(samples)
		peak = max(peak, samples[0].Value.Uint64()-samples[1].Value.Uint64())
		select {
		case <-ended:
			return peak
		case <-tick.C:
		}
	}
}
