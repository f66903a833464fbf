package transport

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/option"
	"example.com/prober/prober/probe"
	"example.com/prober/template"
)

// places are the places for a value, with what a server makes of the request.
func places(t testing.TB) (changes []func(c *Config), read []func(s *seen) string) {
	t.Helper()
	body := func(text string, place template.Place) func(c *Config) {
		return func(c *Config) { c.Method, c.VaryingBody = "POST", tmpl(t, text, place) }
	}
	in := func(query string) string {
		values, err := url.ParseQuery(query)
		if err != nil || len(values) != 2 || len(values["q"]) != 1 || values.Get("p") != "1" {
			return "spoilt: " + query
		}
		return values.Get("q")
	}
	within := func(text, before, behind string) string {
		inner, isBefore := strings.CutPrefix(text, before)
		inner, isBehind := strings.CutSuffix(inner, behind)
		if !isBefore || !isBehind {
			return "spoilt: " + text
		}
		return inner
	}
	changes = []func(c *Config){
		func(c *Config) { c.Path = tmpl(t, "/a/{{ a }}/z?p=1", template.Path) },
		func(c *Config) { c.Path = tmpl(t, "/a?q={{ a }}&p=1", template.Path) },
		func(c *Config) { c.VaryingHeader = []VaryingField{varying(t, "X-A", "{{ a }}")} },
		func(c *Config) { c.Cookies, c.VaryingHeader = true, []VaryingField{varying(t, "Cookie", "{{ a }}")} },
		body("q={{ a }}&p=1", template.Form),
		body(`{"name": "{{ a }}"}`, template.JSON),
		body("{{ a }}", template.Text),
	}
	read = []func(s *seen) string{
		func(s *seen) string { return within(s.Path, "/a/", "/z") },
		func(s *seen) string { return in(s.Target[strings.IndexByte(s.Target, '?')+1:]) },
		func(s *seen) string { return strings.Join(s.Header["X-A"], "|") },
		func(s *seen) string { return strings.Join(s.Header["Cookie"], "|") },
		func(s *seen) string { return in(s.Body) },
		func(s *seen) string {
			var body struct{ Name string }
			if err := json.Unmarshal([]byte(s.Body), &body); err != nil {
				return err.Error()
			}
			return body.Name
		},
		func(s *seen) string { return s.Body },
	}
	return changes, read
}

// inJSON is the index of JSON in places. Invalid UTF-8 is replaced there.
const inJSON = 5

// FuzzValues puts any value in any place. A server of net/http reads exactly that value, and
// a request like any other around it, or the request is not sent.
func FuzzValues(f *testing.F) {
	changes, read := places(f)
	for _, value := range awkward {
		for place := range changes {
			f.Add([]byte(value), byte(place), place%2 == 0)
		}
	}
	var came seen
	served := 0
	note := func(_ http.ResponseWriter, q *http.Request) { came, served = seenOf(q), served+1 }
	over := map[bool]*Transport{
		false: newMixOf(f, Config{URL: serve(f, peers.HTTP1, note)}, changes...),
		true:  newMixOf(f, Config{URL: serve(f, peers.H2C, note), HTTPVersion: option.H2C}, changes...),
	}
	var r probe.Result
	f.Fuzz(func(t *testing.T, value []byte, place byte, multiplexed bool) {
		n, tr, before := int(place)%len(changes), over[multiplexed], served
		set(&r, string(value))
		step(tr, &r, n)
		if tr.Code(&r) == errcode.Template {
			assert.Equal(t, before, served)
			assert.True(t, n <= 1 && len(value) > maxRendered/4 || n == 2 || n == 3, "%d %.100q", n, value)
			return
		}
		require.NoError(t, r.Err)
		require.Equal(t, before+1, served, "one request and no more")
		want := string(value)
		if n == inJSON {
			want = string([]rune(want))
		}
		assert.Equal(t, want, read[n](&came))
		assert.LessOrEqual(t, len(came.Header), 5, "%v", came.Header)
	})
}
