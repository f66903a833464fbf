package transport

import (
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
	"example.com/prober/prober/wire"
	"example.com/prober/template"
)

// awkward are values that have to be escaped somewhere.
var awkward = []string{
	"plain", "", " ", "a b", "/", "a/b", "..", "?", "#", "%", "%41", "&", "=", "+", ";", "a&b=c", `"`, `\`, "'", "<>", "{}", "{{ a }}",
	"\U0001f600", "é", "\t", "\n", "\r\n", "\x00", "\x7f", "\xff", "http://a.test/", "//", ":", "@", ",", "\"}, {\"", "\r\nX-Injected: a",
}

func TestAValueArrivesAsItIs(t *testing.T) {
	t.Parallel()
	overAll(t, mirror, func(t *testing.T, cfg Config) {
		var m mirrored
		m.watch(&cfg)
		tr := newMixOf(t, cfg,
			func(c *Config) { c.Path = tmpl(t, "/items/{{ a }}/x", template.Path) },
			func(c *Config) { c.Path = tmpl(t, "/search?q={{ a }}&p=1", template.Path) },
			func(c *Config) {
				c.Method, c.VaryingBody = "POST", tmpl(t, `{"name": "{{ a }}"}`, template.JSON)
			},
			func(c *Config) {
				c.Method, c.VaryingBody = "POST", tmpl(t, "name={{ a }}&p=1", template.Form)
				c.Header = message.Fields("Content-Type", "application/x-www-form-urlencoded")
			},
			func(c *Config) { c.Method, c.VaryingBody = "POST", tmpl(t, "{{ a }}", template.Text) },
		)
		var r probe.Result
		for _, value := range awkward {
			received := []func() string{
				func() string { return strings.TrimSuffix(strings.TrimPrefix(m.Path, "/items/"), "/x") },
				func() string { return m.Query.Get("q") + strings.Repeat("!", len(m.Query)-2) },
				func() string { return jsonName(t, m.Body) },
				func() string {
					form, err := url.ParseQuery(m.Body)
					require.NoError(t, err)
					return form.Get("name") + strings.Repeat("!", len(form)-2)
				},
				func() string { return m.Body },
			}
			for n, of := range received {
				if !isText(value) && (n == 2 || n == 4) {
					continue // JSON has no place for it, neither to send nor to come back
				}
				set(&r, value)
				step(tr, &r, n)
				require.Equal(t, errcode.OK, tr.Code(&r), "%d %q: %v", n, value, r.Err)
				assert.Equal(t, strings.ToValidUTF8(value, "\ufffd"), strings.ToValidUTF8(of(), "\ufffd"), "%d %q", n, value)
				assert.NotContains(t, m.Header, "X-Injected")
			}
		}
	})
}

func TestAValueOfAHeaderFieldArrivesAsItIsOrNotAtAll(t *testing.T) {
	t.Parallel()
	overAll(t, mirror, func(t *testing.T, cfg Config) {
		var m mirrored
		m.watch(&cfg)
		tr := newMixOf(t, cfg,
			func(c *Config) {
				c.VaryingHeader = []VaryingField{varying(t, "X-Whole", "{{ a }}"), varying(t, "X-Part", "<{{ a }}>")}
			},
			func(c *Config) {
				c.Header = message.Fields("X-Fixed", "1")
				c.VaryingHeader = []VaryingField{
					varying(t, "X-Fixed", "2"), varying(t, "User-Agent", "agent {{ a }}"), varying(t, "Accept-Encoding", "{{ b }}"), varying(t, "X-Fixed", "{{ b }}"),
				}
				c.Compression = []string{"gzip"}
			},
		)
		for _, value := range awkward {
			r := doWith(tr, 0, value)
			bad := strings.ContainsAny(value, "\n\r\x00\x7f")
			blank := strings.TrimSpace(value) != value
			if bad || blank {
				assert.Equal(t, errcode.Template, tr.Code(r), "%q", value)
				assert.Equal(t, errcode.PhaseQueue, r.FailedIn())
				assert.Zero(t, r.Sent)
				assert.Zero(t, r.HTTP.Status)
				continue
			}
			require.NoError(t, r.Err, "%q", value)
			assert.Equal(t, strings.ToValidUTF8(value, "\ufffd"), m.Header.Get("X-Whole"))
			assert.Equal(t, strings.ToValidUTF8("<"+value+">", "\ufffd"), m.Header.Get("X-Part"))
		}
		require.NoError(t, doWith(tr, 1, "A", "B").Err)
		assert.Equal(t, []string{"1", "2", "B"}, m.Header["X-Fixed"])
		assert.Equal(t, []string{"agent A"}, m.Header["User-Agent"])
		assert.Equal(t, []string{"B"}, m.Header["Accept-Encoding"])
	})
}

func TestWhatCannotBePutTogetherIsNotSent(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 33<<10)
	for name, tt := range map[string]struct {
		change func(c *Config)
		values []string
		want   string
	}{
		"no value":           {func(c *Config) { c.Path = tmpl(t, "/{{ b }}", template.Path) }, []string{"a"}, "the value of {{ b }} is not known"},
		"a line break":       {func(c *Config) { c.VaryingHeader = []VaryingField{varying(t, "X-A", "{{ a }}")} }, []string{"s3cret\n"}, "the value of {{ a }} has a control character, which no header field can hold"},
		"a blank at the end": {func(c *Config) { c.VaryingHeader = []VaryingField{varying(t, "X-A", "Bearer {{ a }}")} }, []string{""}, `the header field "X-A" would begin or end with a blank`},
		"no JSON":            {func(c *Config) { c.VaryingBody = tmpl(t, `{"n": {{ a }}}`, template.JSON) }, []string{"s3cret"}, "the value of {{ a }} is not JSON; outside of a string it must be JSON"},
		"a long path":        {func(c *Config) { c.Path = tmpl(t, "/{{ a }}{{ a }}", template.Path) }, []string{long}, "its path and header fields are above 64 KiB"},
		"long fields": {func(c *Config) {
			c.VaryingHeader = []VaryingField{varying(t, "X-A", "{{ a }}"), varying(t, "X-B", "{{ a }}")}
		}, []string{long}, "its path and header fields are above 64 KiB"},
		"a cookie":           {func(c *Config) { c.Cookies, c.VaryingHeader = true, []VaryingField{varying(t, "Cookie", "a={{ a }}")} }, []string{"s3cret\r\n"}, "the value of {{ a }} has a control character, which no header field can hold"},
		"a blank in cookies": {func(c *Config) { c.Cookies, c.VaryingHeader = true, []VaryingField{varying(t, "Cookie", "a={{ a }}")} }, []string{"s3cret "}, `the header field "Cookie" would begin or end with a blank`},
		"long cookies": {func(c *Config) {
			c.Cookies, c.VaryingHeader = true, []VaryingField{varying(t, "Cookie", "a={{ a }}{{ a }}")}
		}, []string{long}, "its path and header fields are above 64 KiB"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := peers.Listen(t, peers.Answering(peers.OKAnswer))
			cfg := Config{URL: p.URL("http")}
			tt.change(&cfg)
			tr := newTransport(t, cfg)
			r := doWith(tr, 0, tt.values...)
			assert.EqualError(t, r.Err, "queue: the request cannot be put together: "+tt.want)
			assert.Equal(t, errcode.Template, tr.Code(r))
			assert.Equal(t, errcode.PhaseQueue, r.FailedIn())
			assert.Zero(t, r.Sent)
			assert.Zero(t, p.Connections())
			assertPhasesAddUp(t, r)
		})
	}
}

func TestALongHeaderIsSentThatIsWithinItsBound(t *testing.T) {
	t.Parallel()
	value := strings.Repeat("x", 60<<10)
	overAll(t, func(w http.ResponseWriter, q *http.Request) {
		if q.Header.Get("X-A") != value || q.URL.Path != "/a" {
			w.WriteHeader(http.StatusTeapot)
		}
	}, func(t *testing.T, cfg Config) {
		cfg.Path, cfg.VaryingHeader = tmpl(t, "/{{ b }}", template.Path), []VaryingField{varying(t, "X-A", "{{ a }}")}
		tr := newTransport(t, cfg)
		for range 2 {
			r := doWith(tr, 0, value, "a")
			require.NoError(t, r.Err)
			assert.Equal(t, 200, r.HTTP.Status)
		}
	})
}

func TestABodyThatVariesHasItsLength(t *testing.T) {
	t.Parallel()
	overAll(t, mirror, func(t *testing.T, cfg Config) {
		var m mirrored
		m.watch(&cfg)
		cfg.VaryingBody, cfg.Body, cfg.BodySize = tmpl(t, "{{ a }}", template.Text), []byte("fixed"), 100
		tr := newMixOf(t, cfg,
			func(c *Config) { c.Method = "POST" },
			func(c *Config) { c.Method = "DELETE" },
			func(c *Config) { c.Method, c.Path = "PUT", tmpl(t, "/{{ b }}", template.Path) },
		)
		var r probe.Result
		for _, size := range []int{0, 5, 40 << 10, 0, 1 << 20, 1} {
			for n := range 3 {
				body := strings.Repeat("body!", size/5+1)[:size]
				set(&r, body, "x")
				step(tr, &r, n)
				require.Equal(t, errcode.OK, tr.Code(&r), "%d: %v %v", size, r.Err, r.HTTP.BodyErr)
				assert.Zero(t, strings.Compare(body, m.Body), size)
				if size > 0 || n != 1 {
					assert.EqualValues(t, size, m.Length)
				} else {
					assert.LessOrEqual(t, m.Length, int64(0), "a method without content announces none")
				}
			}
		}
		assert.Equal(t, 1, tr.Open())
	})
}

func TestAFixedTemplateIsARequestThatDoesNotVary(t *testing.T) {
	t.Parallel()
	overAll(t, mirror, func(t *testing.T, cfg Config) {
		var m mirrored
		m.watch(&cfg)
		cfg.Method, cfg.Path, cfg.VaryingBody = "POST", tmpl(t, "/a b/%41?c=d?&é", template.Path), tmpl(t, "hello", template.Text)
		cfg.VaryingHeader = []VaryingField{varying(t, "X-A", "b")}
		tr := newTransport(t, cfg)
		assert.Nil(t, tr.requests[0].rendering)
		assert.True(t, tr.requests[0].call.varying.None())
		require.NoError(t, do(tr, patience).Err)
		assert.Equal(t, "/a%20b/%41?c=d?&%C3%A9", m.Target)
		assert.Equal(t, "hello", m.Body)
		assert.Equal(t, []string{"b"}, m.Header["X-A"])
	})
}

// Over TLS, and with a connection for each request, the same goes out.
func TestRequestsVaryOverTLSAndOnNewConnections(t *testing.T) {
	t.Parallel()
	for over, version := range map[peers.Wire]option.HTTPVersion{peers.HTTP1TLS: option.OnlyHTTP11, peers.HTTP2: option.OnlyHTTP2, peers.HTTP3: option.OnlyHTTP3} {
		for _, requests := range []int{0, 1} {
			var m mirrored
			cfg := Config{URL: serve(t, over, mirror), HTTPVersion: version, RequestsPerConnection: requests, TLS: option.TLS{InsecureSkipVerify: true}}
			m.watch(&cfg)
			cfg.Method, cfg.Path, cfg.VaryingBody = "POST", tmpl(t, "/{{ a }}?b={{ b }}", template.Path), tmpl(t, "{{ b }}{{ a }}", template.Text)
			tr := newTransport(t, cfg)
			var r probe.Result
			for _, value := range []string{"one", "two", ""} {
				set(&r, value, "x")
				step(tr, &r, 0)
				require.NoError(t, r.Err)
				assert.Equal(t, []string{"/" + value + "?b=x", "x" + value}, []string{m.Target, m.Body})
			}
		}
	}
}

func TestAProxyThatForwardsGetsTheWholeTargetOfEachRequest(t *testing.T) {
	t.Parallel()
	var m mirrored
	proxy := serve(t, peers.HTTP1, mirror)
	cfg := Config{URL: &url.URL{Scheme: "http", Host: "target.test:8080", Path: "/x"}, Proxy: wire.ProxyOptions{URL: proxy}}
	m.watch(&cfg)
	cfg.Path = tmpl(t, "/{{ a }}?b={{ b }}", template.Path)
	tr := newTransport(t, cfg)
	for _, value := range []string{"a/b", "", "c"} {
		require.NoError(t, doWith(tr, 0, value, "x").Err)
		assert.Equal(t, "http://target.test:8080/"+url.PathEscape(value)+"?b=x", m.Target)
		assert.Equal(t, "target.test:8080", m.Host)
	}
}
