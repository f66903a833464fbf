package prober

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/config"
)

// previewsOf returns the previews of a configuration in a folder, so many of each target.
func previewsOf(t *testing.T, text, folder string, shard Shard, most int) (all []Preview) {
	t.Helper()
	cfg, err := config.Parse([]byte(text), filepath.Join(folder, "prober.yml"))
	require.NoError(t, err)
	for p, err := range Previews(cfg, shard, most) {
		require.NoError(t, err)
		all = append(all, p)
	}
	return all
}

// sentOnce fires the burst of the slot 0 of the only target.
func sentOnce(t *testing.T, text, folder string, shard Shard) {
	t.Helper()
	cfg, err := config.Parse([]byte(text), filepath.Join(folder, "prober.yml"))
	require.NoError(t, err)
	shot, err := NewShot(Options{Log: slog.New(slog.DiscardHandler), Metrics: cfg.Metrics, Shard: shard}, cfg.Targets[0], cfg.Network)
	require.NoError(t, err)
	one := shot.target
	one.part = shard.Part(&one.load)
	defer one.finish()
	one.recorder.SetRequests(one.load.Names, one.load.IsJourney())
	one.current.Load().begin(t.Context(), context.Background())
	one.fire(t.Context(), context.Background(), 0)
}

// witness is a server that notes its requests in the form of previews.
type witness struct {
	*httptest.Server

	mu   sync.Mutex
	seen []string
}

func newWitness(t *testing.T) *witness {
	t.Helper()
	w := new(witness)
	w.Server = httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		header := []string{"Host: " + r.Host}
		for name, values := range r.Header {
			for _, value := range values {
				header = append(header, name+": "+value)
			}
		}
		w.mu.Lock()
		w.seen = append(w.seen, unordered(&Preview{Line: r.Method + " " + w.URL + r.RequestURI, Header: header, Body: string(body)}))
		w.mu.Unlock()
		_, _ = io.WriteString(out, `{"token": "<token>"}`)
	}))
	t.Cleanup(w.Close)
	return w
}

// unordered returns all of a preview except the order of its header.
func unordered(p *Preview) string {
	lines := map[string]bool{}
	for _, line := range p.Header {
		lines[line] = true
	}
	return fmt.Sprintf("%s\n%v\n%s", p.Line, lines, p.Body)
}

// The values of the data equal the values that a preview makes up, so nothing else may differ.
func TestAPreviewSaysWhatIsSent(t *testing.T) {
	for name, c := range map[string]struct {
		shard Shard
		text  string
	}{
		"a mix": {text: `
    request: {method: POST, headers: {Content-Type: application/json, X-Term: '{{ term }} and more'}, compression: [gzip]}
    requests:
      - {name: search, weight: 3, path: '/s/{{ term }}?q=a{{ term }}&c=d e', body: '{"q": "{{ term }}", "n": {{ n }}, "page": {{ page }}}'}
      - {name: form, weight: 2, path: '/ä', headers: {Content-Type: application/x-www-form-urlencoded}, body: 'q={{ term }}&page={{ page }}'}
      - {name: empty}
      - {name: get, method: GET, headers: {Accept: [text/html, '*/*']}}
    burst: {requests: 21, concurrency: 1}`},
		"one request": {text: `
    request: {path: '/{{ term }}{{ page }}', headers: {User-Agent: me}}
    burst: {requests: 5, concurrency: 1}`},
		"a journey": {text: `
    journey:
      - {name: login, method: POST, path: '/login', body: '{"user": "{{ term }}"}', capture: {token: {json: token}}}
      - {name: cart, method: PUT, path: '/{{ token }}', headers: {Authorization: 'Bearer {{ token }}', X-A: '{{ page }}'}, body: '{"a": "{{ token }}"}'}
      - {name: end, path: '/?{{ term }}'}
    burst: {requests: 3, concurrency: 1}`},
		"a shard": {shard: Shard{Ordinal: 1, Total: 3}, text: `
    sharding: load
    requests:
      - {name: a, path: '/a/{{ term }}'}
      - {name: b, path: '/b/{{ page }}'}
    burst: {requests: 30, concurrency: 3}`},
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			require.NoError(t, os.WriteFile(filepath.Join(folder, "values.csv"), []byte("term,n\nterm-1,1\nterm-2,2\nterm-3,3\n"), 0o600))
			w := newWitness(t)
			const data = `
    data:
      term: {file: values.csv, column: term, pick: random}
      n: {file: values.csv, column: n, pick: random}
      page: {from: 5, to: 9}`
			text := "targets:\n  - name: shop\n    url: " + w.URL + "/?url" + data + c.text + "\n"
			sentOnce(t, text, folder, c.shard)
			require.NotEmpty(t, w.seen)
			var previews []string
			for _, p := range previewsOf(t, text, folder, c.shard, len(w.seen)) {
				previews = append(previews, unordered(&p))
			}
			assert.Equal(t, w.seen, previews)
		})
	}
}

func TestAPreviewHasNoSecret(t *testing.T) {
	folder := t.TempDir()
	for name, content := range map[string]string{
		"secret": "zqcanary", "values.csv": "a\nzqcanary\n", "lines.jsonl": `{"b": "zqcanary"}`, "body": "zqcanary", "message": `{"service": "zqcanary"}`,
	} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600))
	}
	all := previewsOf(t, `
defaults: {burst: {requests: 5}, request: {headers: {X-Seen: seen}}}
targets:
  - {name: basic, url: http://a.example/, request: {basic_auth: {username: u, password_file: secret}}}
  - {name: bearer, url: http://a.example/, request: {authorization: {type: Token, credentials_file: secret}}}
  - {name: oauth2, url: http://a.example/, request: {oauth2: {client_id: c, client_secret_file: secret, token_url: 'https://a.example/?zqcanary', endpoint_params: {a: zqcanary}}}}
  - {name: header, url: http://a.example/, request: {headers: {Authorization: Bearer zqcanary, Cookie: a=zqcanary}}}
  - {name: proxied, url: http://a.example/, connection: {proxy_url: 'http://b.example', proxy_username: u, proxy_password_file: secret}}
  - {name: file, url: http://a.example/, request: {method: POST, body_file: body}}
  - {name: call, url: grpc://a.example:1, request: {authorization: {credentials_file: secret}}, grpc: {message_file: message, metadata: {cookie: zqcanary}}}
  - name: mix
    url: http://a.example/
    request: {basic_auth: {username: u, password_file: secret}}
    data: {a: {file: values.csv, column: a}, b: {file: lines.jsonl, column: b}, c: {values: [zqcanary]}}
    requests:
      - {name: all, path: '/{{ a }}/{{ b }}?{{ c }}', method: POST, headers: {X-A: '{{ a }}', Cookie: 'a=zqcanary; b={{ a }}'}, body: '{{ a }}{{ b }}{{ c }}'}
      - {name: own, authorization: {credentials_file: secret}, basic_auth: null}
  - name: journey
    url: http://a.example/
    data: {c: {values: [zqcanary]}}
    journey:
      - {name: login, path: '/{{ c }}', capture: {token: {json: token}}}
      - {name: cart, headers: {Authorization: 'zqcanary{{ token }}', Cookie: '{{ token }}'}}
`, folder, Shard{}, 5)
	text := fmt.Sprintf("%+v", all)
	assert.NotContains(t, text, "zqcanary")
	assert.NotContains(t, text, "enFjYW5hcnk", "the canary in base64")
	for _, want := range []string{
		"Authorization: Basic <redacted>", "Authorization: Token <redacted>", "Authorization: Bearer <redacted>", "Authorization: <redacted>",
		"[of body_file body, 8 bytes]", "[of message_file message, ", "authorization: Bearer <redacted>", "/a-1/b-1?c-1", "a-1b-1c-1", "Cookie: <token>",
	} {
		assert.Contains(t, text, want)
	}
}

func TestAPreviewMakesValuesUpThatFitTheirPlaces(t *testing.T) {
	all := previewsOf(t, `
targets:
  - name: call
    url: grpcs://a.example:1
    request: {host: b.example, traceparent: true}
    data: {x: {values: ['1', '2']}}
    grpc: {metadata: {x-x: '{{ x }}', authorization: 'Bearer {{ x }}', y-bin: '{{ x }}', z-bin: AAE}, message: '{"service": "{{ x }} {{ "{{" }}"}'}
  - name: shop
    url: http://a.example/
    data: {x: {values: ['1', '2']}, u: {values: [a, b], pick: unique}}
    journey:
      - {name: one, path: '/{{ u }}', capture: {y: {json: y}}}
      - {name: two, method: POST, path: '/{{ y }}', body: '{"x": [{{ x }}, "{{ x }}"], "y": [{{ y }}, "{{ y }}"]}'}
`, t.TempDir(), Shard{}, 5)
	two := `{"x": [%d, "x-%d"], "y": ["<y>", "<y>"]}`
	call := func(x int) Preview {
		return Preview{
			Target: "call", Line: "grpcs://a.example:1/grpc.health.v1.Health/Check",
			Header: []string{":authority: b.example", "traceparent: 00-<trace>-<span>-01", fmt.Sprintf("x-x: x-%d", x), fmt.Sprintf("authorization: Bearer x-%d", x), "y-bin: " + base64.RawStdEncoding.EncodeToString(fmt.Appendf(nil, "x-%d", x)), "z-bin: AAE"},
			Body:   fmt.Sprintf(`{"service": "x-%d {{"}`, x),
		}
	}
	step := func(name string, journey int, line, body string) Preview {
		p := Preview{Target: "shop", Request: name, Journey: journey, Line: line, Header: []string{"Host: a.example", "User-Agent: prober"}, Body: body}
		if body != "" {
			p.Header = append(p.Header, fmt.Sprintf("Content-Length: %d", len(body)))
		}
		return p
	}
	assert.Equal(t, []Preview{
		call(1), call(2), call(1), call(2), call(1),
		step("one", 1, "GET http://a.example/u-1", ""),
		step("two", 1, "POST http://a.example/%3Cy%3E", fmt.Sprintf(two, 1, 1)),
		step("one", 2, "GET http://a.example/u-2", ""),
		step("two", 2, "POST http://a.example/%3Cy%3E", fmt.Sprintf(two, 2, 2)),
		{Target: "shop", Request: "one", Journey: 3, Failure: "the value of {{ u }} is used up: pick is unique, and all 2 were drawn"},
	}, all)
}

func TestRequestsThatAreAllTheSameArePreviewedOnce(t *testing.T) {
	const text = `
targets:
  - {name: http, url: 'http://a.example/b?c', request: {method: POST, body_size: 1KiB}}
  - {name: inline, url: 'http://a.example/', request: {method: PUT, body: '{{ x }}'}}
  - {name: tcp, url: 'tcp://a.example:1'}
  - {name: tls, url: 'tls://a.example:1'}
  - {name: dns, url: 'dns://10.0.0.2', dns: {name: a.example, type: AAAA}}
  - {name: grpc, url: 'grpc://a.example:1'}
`
	fields := []string{"Host: a.example", "User-Agent: prober"}
	assert.Equal(t, []Preview{
		{Target: "http", Line: "POST http://a.example/b?c", Header: append(fields[:2:2], "Content-Length: 1024"), Body: "[generated, 1024 bytes]"},
		{Target: "inline", Line: "PUT http://a.example/", Header: append(fields[:2:2], "Content-Length: 7"), Body: "{{ x }}"},
		{Target: "tcp", Line: "connect to tcp://a.example:1"},
		{Target: "tls", Line: "connect to tls://a.example:1, with a TLS handshake"},
		{Target: "dns", Line: "ask dns://10.0.0.2 for a.example AAAA over udp"},
		{Target: "grpc", Line: "grpc://a.example:1/grpc.health.v1.Health/Check", Body: "{}"},
	}, previewsOf(t, text, t.TempDir(), Shard{}, 3))
	assert.Empty(t, previewsOf(t, text, t.TempDir(), Shard{}, 0))
}

func TestOnlyASchemeIsShownOfALoginWithNamesInIt(t *testing.T) {
	for value, want := range map[string]bool{
		"Bearer {{ token }}": true, "{{token}}": true, "Bearer x": false, "": false, "secret {{ x }}": false, "Bearer  {{ x }}": false, "sid={{ x }}": false, "s3cret {{ x }}": false, "secret{{ x }}": false,
		"Bearer {{ x }}s": false, "{{ x }}; {{ y }}": false, `Bearer {{ "s3cret" }}`: false, "Bearer secret {{ x }}": false, "Bearer {{ x": false,
	} {
		assert.Equal(t, want, isSchemeWithName(value), value)
	}
}
