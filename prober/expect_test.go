package prober

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/config"
	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/prober/transport"
)

func TestBodyExpectations(t *testing.T) {
	t.Parallel()
	place := func(path string, want any) config.BodyExpectation {
		return config.BodyExpectation{JSON: map[string]any{path: want}}
	}
	for name, tt := range map[string]struct {
		expect config.BodyExpectation
		body   string
		met    bool
	}{
		"a text that is there":             {config.BodyExpectation{Contains: "ok"}, "all ok.", true},
		"a text that is not there":         {config.BodyExpectation{Contains: "ok"}, "all OK.", false},
		"a match":                          {config.BodyExpectation{Regexp: "^a.*z$"}, "abcz", true},
		"no match":                         {config.BodyExpectation{Regexp: "^a.*z$"}, "abc", false},
		"one of two":                       {config.BodyExpectation{Contains: "a", Regexp: "z"}, "a", false},
		"both of two":                      {config.BodyExpectation{Contains: "a", Regexp: "z"}, "az", true},
		"nothing at all":                   {config.BodyExpectation{Contains: "a"}, "", false},
		"a string":                         {place("status", "up"), `{"status":"up"}`, true},
		"another string":                   {place("status", "up"), `{"status":"down"}`, false},
		"a string with escapes":            {place("a", "\u00e9\"\n"), ` { "a" : "\u00e9\"\n" } `, true},
		"a key with escapes":               {place("\u00e9", "x"), `{"\u00e9":"x"}`, true},
		"a number":                         {place("n", 1.5), `{"n":15e-1}`, true},
		"an integer":                       {place("n", 7.0), `{"n":7}`, true},
		"a number as a string":             {place("n", 7.0), `{"n":"7"}`, false},
		"true":                             {place("b", true), `{"b":true}`, true},
		"false":                            {place("b", true), `{"b":false}`, false},
		"null":                             {place("x", nil), `{"x":null}`, true},
		"nothing is not null":              {place("x", nil), `{}`, false},
		"further down":                     {place("a.b.c", 1.0), `{"z":{"a":2},"a":{"x":[1,{"b":0}],"b":{"c":1}}}`, true},
		"in an array":                      {place("items.1.id", "b"), `{"items":[{"id":"a"},{"id":"b"},{"id":"c"}]}`, true},
		"beyond an array":                  {place("items.3", "b"), `{"items":["a","b"]}`, false},
		"an array at the top":              {place("0", "a"), `["a"]`, true},
		"a key that is a number":           {place("0", "a"), `{"0":"a"}`, true},
		"a scalar has no places":           {place("a.b", 1.0), `{"a":1}`, false},
		"a scalar at the top":              {place("a", 1.0), `1`, false},
		"an object is no value":            {place("a", nil), `{"a":{}}`, false},
		"the last of several values":       {place("a", 2.0), `{"a":1,"a":2}`, true},
		"not the first of several values":  {place("a", 1.0), `{"a":1,"a":2}`, false},
		"brackets in strings":              {place("b", 1.0), `{"a":"]}\"","c":["}"],"b":1}`, true},
		"an empty object":                  {place("a", 1.0), `{}`, false},
		"an empty array":                   {place("0", 1.0), `[]`, false},
		"white space everywhere":           {place("a.0", 1.0), "\r\n{\t\"a\" : [ 1 , 2 ] }\n", true},
		"JSON that ends early":             {place("a", 1.0), `{"a":1`, false},
		"bytes after JSON":                 {place("a", 1.0), `{"a":1} x`, false},
		"no JSON":                          {place("a", 1.0), `<html>`, false},
		"an empty body":                    {place("a", 1.0), ``, false},
		"several places, all of them":      {config.BodyExpectation{JSON: map[string]any{"a": 1.0, "b": "x"}}, `{"b":"x","a":1}`, true},
		"several places, not all of them":  {config.BodyExpectation{JSON: map[string]any{"a": 1.0, "b": "x"}}, `{"b":"y","a":1}`, false},
		"depth that would exhaust a stack": {place("a", 1.0), strings.Repeat("[", 100_000), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x, err := newBodyExpectation(tt.expect)
			require.NoError(t, err)
			assert.Equal(t, tt.met, x.check([]byte(tt.body)) == nil)
		})
	}
}

func FuzzPlacesInJSON(f *testing.F) {
	for _, body := range []string{`{"a":{"b":[1,"x",null]}}`, `[[],{},"\\\"",-1e9]`, ` {"a" : true , "a":{"b":[]}} `, `"a"`} {
		f.Add([]byte(body), "a")
		f.Add([]byte(body), "a.b.0")
	}
	f.Fuzz(func(t *testing.T, body []byte, path string) {
		x, err := newBodyExpectation(config.BodyExpectation{JSON: map[string]any{path: 1.0}})
		require.NoError(t, err)
		_ = x.check(body) // must not panic
	})
}

func TestFirstExpectationThatIsNotMetGivesTheCode(t *testing.T) {
	t.Parallel()
	server := peers.Serve(t, peers.HTTP1, func(w http.ResponseWriter, q *http.Request) {
		w.Header()["X-Kind"] = []string{"one", "two"}
		if status := q.URL.Query().Get("status"); status == "404" {
			w.WriteHeader(http.StatusNotFound)
		}
		_, _ = io.WriteString(w, "a body")
	})
	never := []config.HeaderExpectation{{Name: "X-Kind", Pattern: "^three$"}}
	unmet := config.BodyExpectation{Contains: "another body"}
	for name, tt := range map[string]struct {
		path   string
		expect config.Expect
		code   errcode.Code
	}{
		"all are met": {expect: config.Expect{
			Status: []config.StatusRange{{From: 200, To: 200}}, HTTPVersion: "1.1", MaxLatency: time.Minute,
			Headers: []config.HeaderExpectation{{Name: "x-kind", Pattern: "^two$"}, {Name: "Content-Type", Pattern: ""}},
			Body:    config.BodyExpectation{Contains: "a b", Regexp: "y$"},
		}},
		"a failure comes first": {path: "?status=404", code: errcode.BodyLimit, expect: config.Expect{
			MaxBodySize: 1, HTTPVersion: "2", Headers: never, Body: unmet, MaxLatency: 1,
		}},
		"then a status above 400":        {path: "?status=404", code: 1404, expect: config.Expect{HTTPVersion: "2", Headers: never, Body: unmet, MaxLatency: 1}},
		"then another status":            {code: errcode.UnexpectedStatus, expect: config.Expect{Status: []config.StatusRange{{From: 201, To: 201}}, HTTPVersion: "2", Headers: never, Body: unmet, MaxLatency: 1}},
		"then the version":               {code: errcode.UnexpectedProtocol, expect: config.Expect{HTTPVersion: "2", Headers: never, Body: unmet, MaxLatency: 1}},
		"then the header":                {code: errcode.UnexpectedHeader, expect: config.Expect{Headers: never, Body: unmet, MaxLatency: 1}},
		"a header that is absent":        {code: errcode.UnexpectedHeader, expect: config.Expect{Headers: []config.HeaderExpectation{{Name: "X-Absent"}}}},
		"then the body":                  {code: errcode.UnexpectedBody, expect: config.Expect{Body: unmet, MaxLatency: 1}},
		"then the latency":               {code: errcode.TooSlow, expect: config.Expect{MaxLatency: 1}},
		"a listed 404 has to be as well": {path: "?status=404", code: errcode.UnexpectedBody, expect: config.Expect{Status: []config.StatusRange{{From: 404, To: 404}}, Body: unmet}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := testConfig(config.Burst{})
			var err error
			cfg.URL, err = url.Parse(server.URL + "/" + tt.path)
			require.NoError(t, err)
			cfg.Expect = tt.expect
			c, err := NewManager(Options{}).compile(cfg, config.Network{}, nil)
			require.NoError(t, err)
			defer c.engine.CloseIdle()
			var r transport.Result
			now := transport.Now()
			r.Reset(now, now.Add(20*time.Second))
			c.engine.Do(t.Context(), &r)
			assert.Equal(t, tt.code, c.expect.verdict(&r), "error: %v", errors.Join(r.Err, r.BodyErr))
		})
	}
}

func TestBodyTooLongToLookAtIsRefused(t *testing.T) {
	t.Parallel()
	cfg := testConfig(config.Burst{})
	cfg.Expect = config.Expect{Body: config.BodyExpectation{Contains: "a"}, MaxBodySize: 9 << 20}
	_, err := NewManager(Options{}).compile(cfg, config.Network{}, nil)
	assert.ErrorContains(t, err, `target "checkout": a body above 8 MiB cannot be checked`)
}
