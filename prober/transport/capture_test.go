package transport

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/option"
	"example.com/prober/prober/probe"
)

// said is the answer of a server of a test.
type said struct {
	status int
	header http.Header
	body   string
}

func (a said) to(w http.ResponseWriter) {
	for name, values := range a.header {
		w.Header()[name] = values
	}
	w.WriteHeader(max(a.status, 200))
	_, _ = io.WriteString(w, a.body)
}

func TestCaptures(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", maxCaptured)
	fields := func(namesAndValues ...string) http.Header {
		h := http.Header{}
		for i := 0; i < len(namesAndValues); i += 2 {
			h.Add(namesAndValues[i], namesAndValues[i+1])
		}
		return h
	}
	json := func(place string) Capture { return Capture{Name: "it", JSON: place} }
	regexp := func(pattern string) Capture { return Capture{Name: "it", Regexp: pattern} }
	header := func(name string) Capture { return Capture{Name: "it", Header: name} }
	cookie := func(name string) Capture { return Capture{Name: "it", Cookie: name} }
	for name, tt := range map[string]struct {
		capture Capture
		says    said
		want    string
		missing string
	}{
		"a string":               {capture: json("access_token"), says: said{body: `{"access_token": "abc"}`}, want: "abc"},
		"a string with escapes":  {capture: json("a"), says: said{body: `{"a": "\u00e9\"\\\n\/"}`}, want: "é\"\\\n/"},
		"an empty string":        {capture: json("a"), says: said{body: `{"a": ""}`}, want: ""},
		"a number":               {capture: json("a.1.n"), says: said{body: `{"a": [1, {"n": 12345678901234567890.50 }]}`}, want: "12345678901234567890.50"},
		"true":                   {capture: json("a"), says: said{body: `{"a":true}`}, want: "true"},
		"an object":              {capture: json("a"), says: said{body: `{"a": {"b": [1, 2]} }`}, want: `{"b": [1, 2]}`},
		"the last of one key":    {capture: json("a"), says: said{body: `{"a":1,"a":2}`}, want: "2"},
		"JSON that is encoded":   {capture: json("a"), says: said{header: fields("Content-Encoding", "gzip"), body: peers.Encode(`{"a": "b"}`, "gzip")}, want: "b"},
		"null":                   {capture: json("a"), says: said{body: `{"a": null}`}, missing: `null at "a" of the body`},
		"no such key":            {capture: json("access_token"), says: said{body: `{"a": "s3cret"}`}, missing: `nothing at "access_token" of the body`},
		"no JSON":                {capture: json("a"), says: said{body: `s3cret`}, missing: "the body is not JSON"},
		"no body":                {capture: json("a"), says: said{}, missing: "the body is not JSON"},
		"a long string":          {capture: json("a"), says: said{body: `{"a": "` + long + `"}`}, want: long},
		"a string too long":      {capture: json("a"), says: said{body: `{"a": "` + long + `x"}`}, missing: `a value above 64 KiB at "a" of the body`},
		"a group":                {capture: regexp("id=([0-9]+);(.)"), says: said{body: "a id=12;x id=34;y"}, want: "12"},
		"a match":                {capture: regexp("id=[0-9]+"), says: said{body: "a id=12;"}, want: "id=12"},
		"an empty match":         {capture: regexp("x*"), says: said{body: "id=12;"}, want: ""},
		"a match in an encoding": {capture: regexp("b(.)"), says: said{header: fields("Content-Encoding", "br"), body: peers.Encode("abc", "br")}, want: "c"},
		"no match":               {capture: regexp("x(.)"), says: said{body: "s3cret"}, missing: "the regexp matches nothing in the body"},
		"a group that is out":    {capture: regexp("s(x)?3"), says: said{body: "s3cret"}, missing: "the group of the regexp matches nothing in the body"},
		"a match too long":       {capture: regexp("x+"), says: said{body: long + "x"}, missing: "a value above 64 KiB where the regexp matches the body"},
		"a field":                {capture: header("X-Token"), says: said{header: fields("X-Token", "abc", "X-Token", "def")}, want: "abc"},
		"a field in small":       {capture: header("x-token"), says: said{header: fields("X-Token", "abc")}, want: "abc"},
		"a Location":             {capture: header("Location"), says: said{status: 302, header: fields("Location", "/there?a=b")}, want: "/there?a=b"},
		"a field without a word": {capture: header("X-Token"), says: said{header: fields("X-Token", "")}, want: ""},
		"no such field":          {capture: header("X-Token"), says: said{header: fields("X-Other", "s3cret")}, missing: `no header field "X-Token"`},
		"a cookie":               {capture: cookie("sid"), says: said{header: fields("Set-Cookie", "a=b", "Set-Cookie", "sid=abc; Path=/; HttpOnly")}, want: "abc"},
		"a cookie in quotes":     {capture: cookie("sid"), says: said{header: fields("Set-Cookie", `sid="abc"`)}, want: "abc"},
		"the last of one cookie": {capture: cookie("sid"), says: said{header: fields("Set-Cookie", "sid=abc", "Set-Cookie", "sid=def")}, want: "def"},
		"no such cookie":         {capture: cookie("sid"), says: said{header: fields("Set-Cookie", "SID=s3cret")}, missing: `no cookie "sid" is set`},
		"no cookies":             {capture: cookie("sid"), says: said{}, missing: `no cookie "sid" is set`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tt.capture.To = 3
			overAll(t, func(w http.ResponseWriter, _ *http.Request) { tt.says.to(w) }, func(t *testing.T, cfg Config) {
				cfg.Captures = []Capture{tt.capture}
				tr := newTransport(t, cfg)
				var r probe.Result
				for range 2 {
					set(&r)
					step(tr, &r, 0)
					require.NoError(t, r.Err)
					value, ok := r.Values.Value(3)
					assert.Equal(t, tt.missing == "", ok)
					if ok {
						assert.Equal(t, errcode.OK, tr.Code(&r))
						assert.NoError(t, r.Unmet)
						assert.Zero(t, strings.Compare(tt.want, string(value)), "%.100q", value)
						continue
					}
					assert.Equal(t, errcode.Capture, tr.Code(&r))
					assert.EqualError(t, r.Unmet, `capture "it": `+tt.missing)
				}
			})
		})
	}
}

func TestSeveralCapturesTakeWhatTheyCan(t *testing.T) {
	t.Parallel()
	overAll(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Token", "one")
		http.SetCookie(w, &http.Cookie{Name: "sid", Value: "two"})
		_, _ = io.WriteString(w, `{"a": "three"}`)
	}, func(t *testing.T, cfg Config) {
		all := []Capture{{Name: "a", To: 2, Header: "X-Token"}, {Name: "b", To: 0, Cookie: "sid"}, {Name: "c", To: 1, JSON: "a"}, {Name: "d", To: 5, Regexp: "thre+"}}
		tr := newMixOf(t, cfg,
			func(c *Config) { c.Captures = all },
			func(c *Config) { c.Captures = append([]Capture{{Name: "none", Header: "X-None"}}, all...) },
			func(c *Config) { c.Captures = append([]Capture{{Name: "none", JSON: "none"}}, all...) },
		)
		r := doWith(tr, 0)
		assert.Equal(t, errcode.OK, tr.Code(r))
		for n, want := range map[int]string{0: "two", 1: "three", 2: "one", 5: "three"} {
			value, ok := r.Values.Value(n)
			assert.True(t, ok)
			assert.Equal(t, want, string(value))
		}
		r = doWith(tr, 1)
		assert.Equal(t, errcode.Capture, tr.Code(r))
		assert.EqualError(t, r.Unmet, `capture "none": no header field "X-None"`)
		r = doWith(tr, 2)
		assert.Equal(t, errcode.Capture, tr.Code(r))
		assert.EqualError(t, r.Unmet, `capture "none": nothing at "none" of the body`)
	})
}

// No value is taken from an answer that misses the expectation.
func TestTheExpectationComesBeforeTheCaptures(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(c *Config)
		want   errcode.Code
	}{
		"the status":   {func(c *Config) { c.Path = path(t, "/500") }, errcode.FromStatus(500)},
		"the header":   {func(c *Config) { c.Expect.Header = []option.FieldPattern{{Name: "X-None", Pattern: ""}} }, errcode.UnexpectedHeader},
		"the version":  {func(c *Config) { c.Expect.Version = "0.9" }, errcode.UnexpectedProtocol},
		"the body":     {func(c *Config) { c.Expect.Body.Contains = "none" }, errcode.UnexpectedBody},
		"the latency":  {func(c *Config) { c.Expect.MaxLatency = time.Nanosecond }, errcode.TooSlow},
		"the exchange": {func(c *Config) { c.MaxBodyBytes = 3 }, errcode.BodyLimit},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			overAll(t, func(w http.ResponseWriter, q *http.Request) {
				w.Header().Set("X-Token", "one")
				if q.URL.Path == "/500" {
					w.WriteHeader(http.StatusInternalServerError)
				}
				_, _ = io.WriteString(w, `{"a": "three"}`)
			}, func(t *testing.T, cfg Config) {
				tt.change(&cfg)
				cfg.Captures = []Capture{{Name: "a", Header: "X-Token"}, {Name: "b", To: 1, JSON: "a"}, {Name: "c", To: 2, JSON: "none"}}
				tr := newTransport(t, cfg)
				r := doWith(tr, 0)
				assert.Equal(t, tt.want, tr.Code(r))
				for n := range 3 {
					_, ok := r.Values.Value(n)
					assert.False(t, ok, n)
				}
			})
		})
	}
}

// A later step sends the values captured in one step, and the values of a journey outlast
// its requests.
func TestAJourneySaysLaterWhatItHasTaken(t *testing.T) {
	t.Parallel()
	overAll(t, func(w http.ResponseWriter, q *http.Request) {
		switch {
		case q.URL.Path == "/login":
			_, _ = io.WriteString(w, `{"token": "t-`+q.URL.Query().Get("user")+`"}`)
		case q.Header.Get("Authorization") != "Bearer t-ann b" || q.URL.Path != "/cart/t-ann b":
			w.WriteHeader(http.StatusUnauthorized)
		}
	}, func(t *testing.T, cfg Config) {
		tr := newMixOf(t, cfg,
			func(c *Config) {
				c.Path, c.Captures = path(t, "/login?user={{ a }}"), []Capture{{Name: "token", To: 1, JSON: "token"}}
			},
			func(c *Config) {
				c.Path, c.VaryingHeader = path(t, "/cart/{{ b }}"), []VaryingField{varying(t, "Authorization", "Bearer {{ b }}")}
			},
		)
		var r probe.Result
		for range 2 {
			set(&r, "ann b")
			for n := range 2 {
				step(tr, &r, n)
				require.Equal(t, errcode.OK, tr.Code(&r), "%d: %v", n, r.Err)
			}
		}
		set(&r, "ann b")
		step(tr, &r, 1)
		assert.Equal(t, errcode.Template, tr.Code(&r), "the step before it was left out")
	})
}
