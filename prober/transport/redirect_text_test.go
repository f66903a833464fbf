package transport

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/option"
)

func TestARedirectThatFailsSaysWhy(t *testing.T) {
	t.Parallel()
	for location, tt := range map[string]struct {
		code errcode.Code
		text string
	}{
		"":                              {errcode.RedirectLocation, "a redirect without Location"},
		"http://[::1":                   {errcode.RedirectLocation, `a redirect whose Location is no URL: "http://[::1"`},
		"/a%zz?token=a":                 {errcode.RedirectLocation, `a redirect whose Location is no URL: "/a%zz"`},
		"http://u:p@[bad/a@b":           {errcode.RedirectLocation, `a redirect whose Location is no URL: "http://b"`},
		"ftp://name.test/a?token=a":     {errcode.RedirectLocation, `a redirect whose Location is neither http nor https: "ftp://name.test/a"`},
		"mailto:a":                      {errcode.RedirectLocation, `a redirect whose Location is neither http nor https: "mailto:a"`},
		"http:///a":                     {errcode.RedirectLocation, `a redirect whose Location has no host, or an impossible one: "http:///a"`},
		"http://a b.test/":              {errcode.RedirectLocation, `a redirect whose Location is no URL: "http://a b.test/"`},
		"http://a*.test/#c":             {errcode.RedirectLocation, `a redirect whose Location has no host, or an impossible one: "http://a*.test/"`},
		"http://name.test:99999/":       {errcode.RedirectLocation, `a redirect whose Location has an impossible port: "http://name.test:99999/"`},
		"http://user:secret@name.test/": {errcode.RedirectRefused, "a redirect to a URL with credentials"},
		"/":                             {errcode.RedirectLimit, "redirects in a circle"},
		"/further":                      {errcode.RedirectLimit, "more redirects than allowed"},
	} {
		for _, cookie := range []string{"", "Set-Cookie: a=b\r\n"} {
			t.Run(fmt.Sprintf("%q %q", location, cookie), func(t *testing.T) {
				t.Parallel()
				field := ""
				if location != "" {
					field = "Location: " + location + "\r\n"
				}
				p := peers.Listen(t, peers.Answering("HTTP/1.1 302 Found\r\n"+field+cookie+"Content-Length: 0\r\n\r\n"))
				follow := 5
				if location == "/further" {
					follow = 1
				}
				r := do(newTransport(t, Config{URL: p.URL("http"), FollowRedirects: follow}), patience)
				text := tt.text
				if cookie != "" && tt.code == errcode.RedirectLimit {
					text += "; a hop set a cookie, and cookies are not sent back"
				}
				assert.Equal(t, tt.code, codeOf(r))
				if len(r.HTTP.Hops) > 0 {
					text = "after a redirect to " + p.Addr().String() + ": " + text
				}
				assert.EqualError(t, r.Err, "transfer: "+text)
			})
		}
	}
}

// Over HTTP/2 cookies are seen as well, and one hop with a cookie is enough.
func TestACookieOfAnEarlierHopIsToldOf(t *testing.T) {
	t.Parallel()
	u := serve(t, peers.H2C, func(w http.ResponseWriter, q *http.Request) {
		if q.URL.Path == "/" {
			http.SetCookie(w, &http.Cookie{Name: "a", Value: "b"})
		}
		http.Redirect(w, q, q.URL.Path+"a", http.StatusFound)
	})
	r := do(newTransport(t, Config{URL: u, HTTPVersion: option.H2C, FollowRedirects: 3}), patience)
	assert.Equal(t, errcode.RedirectLimit, codeOf(r))
	assert.ErrorContains(t, r.Err, "more redirects than allowed; a hop set a cookie")
}
