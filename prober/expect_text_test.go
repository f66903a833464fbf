package prober

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/config"
	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/prober/transport"
)

// What a response has instead of what is expected is in the text, quoted and cut, and
// without the secrets of the request.
func TestAnUnmetExpectationSaysWhatIsThereInstead(t *testing.T) {
	t.Parallel()
	server := peers.Serve(t, peers.HTTP1, func(w http.ResponseWriter, q *http.Request) {
		w.Header().Set("X-Kind", "one")
		w.Header()["X-Empty"] = []string{""}
		_, _ = fmt.Fprintf(w, `{"status":"down\u001b","deep":{"a":[1]},"key":%q}`, q.Header.Get("X-Key"))
	})
	place := func(path string) config.Expect {
		return config.Expect{Body: config.BodyExpectation{JSON: map[string]any{path: "up"}}}
	}
	header := func(name, pattern string) config.Expect {
		return config.Expect{Headers: []config.HeaderExpectation{{Name: "Content-Type"}, {Name: name, Pattern: pattern}}}
	}
	for name, tt := range map[string]struct {
		expect config.Expect
		code   errcode.Code
		text   string
	}{
		"a header that is absent":    {header("X-Absent", ""), errcode.UnexpectedHeader, `the header field "X-Absent" of expect.headers is absent`},
		"a header that differs":      {header("x-kind", "^two$"), errcode.UnexpectedHeader, `no value of the header field "x-kind" matches expect.headers`},
		"an empty header":            {header("X-Empty", "."), errcode.UnexpectedHeader, `no value of the header field "X-Empty" matches expect.headers`},
		"another value in JSON":      {place("status"), errcode.UnexpectedBody, `the body has not the value of expect.body.json at "status", but "\"down\\u001b\""`},
		"an object in JSON":          {place("deep"), errcode.UnexpectedBody, `the body has not the value of expect.body.json at "deep", but "{\"a\":[1]}"`},
		"nothing in JSON":            {place("deep.b"), errcode.UnexpectedBody, `the body has nothing at "deep.b" of expect.body.json`},
		"a secret that is said back": {place("key"), errcode.UnexpectedBody, `the body has not the value of expect.body.json at "key", but "\"***\""`},
		"another text": {
			config.Expect{Body: config.BodyExpectation{Contains: "ok"}}, errcode.UnexpectedBody,
			`the body does not hold the text of expect.body.contains; it begins with "{\"status\":\"down\\u001b\",\"deep\":{\"a\":[1]},\"key\":\"*"...`,
		},
		"no match": {
			config.Expect{Body: config.BodyExpectation{Regexp: "^ok"}}, errcode.UnexpectedBody,
			`the body does not match expect.body.regexp; it begins with "{\"status\":\"down\\u001b\",\"deep\":{\"a\":[1]},\"key\":\"*"...`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := testConfig(config.Burst{})
			var err error
			cfg.URL, err = url.Parse(server.URL)
			require.NoError(t, err)
			cfg.Request.Headers = []config.Header{{Name: "X-Key", Values: []string{"zebra-canary"}}}
			cfg.Expect = tt.expect
			c, err := NewManager(Options{}).compile(cfg, config.Network{}, nil)
			require.NoError(t, err)
			defer c.engine.CloseIdle()
			var r transport.Result
			now := transport.Now()
			r.Reset(now, now.Add(20*time.Second))
			c.engine.Do(t.Context(), &r)
			assert.Equal(t, tt.code, c.expect.verdict(&r))
			assert.Equal(t, tt.text, textOf(&r))
		})
	}
}

func TestABodyThatIsNoJSONIsShown(t *testing.T) {
	t.Parallel()
	x, err := newBodyExpectation(config.BodyExpectation{JSON: map[string]any{"a": "b"}})
	require.NoError(t, err)
	assert.EqualError(t, x.check([]byte("<html>")), `the body is not JSON; it begins with "<html>"`)
	assert.EqualError(t, x.check(nil), `the body is not JSON; it begins with ""`)
}
