package transport

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/prober/message"
	"example.com/prober/prober/probe"
	"example.com/prober/template"
)

// settingCookies sets each cookie of the query at /set. At /cut it does the same in an answer
// that is cut off. Elsewhere it says which cookies came.
func settingCookies(w http.ResponseWriter, q *http.Request) {
	query := q.URL.Query()
	for _, line := range query["set"] {
		w.Header().Add("Set-Cookie", line)
	}
	if to := query.Get("to"); to != "" {
		w.Header().Set("Location", to)
		w.WriteHeader(http.StatusSeeOther)
		return
	}
	if q.URL.Path == "/cut" {
		w.Header().Set("Content-Length", "1000")
		_, _ = w.Write([]byte("x"))
		return
	}
	_, _ = fmt.Fprintf(w, "%q", strings.Join(q.Header["Cookie"], " | "))
}

// atCookies is a path that sets cookies. It redirects unless to is empty.
func atCookies(path, to string, lines ...string) string {
	query := url.Values{"set": lines}
	if to != "" {
		query.Set("to", to)
	}
	return path + "?" + query.Encode()
}

func TestCookiesGoWhereTheyBelong(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		steps []string // paths
		own   []string // fields of the last step
		want  string   // of Cookie in the last step
	}{
		"none":                         {steps: []string{"/", "/"}},
		"one":                          {steps: []string{atCookies("/set", "", "a=b"), "/"}, want: "a=b"},
		"two":                          {steps: []string{atCookies("/set", "", "a=b", "c=d"), "/"}, want: "a=b; c=d"},
		"one that is replaced":         {steps: []string{atCookies("/set", "", "a=b"), atCookies("/set", "", "a=c"), "/"}, want: "a=c"},
		"one that is deleted":          {steps: []string{atCookies("/set", "", "a=b"), atCookies("/set", "", "a=; Max-Age=0"), "/"}},
		"one of another path":          {steps: []string{atCookies("/set", "", "a=b; Path=/shop", "c=d; Path=/"), "/cart"}, want: "c=d"},
		"one of the path":              {steps: []string{atCookies("/set", "", "a=b; Path=/shop", "c=d; Path=/"), "/shop/cart"}, want: "a=b; c=d"},
		"one of another domain":        {steps: []string{atCookies("/set", "", "a=b; Domain=other.test"), "/"}},
		"one in quotes":                {steps: []string{atCookies("/set", "", `a="b"`), "/"}, want: `a="b"`},
		"one with a blank":             {steps: []string{atCookies("/set", "", `a=b c`), "/"}, want: `a=b c`},
		"one too long":                 {steps: []string{atCookies("/set", "", "a="+strings.Repeat("x", maxCookie), "c=d"), "/"}, want: "c=d"},
		"none of that":                 {steps: []string{atCookies("/set", "", "nothing", "\u00e9=b", "c=d"), "/"}, want: "c=d"},
		"one of a redirect":            {steps: []string{atCookies("/set", "/there", "a=b"), "/"}, want: "a=b"},
		"one on a redirect":            {steps: []string{atCookies("/set", "", "a=b"), atCookies("/on", "/there")}, want: "a=b"},
		"one of the redirect itself":   {steps: []string{atCookies("/set", "/there", "a=b")}, want: "a=b"},
		"one of a failure":             {steps: []string{atCookies("/cut", "", "a=b"), "/"}, want: "a=b"},
		"those of the request as well": {steps: []string{atCookies("/set", "", "a=b"), "/"}, own: []string{"x=y"}, want: "x=y; a=b"},
		"several of the request":       {steps: []string{atCookies("/set", "", "a=b"), "/"}, own: []string{"x=y", "z={{ a }}"}, want: "x=y; z=Z; a=b"},
		"those of the request alone":   {steps: []string{"/"}, own: []string{"x=y", "z={{ a }}"}, want: "x=y; z=Z"},
		"those of the request go on":   {steps: []string{atCookies("/set", "/there", "a=b")}, own: []string{"z={{ a }}"}, want: "z=Z; a=b"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			overAll(t, settingCookies, func(t *testing.T, cfg Config) {
				cfg.Cookies, cfg.FollowRedirects = true, 2
				got := ""
				cfg.CheckBody = func(body []byte) error {
					_, err := fmt.Sscanf(string(body), "%q", &got)
					return err
				}
				var changes []func(*Config)
				for i, at := range tt.steps {
					changes = append(changes, func(c *Config) {
						c.Path = path(t, at)
						if i < len(tt.steps)-1 {
							return
						}
						for _, field := range tt.own {
							if strings.Contains(field, "{{") {
								c.VaryingHeader = append(c.VaryingHeader, varying(t, "cookie", field))
							} else {
								c.Header = append(c.Header, message.Field{Name: "Cookie", Value: field})
							}
						}
					})
				}
				tr := newMixOf(t, cfg, changes...)
				var r probe.Result
				for range 2 {
					for n, at := range tt.steps {
						set(&r, "Z")
						step(tr, &r, n)
						if strings.HasPrefix(at, "/cut") {
							require.Error(t, r.Err)
							continue
						}
						require.NoError(t, r.Err)
						require.NoError(t, r.HTTP.BodyErr)
					}
					assert.Equal(t, tt.want, got)
				}
			})
		})
	}
}

func TestEachJourneyBeginsWithoutCookies(t *testing.T) {
	t.Parallel()
	overAll(t, settingCookies, func(t *testing.T, cfg Config) {
		got := ""
		cfg.Cookies = true
		cfg.CheckBody = func(body []byte) error {
			got = string(body)
			return nil
		}
		tr := newMixOf(t, cfg, func(c *Config) { c.Path = path(t, "/set?set={{ a }}") }, func(*Config) {})
		var r probe.Result
		for i := range 3 {
			set(&r, fmt.Sprintf("n%d=1", i))
			step(tr, &r, 0)
			assert.Equal(t, `""`, got)
			step(tr, &r, 1)
			assert.Equal(t, fmt.Sprintf(`"n%d=1"`, i), got)
		}
	})
}

func TestCookiesOfAnotherOriginAreItsOwn(t *testing.T) {
	t.Parallel()
	seen := make(chan string, 10)
	telling := func(w http.ResponseWriter, q *http.Request) {
		seen <- q.Host + q.URL.Path + " " + q.Header.Get("Cookie")
		settingCookies(w, q)
	}
	home := serve(t, peers.HTTP1, telling)
	back := *home
	back.Path = "/back"
	there := *home
	there.Host = "localhost:" + home.Port()
	there.Path, there.RawQuery = "/there", url.Values{"set": {"b=2"}, "to": {back.String()}}.Encode()
	cfg := Config{URL: home, Cookies: true, FollowRedirects: 5, Header: message.Fields("Cookie", "own=0")}
	cfg.Path = path(t, atCookies("/set", there.String(), "a=1"))
	r := do(newTransport(t, cfg), patience)
	require.NoError(t, r.Err)
	assert.Equal(t, home.Host+"/set own=0", <-seen)
	assert.Equal(t, there.Host+"/there ", <-seen)
	assert.Equal(t, home.Host+"/back a=1", <-seen)
}

func TestARedirectToTheSamePlaceIsNoCircleWithAnotherCookie(t *testing.T) {
	t.Parallel()
	overAll(t, func(w http.ResponseWriter, q *http.Request) {
		c, err := q.Cookie("seen")
		if err == nil && c.Value == "2" {
			return
		}
		next := "1"
		if err == nil {
			next = "2"
		}
		if q.URL.Path == "/never" {
			next = "1"
		}
		http.SetCookie(w, &http.Cookie{Name: "seen", Value: next})
		http.Redirect(w, q, q.URL.Path, http.StatusFound)
	}, func(t *testing.T, cfg Config) {
		cfg.Cookies, cfg.FollowRedirects, cfg.Path = true, 5, tmpl(t, "/{{ a }}", template.Path)
		tr := newTransport(t, cfg)
		r := doWith(tr, 0, "ends")
		require.NoError(t, r.Err)
		assert.Len(t, r.HTTP.Hops, 2)
		r = doWith(tr, 0, "never")
		assert.Equal(t, errcode.RedirectLimit, tr.Code(r))
		assert.EqualError(t, r.Err, "transfer: after a redirect to "+cfg.URL.Host+": redirects in a circle")
	})
}

// If the request gives the server another name, its cookies belong to that name.
func TestCookiesGoByTheNameThatTheServerIsCalledBy(t *testing.T) {
	t.Parallel()
	overAll(t, settingCookies, func(t *testing.T, cfg Config) {
		got := ""
		cfg.Cookies, cfg.Host = true, "www.shop.test:8080"
		cfg.CheckBody = func(body []byte) error {
			got = string(body)
			return nil
		}
		tr := newMixOf(t, cfg, func(c *Config) {
			c.Path = path(t, atCookies("/set", "", "a=b; Domain=shop.test", "c=d; Domain=test", "e=f"))
		}, func(*Config) {})
		var r probe.Result
		step(tr, &r, 0)
		step(tr, &r, 1)
		require.NoError(t, r.Err)
		assert.Equal(t, `"a=b; e=f"`, got)
	})
}

func TestWithoutAJarNoCookieIsSentBack(t *testing.T) {
	t.Parallel()
	overAll(t, settingCookies, func(t *testing.T, cfg Config) {
		got := ""
		cfg.Header = message.Fields("Cookie", "x=y")
		cfg.CheckBody = func(body []byte) error {
			got = string(body)
			return nil
		}
		tr := newMixOf(t, cfg, func(c *Config) { c.Path = path(t, atCookies("/set", "", "a=b")) }, func(*Config) {})
		var r probe.Result
		step(tr, &r, 0)
		step(tr, &r, 1)
		require.NoError(t, r.Err)
		assert.Equal(t, `"x=y"`, got)
	})
}
