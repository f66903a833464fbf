package transport

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/option"
	"example.com/prober/prober/message"
	"example.com/prober/prober/probe"
)

func TestBodyExpectations(t *testing.T) {
	t.Parallel()
	place := func(path string, want any) option.BodyPattern {
		return option.BodyPattern{JSON: map[string]any{path: want}}
	}
	for name, tt := range map[string]struct {
		expect option.BodyPattern
		body   string
		met    bool
	}{
		"a text that is there":             {option.BodyPattern{Contains: "ok"}, "all ok.", true},
		"a text that is not there":         {option.BodyPattern{Contains: "ok"}, "all OK.", false},
		"a match":                          {option.BodyPattern{Regexp: "^a.*z$"}, "abcz", true},
		"no match":                         {option.BodyPattern{Regexp: "^a.*z$"}, "abc", false},
		"one of two":                       {option.BodyPattern{Contains: "a", Regexp: "z"}, "a", false},
		"both of two":                      {option.BodyPattern{Contains: "a", Regexp: "z"}, "az", true},
		"nothing at all":                   {option.BodyPattern{Contains: "a"}, "", false},
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
		"several places, all of them":      {option.BodyPattern{JSON: map[string]any{"a": 1.0, "b": "x"}}, `{"b":"x","a":1}`, true},
		"several places, not all of them":  {option.BodyPattern{JSON: map[string]any{"a": 1.0, "b": "x"}}, `{"b":"y","a":1}`, false},
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
		x, err := newBodyExpectation(option.BodyPattern{JSON: map[string]any{path: 1.0}})
		require.NoError(t, err)
		_ = x.check(body) // must not panic
	})
}

func TestFirstExpectationThatIsNotMetGivesTheCode(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		w.Header()["X-Kind"] = []string{"one", "two"}
		if status := q.URL.Query().Get("status"); status == "404" {
			w.WriteHeader(http.StatusNotFound)
		}
		_, _ = io.WriteString(w, "a body")
	}))
	t.Cleanup(server.Close)
	never := []option.FieldPattern{{Name: "X-Kind", Pattern: "^three$"}}
	unmet := option.BodyPattern{Contains: "another body"}
	for name, tt := range map[string]struct {
		path   string
		most   int64 // bytes of a body
		expect Expectation
		code   errcode.Code
	}{
		"all are met": {expect: Expectation{
			Status: []option.StatusRange{{From: 200, To: 200}}, Version: "1.1", MaxLatency: time.Minute,
			Header: []option.FieldPattern{{Name: "x-kind", Pattern: "^two$"}, {Name: "Content-Type", Pattern: ""}},
			Body:   option.BodyPattern{Contains: "a b", Regexp: "y$"},
		}},
		"a failure comes first": {path: "?status=404", most: 1, code: errcode.BodyLimit, expect: Expectation{
			Version: "2", Header: never, Body: unmet, MaxLatency: 1,
		}},
		"then a status above 400":        {path: "?status=404", code: 1404, expect: Expectation{Version: "2", Header: never, Body: unmet, MaxLatency: 1}},
		"then another status":            {code: errcode.UnexpectedStatus, expect: Expectation{Status: []option.StatusRange{{From: 201, To: 201}}, Version: "2", Header: never, Body: unmet, MaxLatency: 1}},
		"then the version":               {code: errcode.UnexpectedProtocol, expect: Expectation{Version: "2", Header: never, Body: unmet, MaxLatency: 1}},
		"then the header":                {code: errcode.UnexpectedHeader, expect: Expectation{Header: never, Body: unmet, MaxLatency: 1}},
		"a header that is absent":        {code: errcode.UnexpectedHeader, expect: Expectation{Header: []option.FieldPattern{{Name: "X-Absent"}}}},
		"then the body":                  {code: errcode.UnexpectedBody, expect: Expectation{Body: unmet, MaxLatency: 1}},
		"then the latency":               {code: errcode.TooSlow, expect: Expectation{MaxLatency: 1}},
		"a listed 404 has to be as well": {path: "?status=404", code: errcode.UnexpectedBody, expect: Expectation{Status: []option.StatusRange{{From: 404, To: 404}}, Body: unmet}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u, err := url.Parse(server.URL + "/" + tt.path)
			require.NoError(t, err)
			tr := newTransport(t, Config{URL: u, Expect: tt.expect, MaxBodyBytes: tt.most})
			r := do(tr, patience)
			assert.Equal(t, tt.code, tr.Code(r), "error: %v", errors.Join(r.Err, r.HTTP.BodyErr))
		})
	}
}

func TestBodyTooLongToLookAtIsRefused(t *testing.T) {
	t.Parallel()
	_, err := New(Config{
		URL:          &url.URL{Scheme: "http", Host: "shop.example"},
		Expect:       Expectation{Body: option.BodyPattern{Contains: "a"}},
		MaxBodyBytes: 9 << 20,
	})
	assert.ErrorContains(t, err, "a body above 8 MiB cannot be checked")
}

func TestVerdict(t *testing.T) {
	t.Parallel()
	listed := Expectation{Status: []option.StatusRange{{From: 200, To: 299}, {From: 404, To: 404}}}
	for name, tt := range map[string]struct {
		expect Expectation
		status int
		code   errcode.Code
	}{
		"a success":                     {Expectation{}, 200, errcode.OK},
		"a redirect is below 400":       {Expectation{}, 302, errcode.OK},
		"a client error":                {Expectation{}, 404, 1404},
		"a server error":                {Expectation{}, 503, 1503},
		"a status in a listed range":    {listed, 204, errcode.OK},
		"a client error that is listed": {listed, 404, errcode.OK},
		"an unlisted status below 400":  {listed, 301, errcode.UnexpectedStatus},
		"an unlisted client error":      {listed, 403, 1403},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, tt.code, verdictOn(t, tt.expect, tt.status))
		})
	}
}

// verdictOn returns the verdict on a response with the status.
func verdictOn(t *testing.T, e Expectation, status int) errcode.Code {
	t.Helper()
	x, err := newExpectation(e)
	require.NoError(t, err)
	return x.verdict(&probe.Result{HTTP: &probe.HTTP{Status: status}})
}

// The text says what a response has instead of the expected, quoted and cut, and without
// the secrets of the request.
func TestAnUnmetExpectationSaysWhatIsThereInstead(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		w.Header().Set("X-Kind", "one")
		w.Header()["X-Empty"] = []string{""}
		_, _ = fmt.Fprintf(w, `{"status":"down\u001b","deep":{"a":[1]},"key":%q}`, q.Header.Get("X-Key"))
	}))
	t.Cleanup(server.Close)
	place := func(path string) Expectation {
		return Expectation{Body: option.BodyPattern{JSON: map[string]any{path: "up"}}}
	}
	header := func(name, pattern string) Expectation {
		return Expectation{Header: []option.FieldPattern{{Name: "Content-Type"}, {Name: name, Pattern: pattern}}}
	}
	for name, tt := range map[string]struct {
		expect Expectation
		code   errcode.Code
		text   string
	}{
		"a header that is absent":    {header("X-Absent", ""), errcode.UnexpectedHeader, `the header field "X-Absent" of expect.headers is absent`},
		"a header that differs":      {header("x-kind", "^two$"), errcode.UnexpectedHeader, `no value of the header field "x-kind" matches expect.headers`},
		"an empty header":            {header("X-Empty", "."), errcode.UnexpectedHeader, `no value of the header field "X-Empty" matches expect.headers`},
		"another value in JSON":      {place("status"), errcode.UnexpectedBody, `the value of the body at "status" is not that of expect.body.json, but "\"down\\u001b\""`},
		"an object in JSON":          {place("deep"), errcode.UnexpectedBody, `the value of the body at "deep" is not that of expect.body.json, but "{\"a\":[1]}"`},
		"nothing in JSON":            {place("deep.b"), errcode.UnexpectedBody, `the body has nothing at "deep.b" of expect.body.json`},
		"a secret that is said back": {place("key"), errcode.UnexpectedBody, `the value of the body at "key" is not that of expect.body.json, but "\"***\""`},
		"another text": {
			Expectation{Body: option.BodyPattern{Contains: "ok"}}, errcode.UnexpectedBody,
			`the body does not contain the text of expect.body.contains; it begins with "{\"status\":\"down\\u001b\",\"deep\":{\"a\":[1]},\"key\":\"*"...`,
		},
		"no match": {
			Expectation{Body: option.BodyPattern{Regexp: "^ok"}}, errcode.UnexpectedBody,
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
	x, err := newBodyExpectation(option.BodyPattern{JSON: map[string]any{"a": "b"}})
	require.NoError(t, err)
	assert.EqualError(t, x.check([]byte("<html>")), `the body is not JSON; it begins with "<html>"`)
	assert.EqualError(t, x.check(nil), `the body is not JSON; it begins with ""`)
}
