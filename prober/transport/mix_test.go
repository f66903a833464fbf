package transport

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/option"
	"example.com/prober/prober/message"
	"example.com/prober/prober/probe"
	"example.com/prober/template"
)

// path is a path with its query.
func path(t testing.TB, text string) *template.Template {
	t.Helper()
	return tmpl(t, text, template.Path)
}

func TestTheRequestsOfAMixShareConnections(t *testing.T) {
	t.Parallel()
	overAll(t, mirror, func(t *testing.T, cfg Config) {
		var m mirrored
		tr := newMixOf(t, cfg,
			func(c *Config) { c.Path = path(t, "/search?q=a%20b") },
			func(c *Config) { c.Method, c.Body, c.Path = "POST", []byte("hello"), path(t, "/cart") },
			func(c *Config) {
				c.Host, c.Header, c.IDHeader = "shop.test", message.Fields("X-Kind", "third"), "X-Id"
				m.watch(c)
			},
			func(c *Config) { m.watch(c) },
		)
		for i := range 8 {
			r := doWith(tr, i%4)
			require.NoError(t, r.Err)
			assert.Equal(t, errcode.OK, tr.Code(r))
			assert.Equal(t, i > 0, r.Reused)
			switch i % 4 {
			case 2:
				assert.Equal(t, "shop.test", m.Host)
				assert.Equal(t, []string{"third"}, m.Header["X-Kind"])
				assert.Len(t, m.Header.Get("X-Id"), 32)
			case 3:
				assert.NotContains(t, m.Header, "X-Kind")
				assert.NotContains(t, m.Header, "X-Id")
				assert.Equal(t, "/", m.Target)
			}
		}
		assert.Equal(t, 1, tr.Open())
	})
}

func TestEachRequestOfAMixIsJudgedByItself(t *testing.T) {
	t.Parallel()
	overAll(t, func(w http.ResponseWriter, q *http.Request) {
		w.Header().Set("X-Path", q.URL.Path)
		if q.URL.Path == "/moved" {
			http.Redirect(w, q, "/there", http.StatusFound)
			return
		}
		_, _ = w.Write(bytes.Repeat([]byte("x"), 2000))
	}, func(t *testing.T, cfg Config) {
		expecting := func(at string, change func(c *Config)) func(c *Config) {
			return func(c *Config) {
				c.Path = path(t, at)
				change(c)
			}
		}
		tr := newMixOf(t, cfg,
			expecting("/plain", func(*Config) {}),
			expecting("/short", func(c *Config) { c.MaxBodyBytes = 1000 }),
			expecting("/body", func(c *Config) { c.Expect.Body.Contains = "y" }),
			expecting("/header", func(c *Config) { c.Expect.Header = []option.FieldPattern{{Name: "X-Path", Pattern: "^/header$"}} }),
			expecting("/other", func(c *Config) { c.Expect.Header = []option.FieldPattern{{Name: "X-Path", Pattern: "^/header$"}} }),
			expecting("/status", func(c *Config) { c.Expect.Status = []option.StatusRange{{From: 201, To: 204}} }),
			expecting("/moved", func(*Config) {}),
			expecting("/moved", func(c *Config) { c.FollowRedirects = 1 }),
			expecting("/head", func(c *Config) { c.Method = http.MethodHead }),
		)
		limit := errcode.BodyLimit
		want := []errcode.Code{0, limit, errcode.UnexpectedBody, 0, errcode.UnexpectedHeader, errcode.UnexpectedStatus, 0, 0, 0}
		status := []int{200, 200, 200, 200, 200, 200, 302, 200, 200}
		var r probe.Result
		for range 2 {
			for i := range want {
				step(tr, &r, i)
				assert.Equal(t, want[i], tr.Code(&r), "%d: %v", i, r.Err)
				assert.Equal(t, status[i], r.HTTP.Status, i)
				assert.Len(t, r.HTTP.Hops, map[bool]int{true: 1}[i == 7], i)
			}
		}
	})
}

func TestAMixThatCannotBe(t *testing.T) {
	t.Parallel()
	at := func(text string) *url.URL {
		u, err := url.Parse(text)
		require.NoError(t, err)
		return u
	}
	home := Config{URL: at("http://a.test/x"), Method: "GET"}
	for name, tt := range map[string]struct {
		cfgs []Config
		want string
	}{
		"no request":         {nil, "a mix without a request"},
		"another host":       {[]Config{home, {URL: at("http://b.test/"), Method: "GET"}}, "request 1: its URL has another origin than the first URL"},
		"another port":       {[]Config{home, {URL: at("http://a.test:81/"), Method: "GET"}}, "request 1: its URL has another origin than the first URL"},
		"another scheme":     {[]Config{home, {URL: at("https://a.test/"), Method: "GET"}}, "request 1: its URL has another origin than the first URL"},
		"no path":            {[]Config{{URL: home.URL, Path: path(t, "a")}}, errTarget.Error()},
		"a path of a URL":    {[]Config{{URL: home.URL, Path: path(t, "http://b.test/")}}, errTarget.Error()},
		"an escape":          {[]Config{{URL: home.URL, Path: path(t, "/%zz")}}, errTarget.Error()},
		"an escape of names": {[]Config{{URL: home.URL, Path: path(t, "/%4{{ a }}")}}, errTarget.Error()},
		"a path of a name":   {[]Config{{URL: home.URL, Path: path(t, "{{ a }}")}}, errTarget.Error()},
		"a header":           {[]Config{{URL: home.URL, VaryingHeader: []VaryingField{varying(t, "X-A", "a\nb{{ a }}")}}}, `the header field "X-A" has a control character`},
		"a fixed header":     {[]Config{{URL: home.URL, VaryingHeader: []VaryingField{varying(t, "X-A", "a\nb")}}}, `the header field "X-A" has a control character`},
		"a regexp":           {[]Config{{URL: home.URL, Captures: []Capture{{Name: "id", Regexp: "("}}}}, "capture \"id\": error parsing regexp: missing closing ): `(`"},
		"a body to look at":  {[]Config{{URL: home.URL, MaxBodyBytes: 9 << 20, Captures: []Capture{{Name: "id", JSON: "a"}}}}, "a body above 8 MiB cannot be checked, so none may be accepted"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := NewMix(tt.cfgs)
			assert.EqualError(t, err, tt.want)
		})
	}
	early := Config{URL: at("https://a.test/"), Method: "GET", HTTPVersion: option.OnlyHTTP3, TLS: option.TLS{EarlyData: true}}
	unsafe := early
	unsafe.Method = "POST"
	_, err := NewMix([]Config{early, unsafe})
	assert.EqualError(t, err, "request 1: early data is for safe methods only")
}

// A pool of HTTP/2 keeps a field if any of the requests wants it.
func TestAFieldThatOneRequestLooksAtIsKeptForThatOne(t *testing.T) {
	t.Parallel()
	overAll(t, func(w http.ResponseWriter, q *http.Request) {
		w.Header().Set("X-One", "1")
		w.Header().Set("X-Two", "2")
		if strings.Contains(q.URL.Path, "gzip") {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write([]byte("no gzip"))
		}
	}, func(t *testing.T, cfg Config) {
		tr := newMixOf(t, cfg,
			func(c *Config) { c.Path = path(t, "/gzip") },
			func(c *Config) { c.KeepHeader = []string{"X-One"} },
			func(c *Config) { c.KeepHeader = []string{"X-Two"} },
			func(c *Config) { c.Path, c.Compression = path(t, "/gzip"), []string{"gzip"} },
		)
		has := func(r *probe.Result, name string) bool {
			return AnyField(r, name, func([]byte) bool { return true })
		}
		var r probe.Result
		for range 2 {
			step(tr, &r, 0)
			assert.Equal(t, errcode.OK, tr.Code(&r))
			assert.False(t, has(&r, "X-One"))
			step(tr, &r, 1)
			assert.True(t, has(&r, "X-One"))
			step(tr, &r, 2)
			assert.True(t, has(&r, "X-Two"))
			step(tr, &r, 3)
			assert.Equal(t, errcode.Decompression, tr.Code(&r))
		}
	})
}

// Behind a redirect to another origin each request of a mix is the same as at home.
func TestAnotherOriginServesEachRequestOfAMix(t *testing.T) {
	t.Parallel()
	for over, version := range map[peers.Wire]option.HTTPVersion{peers.HTTP1: option.AutoHTTP, peers.H2C: option.H2C} {
		away := serve(t, over, func(w http.ResponseWriter, q *http.Request) {
			w.Header().Set("X-Two", "2")
			_, _ = fmt.Fprintf(w, "%s %s", q.Method, q.URL.Path)
		})
		home := serve(t, over, func(w http.ResponseWriter, q *http.Request) {
			http.Redirect(w, q, away.String()+strings.TrimPrefix(q.URL.Path, "/"), http.StatusTemporaryRedirect)
		})
		cfg := Config{URL: home, HTTPVersion: version, FollowRedirects: 1}
		tr := newMixOf(t, cfg,
			func(c *Config) { c.Path = path(t, "/first") },
			func(c *Config) { c.Path, c.MaxBodyBytes = path(t, "/second"), 5 },
			func(c *Config) {
				c.Path, c.Method, c.Expect.Body.Contains = path(t, "/third"), "DELETE", "DELETE /third"
				c.Expect.Header = []option.FieldPattern{{Name: "X-Two", Pattern: "2"}}
			},
		)
		for range 2 {
			for i, want := range []errcode.Code{errcode.OK, errcode.BodyLimit, errcode.OK} {
				r := doWith(tr, i)
				assert.Equal(t, want, tr.Code(r), "%d: %v %v", i, r.Err, r.HTTP.BodyErr)
			}
		}
	}
}
