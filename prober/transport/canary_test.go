package transport

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/internal/peers/certs"
	"example.com/prober/option"
	"example.com/prober/prober/message"
	"example.com/prober/prober/probe"
	"example.com/prober/template"
)

// canary is a token no text may show, in any form.
const canary = `Zebra+Finch/77="quail`

// assertNotShown checks that no text about r holds four bytes of the canary in a row, in
// upper or lower case.
func assertNotShown(t *testing.T, r *probe.Result, about string) {
	t.Helper()
	for what, err := range map[string]error{"Err": r.Err, "Unmet": r.Unmet, "BodyErr": r.HTTP.BodyErr} {
		if err == nil {
			continue
		}
		text := strings.ToLower(err.Error())
		for _, form := range []string{canary, url.QueryEscape(canary), url.PathEscape(canary), jsonOf(canary), "zebra-finch-77"} {
			form = strings.ToLower(form)
			for i := range len(form) - 3 {
				assert.NotContains(t, text, form[i:i+4], "%s of %s", what, about)
			}
		}
	}
}

func jsonOf(value string) string {
	text, _ := json.Marshal(value)
	return strings.Trim(string(text), `"`)
}

// betraying answers with the canary in the form the path asks for, whatever was sent.
func betraying(w http.ResponseWriter, q *http.Request) {
	moved := func(to string) {
		w.Header()["Location"] = []string{to}
		w.WriteHeader(http.StatusFound)
	}
	how, _, _ := strings.Cut(strings.TrimPrefix(q.URL.Path, "/"), "/")
	switch _, how, _ = strings.Cut(how, "-"); how {
	case "json":
		_, _ = fmt.Fprintf(w, `{"token": %q, "b": %q}`, canary, canary)
	case "text":
		_, _ = fmt.Fprint(w, canary+" and more")
	case "escaped":
		_, _ = fmt.Fprint(w, url.QueryEscape(canary)+" "+url.PathEscape(canary))
	case "header":
		w.Header().Set("X-Token", canary)
	case "nowhere":
		moved("ftp://a.test/" + url.PathEscape(canary))
	case "syntax":
		moved("http://[" + url.PathEscape(canary) + "/%zz")
	case "host":
		moved("http://zebra-finch-77.test/")
	case "badhost":
		moved("http://Zebra+Finch.test/")
	case "port":
		moved("http://a.test:99999/" + url.PathEscape(canary))
	case "away":
		moved("/the-away/more/" + url.PathEscape(canary))
	case "userinfo":
		moved("http://" + url.UserPassword(canary, canary).String() + "@a.test/")
	case "token":
		_, _ = fmt.Fprint(w, "Zebra+Finch/77=")
	case "cookie":
		http.SetCookie(w, &http.Cookie{Name: "sid", Value: "Zebra+Finch/77="})
		_, _ = fmt.Fprint(w, "Zebra+Finch/77=")
	}
}

// betrayals are the requests to the server betraying. All of them fail.
func betrayals() map[string]func(c *Config) {
	expecting := func(e Expectation) func(*Config) { return func(c *Config) { c.Expect = e } }
	json := func(value any) Expectation {
		return Expectation{Body: option.BodyPattern{JSON: map[string]any{"token": value}}}
	}
	follow := func(n int) func(*Config) { return func(c *Config) { c.FollowRedirects = n } }
	return map[string]func(*Config){
		"json":     expecting(json("other")),
		"text":     expecting(Expectation{Body: option.BodyPattern{Contains: "none"}}),
		"escaped":  expecting(Expectation{Body: option.BodyPattern{Regexp: "none"}}),
		"header":   expecting(Expectation{Header: []option.FieldPattern{{Name: "X-Token", Pattern: "none"}}}),
		"cookie":   expecting(Expectation{Body: option.BodyPattern{Contains: "none"}}),
		"nowhere":  follow(1),
		"syntax":   follow(1),
		"host":     follow(1),
		"badhost":  follow(1),
		"port":     follow(1),
		"userinfo": follow(1),
		"away":     follow(1), // and no further from there
	}
}

func TestNoFailureShowsWhatWasTakenFromAnAnswer(t *testing.T) {
	t.Parallel()
	server := peers.ServeZone(t, map[string]peers.Entry{})
	for how, change := range betrayals() {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			overAll(t, betraying, func(t *testing.T, cfg Config) {
				cfg.DNSServer = server.Address
				taking := []Capture{{Name: "token", To: 0, JSON: "token"}}
				all := map[string]func(c *Config){
					"first": func(c *Config) { c.Path, c.Captures = path(t, "/the-json"), taking },
					"while it is taken": func(c *Config) {
						c.Path, c.Captures = path(t, "/the-"+how), taking
						change(c)
					},
					"what is taken is missing": func(c *Config) {
						c.Path, c.Captures = path(t, "/the-"+how), []Capture{{Name: "token", JSON: "none"}}
						change(c)
						c.Expect = Expectation{}
					},
					"in the query": func(c *Config) {
						c.Path = tmpl(t, "/the-"+how+"?a={{ a }}", template.Path)
						change(c)
					},
					"in the path": func(c *Config) {
						c.Path = tmpl(t, "/the-"+how+"/{{ a }}", template.Path)
						change(c)
					},
					"in the header": func(c *Config) {
						c.Path, c.VaryingHeader = path(t, "/the-"+how), []VaryingField{varying(t, "X-A", "Bearer {{ a }}")}
						change(c)
					},
					"in the body": func(c *Config) {
						c.Method, c.Path, c.VaryingBody = "POST", path(t, "/the-"+how), tmpl(t, `{"a": "{{ a }}"}`, template.JSON)
						change(c)
					},
					"in a cookie": func(c *Config) {
						c.Cookies, c.Path, c.VaryingHeader = true, path(t, "/the-"+how), []VaryingField{varying(t, "Cookie", "a={{ a }}")}
						change(c)
					},
					"nowhere": func(c *Config) {
						c.Path = path(t, "/the-"+how)
						change(c)
					},
				}
				names, changes := []string{"first"}, []func(*Config){all["first"]}
				for name, change := range all {
					if name != "first" {
						names, changes = append(names, name), append(changes, change)
					}
				}
				tr := newMixOf(t, cfg, changes...)
				var r probe.Result
				for n, name := range names {
					if set(&r); !strings.HasPrefix(name, "wh") { // else nothing is known yet
						step(tr, &r, 0)
						require.Equal(t, errcode.OK, tr.Code(&r), "%v %v", r.Err, r.Unmet)
					}
					if n == 0 {
						continue
					}
					step(tr, &r, n)
					assert.NotEqual(t, errcode.OK, tr.Code(&r), name)
					assertNotShown(t, &r, name)
				}
			})
		})
	}
}

// The cookies of the jar are secrets of the requests they go with, and of the answers that
// set them.
func TestNoFailureShowsACookieOfTheJar(t *testing.T) {
	t.Parallel()
	overAll(t, betraying, func(t *testing.T, cfg Config) {
		cfg.Cookies = true
		tr := newMixOf(t, cfg,
			func(c *Config) { c.Path, c.Expect.Body.Contains = path(t, "/sets-cookie"), "none" },
			func(c *Config) { c.Path, c.Expect.Body.Contains = path(t, "/says-token"), "none" },
		)
		var r probe.Result
		for n := range 2 {
			step(tr, &r, n)
			assert.Equal(t, errcode.UnexpectedBody, tr.Code(&r))
			assertNotShown(t, &r, fmt.Sprint(n))
		}
	})
}

// A malformed line of a header is shown, without the text that was sent.
func TestAMalformedLineDoesNotShowAValue(t *testing.T) {
	t.Parallel()
	p := peers.Listen(t, peers.AnsweringOnce("HTTP/1.1 200 OK\r\nserver says "+canary+"\r\n\r\n"))
	r := doWith(newTransport(t, Config{URL: p.URL("http"), Path: tmpl(t, "/{{ a }}", template.Path)}), 0, canary)
	assert.ErrorContains(t, r.Err, "server says ***")
	assertNotShown(t, r, "a line")
}

func TestOfALongValueNothingThatTheAnswerHoldsIsShown(t *testing.T) {
	t.Parallel()
	p := peers.Listen(t, peers.AnsweringOnce("HTTP/1.1 200 OK\r\nserver says something\r\n\r\n"))
	for _, value := range []string{strings.Repeat("x", maxSaid), strings.Repeat("y", 5<<10)} {
		tr := newTransport(t, Config{URL: p.URL("http"), Method: "POST", VaryingBody: tmpl(t, "{{ a }}", template.Text)})
		r := doWith(tr, 0, value)
		assert.ErrorContains(t, r.Err, `"***"`)
		tr.CloseIdle()
	}
}

// If a certificate is for another name, the failure names the host it is not for.
func TestAHostThatMayBeASecretStandsNowhereInTheText(t *testing.T) {
	t.Parallel()
	const name = "zebra-finch-77.test"
	ca := certs.Issue(nil, certs.Authority)
	secured := peers.Listen(t, answeringTLS(peers.Showing(certs.Issue(&ca))))
	zone := peers.ServeZone(t, map[string]peers.Entry{name + ".": {IPv4: []string{"127.0.0.1"}}})
	to := "https://" + name + ":" + secured.URL("https").Port() + "/"
	home := serve(t, peers.HTTP1, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", to)
		w.WriteHeader(http.StatusFound)
	})
	for about, tt := range map[string]struct {
		change func(c *Config)
		want   string
	}{
		"a capture":      {func(c *Config) { c.Captures = []Capture{{Name: "a", Header: "X-A"}} }, "a host that may be a secret"},
		"a value":        {func(c *Config) { c.Path = tmpl(t, "/{{ a }}", template.Path) }, "a host that repeats what was sent"},
		"a fixed header": {func(c *Config) { c.Header = message.Fields("X-A", "zebra-finch-77") }, "a host that repeats what was sent"},
	} {
		cfg := Config{URL: home, FollowRedirects: 1, TLS: option.TLS{CA: certs.PEM(ca)}}
		cfg.DNSServer = zone.Address
		tt.change(&cfg)
		tr := newTransport(t, cfg)
		r := doWith(tr, 0, "zebra-finch-77")
		assert.Equal(t, errcode.HostnameMismatch, tr.Code(r), "%v", r.Err)
		assert.ErrorContains(t, r.Err, "after a redirect to "+tt.want+": ", about)
		assert.ErrorContains(t, r.Err, "not ***", about)
		assertNotShown(t, r, about)
	}
}
