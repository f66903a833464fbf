package transport

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"example.com/prober/internal/peers"
	"example.com/prober/option"
	"example.com/prober/prober/message"
	"example.com/prober/prober/probe"
	"example.com/prober/template"
)

// steadyMix returns how many allocations a request of tr with its own values takes. It
// sends each of the requests of tr in turn.
func steadyMix(t *testing.T, tr *Transport) float64 {
	t.Helper()
	var r probe.Result
	values := [][]byte{[]byte("first value"), []byte("another, longer value"), []byte("x")}
	n := 0
	exchange := func() {
		n++
		r.Values.Reset()
		r.Values.Set(0, values[n%len(values)])
		r.Values.Set(1, values[0]) // of one length, as the peer expects
		now := probe.Now()
		r.Reset(now, now.Add(patience))
		r.Request = n % len(tr.requests)
		tr.Do(context.Background(), &r)
		if tr.Code(&r) != 0 {
			t.Fatal("the exchange failed:", r.Err, r.HTTP.BodyErr)
		}
	}
	for range 2 * len(values) * len(tr.requests) {
		exchange()
	}
	return testing.AllocsPerRun(200, exchange)
}

func TestARequestThatVariesAllocatesNothing(t *testing.T) {
	all := map[string]func(c *Config){
		"a path": func(c *Config) { c.Path = tmpl(t, "/items/{{ a }}?q={{ a }}", template.Path) },
		"a header": func(c *Config) {
			c.VaryingHeader = []VaryingField{varying(t, "X-A", "a {{ a }}"), varying(t, "Cookie", "a={{ a }}")}
		},
		"everything": func(c *Config) {
			c.Path, c.VaryingHeader = tmpl(t, "/items/{{ a }}?q={{ a }}", template.Path), []VaryingField{varying(t, "X-A", "a {{ a }}")}
			c.IDHeader, c.Traceparent = "X-Id", true
			c.Authorization = func() (string, error) { return "Bearer x", nil }
			c.Expect.Body.Contains = "hello"
		},
	}
	body := func(text string) func(c *Config) {
		return func(c *Config) {
			c.Method, c.Path = "POST", tmpl(t, "/{{ a }}", template.Path)
			c.Header, c.VaryingBody = message.Fields("Content-Type", "application/json"), tmpl(t, text, template.JSON)
		}
	}
	const short = `{"name": "{{ b }}"}`
	size := int64(len(short) - len("{{ b }}") + len("first value"))
	check := func(t *testing.T, cfg Config, changes ...func(c *Config)) {
		t.Helper()
		assert.Zero(t, steadyMix(t, newMixOf(t, cfg, changes...)))
	}
	for name, change := range all {
		t.Run(name+" over HTTP/1.1", func(t *testing.T) {
			check(t, Config{URL: peers.Listen(t, answeringUploads(0)).URL("http")}, change)
		})
		t.Run(name+" over HTTP/2", func(t *testing.T) {
			check(t, Config{URL: peers.Listen(t, fastPeer(t)).URL("http"), HTTPVersion: option.H2C}, change)
		})
	}
	t.Run("a body over HTTP/1.1", func(t *testing.T) {
		check(t, Config{URL: peers.Listen(t, answeringUploads(size)).URL("http")}, body(short))
	})
	t.Run("a body over HTTP/2", func(t *testing.T) {
		check(t, Config{URL: peers.Listen(t, fastPeer(t)).URL("http"), HTTPVersion: option.H2C}, body(short))
	})
	t.Run("a long body over HTTP/1.1", func(t *testing.T) {
		long := strings.Repeat("x", 100<<10)
		check(t, Config{URL: peers.Listen(t, answeringUploads(size+int64(len(long)))).URL("http")}, body(`{"name": "`+long+`{{ b }}"}`))
	})
	t.Run("a mix over HTTP/1.1", func(t *testing.T) {
		check(t, Config{URL: peers.Listen(t, answeringUploads(0)).URL("http")}, all["a path"], func(*Config) {}, all["everything"], all["a header"])
	})
	t.Run("a mix over HTTP/2", func(t *testing.T) {
		cfg := Config{URL: peers.Listen(t, fastPeer(t)).URL("http"), HTTPVersion: option.H2C}
		check(t, cfg, all["a path"], func(*Config) {}, all["everything"], body(short), all["a header"])
	})
}

// BenchmarkHTTP1ThatVaries is to be compared with BenchmarkHTTP1.
func BenchmarkHTTP1ThatVaries(b *testing.B) {
	benchmarkVarying(b, peers.Answering(peers.OKAnswer), option.AutoHTTP)
}

// BenchmarkHTTP2ThatVaries is to be compared with BenchmarkHTTP2.
func BenchmarkHTTP2ThatVaries(b *testing.B) { benchmarkVarying(b, fastPeer(b), option.H2C) }

func benchmarkVarying(b *testing.B, script peers.Script, version option.HTTPVersion) {
	b.Helper()
	p := peers.Listen(b, script)
	tr := newTransport(b, Config{
		URL: p.URL("http"), HTTPVersion: version,
		Path: tmpl(b, "/items/{{ a }}", template.Path), VaryingHeader: []VaryingField{varying(b, "X-A", "{{ a }}")},
	})
	var r probe.Result
	r.Values.Set(0, []byte("a value"))
	b.ReportAllocs()
	for b.Loop() {
		step(tr, &r, 0)
		if r.Err != nil {
			b.Fatal(r.Err)
		}
	}
}
