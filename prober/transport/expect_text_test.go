package transport

import (
	"cmp"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/prober/message"
)

// What a response has instead of what is expected is in the text, quoted and cut, and
// without the secrets of the request.
func TestAnUnmetExpectationSaysWhatIsThereInstead(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		w.Header().Set("X-Kind", "one")
		w.Header()["X-Empty"] = []string{""}
		_, _ = fmt.Fprintf(w, `{"status":"down\u001b","deep":{"a":[1]},"key":%q}`, q.Header.Get("X-Key"))
	}))
	t.Cleanup(server.Close)
	place := func(path string) Expectation {
		return Expectation{Body: BodyPattern{JSON: map[string]any{path: "up"}}}
	}
	header := func(name, pattern string) Expectation {
		return Expectation{Header: []FieldPattern{{Name: "Content-Type"}, {Name: name, Pattern: pattern}}}
	}
	for name, tt := range map[string]struct {
		expect Expectation
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
			Expectation{Body: BodyPattern{Contains: "ok"}}, errcode.UnexpectedBody,
			`the body does not hold the text of expect.body.contains; it begins with "{\"status\":\"down\\u001b\",\"deep\":{\"a\":[1]},\"key\":\"*"...`,
		},
		"no match": {
			Expectation{Body: BodyPattern{Regexp: "^ok"}}, errcode.UnexpectedBody,
			`the body does not match expect.body.regexp; it begins with "{\"status\":\"down\\u001b\",\"deep\":{\"a\":[1]},\"key\":\"*"...`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u, err := url.Parse(server.URL)
			require.NoError(t, err)
			tr := newTransport(t, Config{
				URL:    u,
				Header: []message.Field{{Name: "X-Key", Value: "zebra-canary"}},
				Expect: tt.expect,
			})
			r := do(tr, patience)
			assert.Equal(t, tt.code, tr.Code(r))
			assert.EqualError(t, cmp.Or(r.Unmet, r.HTTP.BodyErr), tt.text)
		})
	}
}

func TestABodyThatIsNoJSONIsShown(t *testing.T) {
	t.Parallel()
	x, err := newBodyExpectation(BodyPattern{JSON: map[string]any{"a": "b"}})
	require.NoError(t, err)
	assert.EqualError(t, x.check([]byte("<html>")), `the body is not JSON; it begins with "<html>"`)
	assert.EqualError(t, x.check(nil), `the body is not JSON; it begins with ""`)
}
