package transport

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/quic-go/quic-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/http2"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/option"
	"example.com/prober/prober/message"
	"example.com/prober/prober/probe"
	"example.com/prober/template"
)

// everythingVaries makes every part of the request of cfg vary.
func everythingVaries(t testing.TB, cfg *Config) {
	t.Helper()
	cfg.Method, cfg.Path = "POST", tmpl(t, "/{{ a }}?status={{ b }}&to={{ c }}&d={{ d }}", template.Path)
	cfg.Header = message.Fields("Content-Type", "application/json")
	cfg.VaryingHeader = []VaryingField{varying(t, "X-D", "{{ d }}"), varying(t, "Content-Language", "{{ d }}"), varying(t, "Authorization", "Bearer {{ d }}")}
	cfg.VaryingBody = tmpl(t, `{"name": "{{ d }}"}`, template.JSON)
	cfg.IDHeader = "X-Id"
}

// redirectingOrMirror redirects as the query asks for, except at /there.
func redirectingOrMirror(w http.ResponseWriter, q *http.Request) {
	if q.URL.Path == "/there" {
		mirror(w, q)
		return
	}
	redirecting(w, q)
}

func TestARedirectRepeatsWhatWasPutTogether(t *testing.T) {
	t.Parallel()
	overAll(t, redirectingOrMirror, func(t *testing.T, cfg Config) {
		var m mirrored
		m.watch(&cfg)
		everythingVaries(t, &cfg)
		cfg.FollowRedirects = 2
		tr := newTransport(t, cfg)
		var r probe.Result
		for _, value := range []string{"one", `two"`} {
			for _, status := range []string{"307", "308", "302", "303"} {
				set(&r, "", status, "/there?e=f", value)
				step(tr, &r, 0)
				require.Equal(t, errcode.OK, tr.Code(&r), "%v", r.Err)
				assert.Len(t, r.HTTP.Hops, 1)
				assert.Equal(t, "/there?e=f", m.Target)
				assert.Equal(t, []string{value}, m.Header["X-D"])
				assert.Equal(t, []string{"Bearer " + value}, m.Header["Authorization"])
				assert.Len(t, m.Header["X-Id"], 1)
				if status < "307" {
					assert.Equal(t, "GET", m.Method)
					assert.Empty(t, m.Body)
					assert.NotContains(t, m.Header, "Content-Language")
					assert.NotContains(t, m.Header, "Content-Type")
					continue
				}
				assert.Equal(t, "POST", m.Method)
				assert.Equal(t, value, jsonName(t, m.Body))
				assert.Equal(t, []string{value}, m.Header["Content-Language"])
			}
		}
	})
}

func TestALongBodyIsRepeatedBehindARedirect(t *testing.T) {
	t.Parallel()
	overAll(t, redirectingOrMirror, func(t *testing.T, cfg Config) {
		var m mirrored
		m.watch(&cfg)
		cfg.URL, cfg.Method, cfg.FollowRedirects = redirect(cfg.URL, 307, "/there"), "PUT", 1
		cfg.VaryingBody = tmpl(t, "{{ a }}", template.Text)
		tr := newTransport(t, cfg)
		for _, size := range []int{0, 100, 1 << 20} {
			body := strings.Repeat("x", size)
			r := doWith(tr, 0, body)
			require.Equal(t, errcode.OK, tr.Code(r), "%v", r.Err)
			assert.Zero(t, strings.Compare(body, m.Body))
		}
	})
}

// A relative Location is resolved against the path put together for the request.
func TestARedirectLeadsOnFromThePathThatWasPutTogether(t *testing.T) {
	t.Parallel()
	overAll(t, func(w http.ResponseWriter, q *http.Request) {
		if strings.HasPrefix(q.URL.Path, "/shop/") && !strings.HasSuffix(q.URL.Path, "there") {
			w.Header().Set("Location", "there")
			w.WriteHeader(http.StatusFound)
			return
		}
		mirror(w, q)
	}, func(t *testing.T, cfg Config) {
		var m mirrored
		m.watch(&cfg)
		cfg.Path, cfg.FollowRedirects = tmpl(t, "/{{ a }}/here", template.Path), 1
		require.NoError(t, doWith(newTransport(t, cfg), 0, "shop").Err)
		assert.Equal(t, "/shop/there", m.Target)
	})
}

func TestAnotherOriginGetsNoCredentialsThatWerePutTogether(t *testing.T) {
	t.Parallel()
	var m mirrored
	away := serve(t, peers.HTTP1, mirror)
	cfg := Config{URL: serve(t, peers.HTTP1, redirectingOrMirror), FollowRedirects: 1}
	m.watch(&cfg)
	everythingVaries(t, &cfg)
	cfg.VaryingHeader = append(cfg.VaryingHeader, varying(t, "Cookie", "a={{ d }}"))
	tr := newTransport(t, cfg)
	require.NoError(t, doWith(tr, 0, "", "307", away.String()+"there", "one").Err)
	assert.Equal(t, "one", jsonName(t, m.Body))
	assert.Equal(t, []string{"one"}, m.Header["X-D"])
	assert.NotContains(t, m.Header, "Authorization")
	assert.NotContains(t, m.Header, "Cookie")
}

// sentTwice checks that a request sent again has the same bytes.
func sentTwice(t *testing.T, cfg Config, came <-chan []byte) {
	t.Helper()
	everythingVaries(t, &cfg)
	tr := newTransport(t, cfg)
	r := doWith(tr, 0, "a", "200", "", strings.Repeat("long", 1000))
	require.NoError(t, r.Err)
	assert.True(t, r.HTTP.Resent)
	first, second := <-came, <-came
	assert.NotEmpty(t, first)
	assert.True(t, bytes.Equal(first, second))
	assert.True(t, bytes.Contains(first, []byte(strings.Repeat("long", 1000))))
}

func TestARequestOverHTTP2IsSentAgainByteByByte(t *testing.T) {
	t.Parallel()
	came := make(chan []byte, 2)
	connections := newOnce()
	p := peers.Listen(t, func(c net.Conn) {
		isFirst := connections.first()
		peer := peers.NewH2(c)
		peer.Greet()
		var all []byte
		for {
			var ended bool
			var id uint32
			switch f := peer.Next().(type) {
			case nil:
				return
			case *http2.HeadersFrame:
				all, ended, id = append(all, f.HeaderBlockFragment()...), f.StreamEnded(), f.StreamID
			case *http2.ContinuationFrame:
				all = append(all, f.HeaderBlockFragment()...)
			case *http2.DataFrame:
				all, ended, id = append(all, f.Data()...), f.StreamEnded(), f.StreamID
			}
			if !ended {
				continue
			}
			came <- all
			if isFirst {
				_ = peer.WriteGoAway(0, http2.ErrCodeNo, nil)
				continue
			}
			peer.Answer(id)
		}
	})
	sentTwice(t, Config{URL: p.URL("http"), HTTPVersion: option.H2C}, came)
}

func TestARequestOverHTTP3IsSentAgainByteByByte(t *testing.T) {
	t.Parallel()
	came := make(chan []byte, 2)
	p := peers.ListenQUIC(t, peers.Settings{}, func(p *peers.H3) {
		p.Greet()
		for s := p.Request(); s != nil; s = p.Request() {
			all, err := io.ReadAll(s)
			if err != nil {
				return
			}
			came <- all
			if len(came) == 1 {
				s.CancelWrite(quic.StreamErrorCode(0x10b))
				continue
			}
			p.Answer(s)
		}
	})
	sentTwice(t, Config{URL: p.URL(), HTTPVersion: option.OnlyHTTP3, TLS: option.TLS{CA: p.CA()}}, came)
}

func TestARequestThatCannotBePutTogetherHoldsNothing(t *testing.T) {
	t.Parallel()
	ceiling := probe.NewCeiling(1)
	refusing := func() (string, error) { return "", errcode.New(errcode.Credentials, "no token") }
	for name, tr := range everyVersion(t, ceiling, fine) {
		t.Run(name, func(t *testing.T) {
			cfg := *tr.cfg
			cfg.Path = tmpl(t, "/{{ a }}", template.Path)
			for _, authorization := range []func() (string, error){nil, refusing} {
				cfg.Authorization = authorization
				one := newTransport(t, cfg)
				var r probe.Result
				for range 3 {
					require.True(t, one.Reserve(&r), "what was reserved before is free again")
					step(one, &r, 0)
					require.Error(t, r.Err)
				}
				one.CloseIdle()
				one.Wait()
				assert.Zero(t, ceiling.Used())
			}
		})
	}
}
