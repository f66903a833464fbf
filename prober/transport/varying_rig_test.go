package transport

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/prober/prober/probe"
	"example.com/prober/template"
)

// letters are the names in the templates of tests: a stands for value 0, b for value 1.
const letters = "abcdefgh"

// tmpl compiles a template with letters for names.
func tmpl(t testing.TB, text string, place template.Place) *template.Template {
	t.Helper()
	compiled, err := template.Parse(text, place, func(name string) (int, bool) {
		n := strings.Index(letters, name)
		return n, n >= 0 && len(name) == 1
	})
	require.NoError(t, err)
	return compiled
}

// varying is a header field with a template for its value.
func varying(t testing.TB, name, value string) VaryingField {
	t.Helper()
	return VaryingField{Name: name, Value: tmpl(t, value, template.Header)}
}

// newMixOf is newTransport for several requests to the same URL over the same connections.
// Each of changes makes one of them from cfg.
func newMixOf(t testing.TB, cfg Config, changes ...func(c *Config)) *Transport {
	t.Helper()
	var cfgs []Config
	for _, change := range changes {
		one := completed(cfg)
		change(&one)
		cfgs = append(cfgs, one)
	}
	tr, err := NewMix(cfgs)
	require.NoError(t, err)
	t.Cleanup(func() {
		tr.CloseIdle()
		tr.Wait()
	})
	return tr
}

// doWith performs request n of tr with values for the letters.
func doWith(tr *Transport, n int, values ...string) *probe.Result {
	r := new(probe.Result)
	set(r, values...)
	step(tr, r, n)
	return r
}

// set gives the letters values.
func set(r *probe.Result, values ...string) {
	r.Values.Reset()
	for i, value := range values {
		r.Values.Set(i, []byte(value))
	}
}

// step performs request n of tr, with the values of r.
func step(tr *Transport, r *probe.Result, n int) {
	now := probe.Now()
	r.Reset(now, now.Add(patience))
	r.Request = n
	tr.Do(context.Background(), r)
}

// seen is a request in the view of a server of net/http.
type seen struct {
	Method, Target, Path, Host, Body string
	Length                           int64
	Query                            url.Values
	Header                           http.Header
}

func seenOf(q *http.Request) seen {
	body, _ := io.ReadAll(q.Body)
	query, _ := url.ParseQuery(q.URL.RawQuery)
	return seen{
		Method: q.Method, Target: q.RequestURI, Path: q.URL.Path, Host: q.Host,
		Body: string(body), Length: q.ContentLength, Query: query, Header: q.Header,
	}
}

// mirror answers with the request, but for long headers and content.
func mirror(w http.ResponseWriter, q *http.Request) {
	_ = json.NewEncoder(w).Encode(seenOf(q))
}

// mirrored has the last request in the view of a mirroring server.
type mirrored struct {
	mu sync.Mutex
	seen
}

// watch has cfg look at the response.
func (m *mirrored) watch(cfg *Config) {
	cfg.MaxBodyBytes = 8 << 20
	cfg.CheckBody = func(body []byte) error {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.seen = seen{}
		return json.Unmarshal(body, &m.seen)
	}
}

// jsonName returns the member name of a JSON text.
func jsonName(t testing.TB, text string) string {
	t.Helper()
	var body struct{ Name string }
	require.NoError(t, json.Unmarshal([]byte(text), &body), "%q", text)
	return body.Name
}

// isText reports whether JSON can hold value as it is.
func isText(value string) bool { return strings.ToValidUTF8(value, "") == value }
