package imports_test

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/internal/imports"
	"example.com/prober/prober"
)

// sent is a request as a server sees it.
type sent struct {
	Method, Target string
	// Header lacks the fields of every request, and the prober's user agent.
	Header http.Header
	Body   string
}

// recorder is a server that records its requests.
type recorder struct {
	*httptest.Server
	mu  sync.Mutex
	all []sent
}

// newRecorder starts a server. Its answers to /login have a token.
func newRecorder(t *testing.T) *recorder {
	t.Helper()
	r := &recorder{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, _ := io.ReadAll(q.Body)
		header := q.Header.Clone()
		header.Del("Content-Length")
		if header.Get("User-Agent") == "prober" {
			header.Del("User-Agent")
		}
		r.mu.Lock()
		r.all = append(r.all, sent{q.Method, q.RequestURI, header, string(body)})
		r.mu.Unlock()
		switch q.URL.Path {
		case "/login":
			w.Header().Set("Set-Cookie", "sid=fresh-session")
			w.Header().Set("X-Csrf-Token", "fresh-csrf-token")
			_, _ = io.WriteString(w, `{"auth": [{"token": "fresh.access.token"}]}`)
		case "/moved":
			http.Redirect(w, q, "/here", http.StatusFound)
		}
	}))
	t.Cleanup(r.Close)
	return r
}

// fire loads the result of an import and fires each target with the prober's own engine.
func (r *recorder) fire(t *testing.T, imported *imports.Result, requests int) []sent {
	t.Helper()
	cfg := load(t, imported)
	for _, target := range cfg.Targets {
		target.Burst.Requests, target.Burst.Concurrency = requests, 1
		shot, err := prober.NewShot(prober.Options{Log: slog.New(slog.DiscardHandler), Metrics: cfg.Metrics}, target, cfg.Network)
		require.NoError(t, err)
		shot.Fire(t.Context(), t.Context())
		report := shot.Report()
		require.Zero(t, report.Failed, "%s: %+v", target.Name, report.Failures)
	}
	return r.all
}

func header(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h.Add(pairs[i], pairs[i+1])
	}
	return h
}

func TestWhatCurlSaysIsSent(t *testing.T) {
	t.Parallel()
	form := header("Content-Type", "application/x-www-form-urlencoded")
	for command, want := range map[string]sent{
		`curl URL`:                       {"GET", "/", header(), ""},
		`curl 'URL/a%20b/ü?q=1&r=%2F#x'`: {"GET", "/a%20b/%C3%BC?q=1&r=%2F", header(), ""},
		`curl -I URL/x`:                  {"HEAD", "/x", header(), ""},
		`curl -X DELETE URL/x`:           {"DELETE", "/x", header(), ""},
		`curl -d a=1 -d 'b=2 3' URL`:     {"POST", "/", form, "a=1&b=2 3"},
		`curl -G -d a=1 --data-urlencode 'b=2 3&' URL/s?c=d`:                          {"GET", "/s?c=d&a=1&b=2%203%26", header(), ""},
		`curl -X PUT --data-binary $'one\ntwo\n' -H 'Content-Type: text/plain' URL/t`: {"PUT", "/t", header("Content-Type", "text/plain"), "one\ntwo\n"},
		`curl --json '{"a": "{{b}}"}' URL`:                                            {"POST", "/", header("Content-Type", "application/json", "Accept", "application/json"), `{"a": "{{b}}"}`},
		`curl -u 'ann:p w' -A me -e http://r.example/ URL`:                            {"GET", "/", header("Authorization", "Basic YW5uOnAgdw==", "User-Agent", "me", "Referer", "http://r.example/"), ""},
		`curl -H 'Authorization: Bearer t.o/k+e=n' -H 'X-Two: 1' -H 'x-two: 2' URL`:   {"GET", "/", header("Authorization", "Bearer t.o/k+e=n", "X-Two", "1", "X-Two", "2"), ""},
		`curl --oauth2-bearer abc -b 'a=1; b="2"' --compressed URL`:                   {"GET", "/", header("Authorization", "Bearer abc", "Cookie", `a=1; b="2"`, "Accept-Encoding", "deflate, gzip, br, zstd"), ""},
		`curl -H 'Accept-Encoding: gzip;q=1.0, br' -H 'X-Empty;' -H 'Accept:' URL`:    {"GET", "/", header("Accept-Encoding", "gzip;q=1.0, br", "X-Empty", ""), ""},
		`curl 'URL/q?page=2&api_key=a%2Bb%20c&x={{y}}' -H 'X-Note: {{z}}'`:            {"GET", "/q?page=2&api_key=a%2Bb%20c&x=%7B%7By%7D%7D", header("X-Note", "{{z}}"), ""},
		`curl -H 'Content-Type: application/json' -d '{"user":"ann","password":"a\"b\\c\u00e9{{","n":[{"token":"x"}]}' URL/in`: {
			"POST", "/in", header("Content-Type", "application/json"), `{"user":"ann","password":"a\"b\\cé{{","n":[{"token":"x"}]}`,
		},
		`curl --json '{ "pin" : 1234, "max_tokens": 5, "query": "mutation { login(password: \"x\") }" }' URL/in`: {
			"POST", "/in", header("Content-Type", "application/json", "Accept", "application/json"), `{ "pin" : 1234, "max_tokens": 5, "query": "mutation { login(password: \"x\") }" }`,
		},
		`curl -d 'user=ann&password=a%26b%20c+d&z' URL/in`:                    {"POST", "/in", form, "user=ann&password=a%26b+c+d&z"},
		`curl -d '{"password":"a b"}' URL/in`:                                 {"POST", "/in", form, `{"password":"a b"}`},
		`curl -H 'Content-Type: text/plain' -d '{"token":"a\"b"}' URL/in`:     {"POST", "/in", header("Content-Type", "text/plain"), `{"token":"a\"b"}`},
		`curl -X GET -d 'x=1' -H 'X-Api-Key: "quoted, and with a comma"' URL`: {"GET", "/", header("Content-Type", form.Get("Content-Type"), "X-Api-Key", `"quoted, and with a comma"`), "x=1"},
		`curl --http1.1 --request-target /other URL/one`:                      {"GET", "/other", header(), ""},
	} {
		t.Run(command, func(t *testing.T) {
			t.Parallel()
			server := newRecorder(t)
			r, err := imports.Curl(strings.ReplaceAll(command, "URL", server.URL), imports.Options{Secrets: "secrets"})
			require.NoError(t, err)
			assert.Equal(t, []sent{want}, server.fire(t, r, 1), "%s", r.YAML)
		})
	}
}

func TestCommandsToOneOriginAreAMixOfTheirRequests(t *testing.T) {
	t.Parallel()
	server := newRecorder(t)
	r, err := imports.Curl(strings.ReplaceAll(`curl URL/a -H 'A: {{b}}' ; curl URL/b -H 'Authorization: Bearer one' ; curl URL/b -H 'Authorization: Bearer two'
		curl -L URL/moved --next -u ann:pw -d x={{y}} URL/c URL/a -H 'A: {{b}}'`, "URL", server.URL), imports.Options{Secrets: "secrets"})
	require.NoError(t, err)
	counts := map[string]int{}
	for _, s := range server.fire(t, r, 700) {
		counts[s.Method+" "+s.Target+" "+s.Header.Get("A")+s.Header.Get("Authorization")+" "+s.Body]++
	}
	want := []string{
		"GET /a {{b}} ", "GET /b Bearer one ", "GET /b Bearer two ", "GET /moved  ", "GET /here  ",
		"POST /c {{b}}Basic YW5uOnB3 x={{y}}", "POST /a {{b}}Basic YW5uOnB3 x={{y}}",
	}
	for _, s := range want {
		assert.Positive(t, counts[s], "%q of %v in\n%s", s, counts, r.YAML)
	}
	assert.Len(t, counts, len(want), "%v", counts)
}

// har returns a recording of requests to a server.
func har(t *testing.T, server string, all []sent) []byte {
	t.Helper()
	type object = map[string]any
	var entries []object
	for _, s := range all {
		headers := []object{
			{"name": ":path", "value": s.Target}, {"name": "Cookie", "value": "old=1"}, {"name": "sec-fetch-mode", "value": "cors"},
		}
		for name, values := range s.Header {
			for _, value := range values {
				headers = append(headers, object{"name": name, "value": value})
			}
		}
		request := object{"method": s.Method, "url": server + s.Target, "headers": headers}
		if s.Body != "" {
			request["postData"] = object{"mimeType": s.Header.Get("Content-Type"), "text": s.Body}
		}
		response := object{"status": 200}
		if s.Target == "/login" {
			response["headers"] = []object{{"name": "X-CSRF-Token", "value": "stale-csrf-token"}}
			response["content"] = object{"text": `{"auth": [{"token": "stale.access.token"}]}`}
		}
		entries = append(entries, object{"request": request, "response": response})
	}
	text, err := json.Marshal(object{"log": object{"version": "1.2", "entries": entries}})
	require.NoError(t, err)
	return text
}

func TestWhatWasRecordedIsSentAsAMix(t *testing.T) {
	t.Parallel()
	server := newRecorder(t)
	all := []sent{
		{"GET", "/?a=%20", header("Accept", "text/html", "Accept-Encoding", "gzip, br"), ""},
		{"GET", "/api?token=a%26b", header("Accept", "application/json", "Authorization", "Bearer one"), ""},
		{"POST", "/api/{x}?{{y}}", header("Content-Type", "application/json", "X-Api-Key", "key \"1\""), "{\n \"secret\": \"s\\\"\", \"t\": \"{{u}}\"}\r\n"},
		{"PATCH", "/form", header("Content-Type", "application/x-www-form-urlencoded", "Origin", "https://a.example"), "pass=1%202&b=c"},
		{"DELETE", "/form", header("X-Many", "1", "X-Many", "2"), ""},
	}
	for i := range all {
		all = append(all, all[min(i, 1)]) // the first two are more frequent
	}
	r, err := imports.HAR(har(t, server.URL, all), imports.HAROptions{Options: imports.Options{Secrets: "secrets"}})
	require.NoError(t, err)
	got := server.fire(t, r, 400)
	all[2].Target = "/api/%7Bx%7D?%7B%7By%7D%7D" // as a target with data sends them
	all[2].Body = strings.ReplaceAll(all[2].Body, "1%202", "1+2")
	all[3].Body = "pass=1+2&b=c"
	for _, want := range all[:5] {
		assert.Contains(t, got, want, "%s", r.YAML)
	}
	for _, s := range got {
		assert.Contains(t, all, s)
	}
}

func TestWhatWasRecordedIsSentAsAJourney(t *testing.T) {
	t.Parallel()
	server := newRecorder(t)
	all := []sent{
		{"GET", "/", header("Accept", "text/html"), ""},
		{"POST", "/login", header("Content-Type", "application/json"), `{"user": "ann", "password": "p\tw"}`},
		{"GET", "/me", header("Authorization", "Bearer stale.access.token", "X-Fixed-Token", "kept-token"), ""},
		{"POST", "/order", header("Authorization", "Bearer stale.access.token", "X-Csrf-Token", "stale-csrf-token", "Content-Type", "text/plain"), "one"},
		{"GET", "/", header("Accept", "text/html"), ""},
	}
	r, err := imports.HAR(har(t, server.URL, all), imports.HAROptions{Options: imports.Options{Secrets: "secrets"}, Journey: true})
	require.NoError(t, err)
	got := server.fire(t, r, 1)
	for i := range all {
		for name, values := range all[i].Header {
			for v, value := range values {
				all[i].Header[name][v] = strings.ReplaceAll(value, "stale", "fresh") // captured, not recorded
			}
		}
		if i > 1 {
			all[i].Header.Set("Cookie", "sid=fresh-session")
		}
	}
	assert.Equal(t, all, got, "%s", r.YAML)
}
