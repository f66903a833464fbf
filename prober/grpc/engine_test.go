package grpc

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"encoding/binary"
	"net"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/http2"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/option"
	"example.com/prober/prober/probe"
	"example.com/prober/protoset"
)

const (
	// patience is how long a test waits for an event certain to happen, briefly for one that
	// does not happen.
	patience = 2 * time.Minute
	briefly  = 300 * time.Millisecond
)

// serving is the answer of a healthy health service, and notServing another answer.
const (
	serving    = "\x08\x01"
	notServing = "\x08\x02"
)

func at(scheme, address string) *url.URL { return &url.URL{Scheme: scheme, Host: address} }

// newEngine completes cfg for tests, and closes idle connections at their end.
func newEngine(t testing.TB, cfg Config) *Engine {
	t.Helper()
	if cfg.Plan.ConnectTimeout == 0 {
		cfg.Plan.ConnectTimeout = patience
	}
	if cfg.Plan.TLSTimeout == 0 {
		cfg.Plan.TLSTimeout = patience
	}
	if cfg.Plan.Clock == "" {
		cfg.Plan.Clock = option.KernelClock // as in a configuration
	}
	cfg.Service, cfg.Method = cmp.Or(cfg.Service, protoset.HealthService), cmp.Or(cfg.Method, protoset.HealthCheck)
	e, err := New(cfg)
	require.NoError(t, err)
	t.Cleanup(func() {
		e.CloseIdle()
		e.Wait()
	})
	return e
}

// do makes one call that is due now.
func do(e *Engine, timeout time.Duration) *probe.Result {
	r := new(probe.Result)
	again(context.Background(), e, r, timeout)
	return r
}

func again(ctx context.Context, e *Engine, r *probe.Result, timeout time.Duration) {
	now := probe.Now()
	r.Reset(now, now.Add(timeout))
	e.Do(ctx, r)
}

// playing greets a client of HTTP/2 and plays each of its calls.
func playing(play func(p *peers.H2, id uint32)) peers.Script {
	return func(c net.Conn) {
		p := peers.NewH2(c)
		p.Greet()
		for id := p.Request(); id != 0; id = p.Request() {
			play(p, id)
		}
	}
}

// framed returns a message with its prefix.
func framed(flag byte, text string) string {
	prefix := binary.BigEndian.AppendUint32([]byte{flag}, uint32(len(text)))
	return string(prefix) + text
}

func zipped(text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write([]byte(text)) // to memory
	_ = w.Close()
	return b.String()
}

// header begins an answer of gRPC.
func header(p *peers.H2, id uint32, more ...string) {
	p.Headers(id, false, append([]string{":status", "200", "content-type", "application/grpc"}, more...)...)
}

// trailers end an answer with a status.
func trailers(p *peers.H2, id uint32, status string, more ...string) {
	p.Headers(id, true, append([]string{"grpc-status", status}, more...)...)
}

// answerWith answers a call with one message and a status.
func answerWith(p *peers.H2, id uint32, content, status string) {
	const frame = 16 << 10 // the longest accepted frame
	header(p, id)
	for len(content) > frame {
		p.Data(id, false, content[:frame])
		content = content[frame:]
	}
	p.Data(id, false, content)
	trailers(p, id, status)
}

func well(p *peers.H2, id uint32) { answerWith(p, id, framed(0, serving), "0") }

func TestACallThatIsAnsweredWellIsASuccess(t *testing.T) {
	t.Parallel()
	p := peers.Listen(t, playing(well))
	e := newEngine(t, Config{Plan: planOf(p)})
	var r probe.Result
	for i := range 3 {
		again(t.Context(), e, &r, patience)
		require.Equal(t, errcode.OK, e.Code(&r), "%v", r.Err)
		assert.Equal(t, 200, r.HTTP.Status)
		assert.Equal(t, probe.HTTP2, r.HTTP.Version)
		assert.Equal(t, i > 0, r.Reused)
		assert.Equal(t, 1, r.Messages)
		for _, phase := range []errcode.Phase{errcode.PhaseQueue, errcode.PhaseSend, errcode.PhaseProcessing, errcode.PhaseTransfer} {
			_, was := r.Phase(phase)
			assert.True(t, was, phase)
		}
	}
	assert.Equal(t, 1, p.Connections())
	assert.Equal(t, 1, e.Open())
}

func TestACallSaysWhatGRPCWants(t *testing.T) {
	t.Parallel()
	said := make(chan *http2.MetaHeadersFrame, 1)
	content := make(chan string, 1)
	p := peers.Listen(t, func(c net.Conn) {
		p := peers.NewH2(c)
		p.Decode()
		p.Greet()
		heading := p.Heading()
		data, _ := p.Until(http2.FrameData).(*http2.DataFrame)
		content <- string(data.Data())
		said <- heading
		p.Decode()
		well(p, heading.StreamID)
		p.Ignore()
	})
	cfg := Config{Plan: planOf(p), Message: []byte("\x0a\x04shop"), Authority: "shop.internal:1"}
	cfg.Metadata = append(cfg.Metadata, fields("x-team", "payments", "authorization", "Bearer s3cret")...)
	e := newEngine(t, cfg)
	r := do(e, time.Minute)
	require.Equal(t, errcode.OK, e.Code(r), "%v", r.Err)
	heading := <-said
	got := map[string]string{}
	for _, f := range heading.Fields {
		got[f.Name] = f.Value
	}
	assert.Regexp(t, `^(5\d|60)\d{6}u$`, got["grpc-timeout"])
	delete(got, "grpc-timeout")
	assert.Equal(t, map[string]string{
		":method": "POST", ":scheme": "http", ":authority": "shop.internal:1", ":path": "/grpc.health.v1.Health/Check",
		"te": "trailers", "content-type": "application/grpc", "grpc-accept-encoding": "identity,gzip",
		"user-agent": "prober", "x-team": "payments", "authorization": "Bearer s3cret",
	}, got)
	assert.Equal(t, framed(0, "\x0a\x04shop"), <-content)
}

func TestAnswersOfAllShapesAreSuccesses(t *testing.T) {
	t.Parallel()
	watch := func(c *Config) { c.Method = "Watch" }
	for name, tt := range map[string]struct {
		cfg      func(*Config)
		play     func(p *peers.H2, id uint32)
		messages int
	}{
		"byte by byte": {messages: 1, play: func(p *peers.H2, id uint32) {
			header(p, id)
			for _, b := range []byte(framed(0, serving)) {
				p.Data(id, false, string(b))
			}
			trailers(p, id, "0")
		}},
		"compressed": {messages: 1, play: func(p *peers.H2, id uint32) {
			header(p, id, "grpc-encoding", "gzip")
			p.Data(id, false, framed(1, zipped(serving)))
			trailers(p, id, "0")
		}},
		"may be compressed and is not": {messages: 1, play: func(p *peers.H2, id uint32) {
			header(p, id, "grpc-encoding", "gzip")
			p.Data(id, false, framed(0, serving))
			trailers(p, id, "0")
		}},
		"a stream": {cfg: watch, messages: 3, play: func(p *peers.H2, id uint32) {
			answerWith(p, id, framed(0, serving)+framed(0, notServing)+framed(0, serving), "0")
		}},
		"a stream of nothing": {cfg: watch, play: func(p *peers.H2, id uint32) { answerWith(p, id, "", "0") }},
		"a content-type with a suffix": {messages: 1, play: func(p *peers.H2, id uint32) {
			p.Headers(id, false, ":status", "200", "content-type", "Application/GRPC+proto")
			p.Data(id, false, framed(0, serving))
			trailers(p, id, "0", "grpc-message", "fine")
		}},
		"unknown fields": {messages: 1, play: func(p *peers.H2, id uint32) {
			answerWith(p, id, framed(0, "\x12\x01x"+serving+"\x18\x07"), "0")
		}},
		"an expected status": {cfg: expecting("NOT_FOUND"), play: func(p *peers.H2, id uint32) {
			p.Headers(id, true, ":status", "200", "content-type", "application/grpc", "grpc-status", "5")
		}},
		"two expected statuses": {cfg: expecting("UNIMPLEMENTED", "OK"), messages: 1, play: well},
		"an unknown method": {
			cfg:      func(c *Config) { c.Service, c.Method = "shop.v1.Orders", "List" },
			messages: 2, play: func(p *peers.H2, id uint32) { answerWith(p, id, framed(0, "a")+framed(0, ""), "0") },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := peers.Listen(t, playing(tt.play))
			cfg := Config{Plan: planOf(p)}
			if tt.cfg != nil {
				tt.cfg(&cfg)
			}
			e := newEngine(t, cfg)
			var r probe.Result
			for range 2 {
				again(t.Context(), e, &r, patience)
				require.Equal(t, errcode.OK, e.Code(&r), "%v %v", r.Err, r.Unmet)
				assert.Equal(t, tt.messages, r.Messages)
			}
			assert.Equal(t, 1, p.Connections())
		})
	}
}
