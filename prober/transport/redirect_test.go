package transport

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/internal/peers/certs"
	"example.com/prober/option"
	"example.com/prober/policy"
	"example.com/prober/prober/message"
	"example.com/prober/prober/probe"
)

// redirecting answers at / with the redirect the query asks for, and elsewhere with what
// it was sent.
func redirecting(w http.ResponseWriter, q *http.Request) {
	if q.URL.Path == "/" {
		if to := q.URL.Query()["to"]; to != nil {
			w.Header()["Location"] = to
		}
		status, _ := strconv.Atoi(q.URL.Query().Get("status"))
		w.WriteHeader(max(status, 200))
		return
	}
	body, _ := io.ReadAll(q.Body)
	_, _ = fmt.Fprintf(w, "%s %s %q %v", q.Method, q.RequestURI, body, q.Header["Content-Type"])
}

// redirect returns u with a query that makes redirecting answer so.
func redirect(u *url.URL, status int, to ...string) *url.URL {
	asked := *u
	asked.RawQuery = url.Values{"status": {strconv.Itoa(status)}, "to": to}.Encode()
	return &asked
}

func TestRedirectChangesTheMethodAsTheStatusSays(t *testing.T) {
	t.Parallel()
	overAll(t, redirecting, func(t *testing.T, cfg Config) {
		base := cfg.URL
		for _, tt := range []struct {
			method string
			status int
			want   string
		}{
			{"GET", 301, `GET /next "" []`},
			{"POST", 301, `GET /next "" []`},
			{"POST", 302, `GET /next "" []`},
			{"PUT", 302, `GET /next "" []`},
			{"POST", 303, `GET /next "" []`},
			{"POST", 307, `POST /next "body" [text/odd]`},
			{"DELETE", 308, `DELETE /next "body" [text/odd]`},
			{"HEAD", 303, ""},
		} {
			body := ""
			cfg.URL, cfg.Method, cfg.FollowRedirects = redirect(base, tt.status, "/next"), tt.method, 1
			cfg.Body, cfg.Header = nil, nil
			if tt.method != "GET" && tt.method != "HEAD" {
				cfg.Body, cfg.Header = []byte("body"), message.Fields("Content-Type", "text/odd")
			}
			cfg.CheckBody = func(b []byte) error {
				body += string(b)
				return nil
			}
			r := do(newTransport(t, cfg), patience)
			require.NoError(t, r.Err)
			assert.Equal(t, 200, r.HTTP.Status)
			assert.Equal(t, tt.want, body, "%s %d", tt.method, tt.status)
			assert.Len(t, r.HTTP.Hops, 1)
			assert.Equal(t, tt.status, r.HTTP.Hops[0].Status)
		}
	})
}

func TestWhereARedirectLeads(t *testing.T) {
	t.Parallel()
	home, other := serve(t, peers.HTTP1, redirecting), serve(t, peers.HTTP1, redirecting)
	for name, tt := range map[string]struct {
		to   []string
		want string // of the request, or empty if it is refused
		code errcode.Code
	}{
		"a path":                          {to: []string{"/a/b?c=d"}, want: "/a/b?c=d"},
		"a relative path":                 {to: []string{"a/./b/../c"}, want: "/a/c"},
		"a URL of the same origin":        {to: []string{home.String() + "a"}, want: "/a"},
		"a URL of another origin":         {to: []string{other.String() + "a"}, want: "/a"},
		"without a scheme":                {to: []string{"//" + other.Host + "/a"}, want: "/a"},
		"a scheme in capitals":            {to: []string{"HTTP://" + other.Host + "/a"}, want: "/a"},
		"a fragment":                      {to: []string{"/a?b#c"}, want: "/a?b"},
		"a space and other letters":       {to: []string{"/a b?c d=\u00e9"}, want: "/a%20b?c%20d=%C3%A9"},
		"the same place twice":            {to: []string{"/a", "/a"}, want: "/a"},
		"the shortest way":                {to: []string{"?x"}, want: ""},
		"no Location":                     {code: errcode.RedirectLocation},
		"an empty Location":               {to: []string{""}, code: errcode.RedirectLocation},
		"two different places":            {to: []string{"/a", "/b"}, code: errcode.RedirectLocation},
		"no URL":                          {to: []string{"http://[::1"}, code: errcode.RedirectLocation},
		"bad escapes":                     {to: []string{"/%zz"}, code: errcode.RedirectLocation},
		"another scheme":                  {to: []string{"ftp://127.0.0.1/"}, code: errcode.RedirectLocation},
		"a scheme without a place":        {to: []string{"mailto:a@b.test"}, code: errcode.RedirectLocation},
		"http without slashes":            {to: []string{"http:a"}, code: errcode.RedirectLocation},
		"no host":                         {to: []string{"http:///a"}, code: errcode.RedirectLocation},
		"a host that is none":             {to: []string{"http://a$b/"}, code: errcode.RedirectLocation},
		"a host beyond ASCII":             {to: []string{"http://\u00e9.invalid/"}, code: errcode.NoSuchHost},
		"a host that has no xn-- form":    {to: []string{"http://\u202e.test/"}, code: errcode.RedirectLocation},
		"a host in another encoding":      {to: []string{"http://\xe9.test/"}, code: errcode.RedirectLocation},
		"a host that hides a path":        {to: []string{"http://a\u2100b.test/"}, code: errcode.RedirectLocation},
		"a host that hides credentials":   {to: []string{"http://a\uff20b.test/"}, code: errcode.RedirectLocation},
		"an address with a zone of words": {to: []string{"http://[fe80::1%25\u00e9]/"}, code: errcode.RedirectLocation},
		"a port beyond ports":             {to: []string{"http://127.0.0.1:65536/"}, code: errcode.RedirectLocation},
		"credentials":                     {to: []string{"http://user:secret@" + other.Host + "/"}, code: errcode.RedirectRefused},
		"a name that does not exist":      {to: []string{"http://name.invalid/"}, code: errcode.NoSuchHost},
		"an address that must not be":     {to: []string{"http://127.0.0.9/"}, code: errcode.BlockedIP},
		"an address in disguise":          {to: []string{"http://[::ffff:127.0.0.9]/"}, code: errcode.BlockedIP},
		"an address behind NAT64":         {to: []string{"http://[64:ff9b::127.0.0.9]/"}, code: errcode.BlockedIP},
		"a redirect to the target itself": {to: []string{"/?status=302&to=/"}, code: errcode.OK, want: ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body := ""
			tr := newTransport(t, Config{
				URL: redirect(home, 302, tt.to...), FollowRedirects: 3,
				Rules:     policy.Rules{Deny: []netip.Prefix{netip.MustParsePrefix("127.0.0.9/32")}},
				CheckBody: func(b []byte) error { body = string(b); return nil },
			})
			r := do(tr, patience)
			require.Equal(t, tt.code, codeOf(r), "error: %v", r.Err)
			assertPhasesAddUp(t, r)
			if tt.want != "" {
				assert.Equal(t, "GET "+tt.want+` "" []`, body)
				assert.Len(t, r.HTTP.Hops, 1)
			}
			if tt.code == errcode.RedirectLocation || tt.code == errcode.RedirectRefused {
				assert.Empty(t, r.HTTP.Hops)
				assert.Equal(t, 302, r.HTTP.Status)
				assert.Equal(t, errcode.PhaseTransfer, r.FailedIn())
			}
		})
	}
}

func TestARedirectToAHostBeyondASCIIIsFollowed(t *testing.T) {
	t.Parallel()
	server := peers.ServeZone(t, map[string]peers.Entry{"xn--bcher-kva.test.": {IPv4: []string{"127.0.0.1"}}})
	hosts := make(chan string, 2)
	other := serve(t, peers.HTTP1, func(_ http.ResponseWriter, q *http.Request) { hosts <- q.Host })
	home := serve(t, peers.HTTP1, redirecting)
	for _, host := range []string{"b\u00fccher.test", "B%C3%9CCHER.test"} {
		to := "http://" + host + ":" + other.Port() + "/"
		r := do(newTransport(t, Config{URL: redirect(home, 302, to), FollowRedirects: 1, Dial: option.Dial{DNSServer: server.Address}}), patience)
		require.NoError(t, r.Err, host)
		assert.Equal(t, 200, r.HTTP.Status)
		assert.Equal(t, "xn--bcher-kva.test:"+other.Port(), <-hosts)
	}
	_, err := New(Config{URL: &url.URL{Scheme: "http", Host: "b\u00fccher.test"}, Method: "GET"})
	assert.Equal(t, errcode.InvalidURL, errcode.FromError(err))
	assert.ErrorContains(t, err, "xn--")
}

func TestOtherStatusesAreAnswers(t *testing.T) {
	t.Parallel()
	home := serve(t, peers.HTTP1, redirecting)
	for _, status := range []int{200, 300, 304, 305, 404} {
		r := do(newTransport(t, Config{URL: redirect(home, status, "/next"), FollowRedirects: 3}), patience)
		require.NoError(t, r.Err)
		assert.Equal(t, status, r.HTTP.Status)
		assert.Empty(t, r.HTTP.Hops)
	}
	r := do(newTransport(t, Config{URL: redirect(home, 302, "/next")}), patience)
	assert.Equal(t, errcode.OK, codeOf(r), "a redirect that is not to be followed is an answer")
	assert.Equal(t, 302, r.HTTP.Status)
}

func TestRedirectsEnd(t *testing.T) {
	t.Parallel()
	overAll(t, func(w http.ResponseWriter, q *http.Request) {
		n, _ := strconv.Atoi(q.URL.Query().Get("n"))
		if q.URL.Path == "/circle" {
			n %= 3
		}
		w.Header().Set("Location", fmt.Sprintf("%s?n=%d", q.URL.Path, n+1))
		w.WriteHeader(http.StatusFound)
	}, func(t *testing.T, cfg Config) {
		endless, circle := *cfg.URL, *cfg.URL
		cfg.FollowRedirects, cfg.URL = 5, &endless
		r := do(newTransport(t, cfg), patience)
		assert.Equal(t, errcode.RedirectLimit, codeOf(r))
		assert.Len(t, r.HTTP.Hops, 5)
		assertPhasesAddUp(t, r)

		circle.Path, circle.RawQuery = "/circle", "n=1"
		cfg.FollowRedirects, cfg.URL = 1000, &circle
		r = do(newTransport(t, cfg), patience)
		assert.Equal(t, errcode.RedirectLimit, codeOf(r))
		assert.Len(t, r.HTTP.Hops, 2)
	})
}

func TestCredentialsStayWithTheOrigin(t *testing.T) {
	t.Parallel()
	var home, other *url.URL
	seen := make(chan http.Header, 4)
	script := func(w http.ResponseWriter, q *http.Request) {
		seen <- q.Header
		next := map[string]string{"/": "/same", "/same": other.String() + "away", "/away": home.String() + "back"}[q.URL.Path]
		if next != "" {
			w.Header().Set("Location", next)
			w.WriteHeader(http.StatusTemporaryRedirect)
		}
	}
	home, other = serve(t, peers.HTTP1, script), serve(t, peers.HTTP1, script)
	r := do(newTransport(t, Config{
		URL: home, FollowRedirects: 9, IDHeader: "X-Request-Id", Traceparent: true, Host: "name.test",
		Header:        message.Fields("Cookie", "a=b", "X-Other", "c"),
		Authorization: func() (string, error) { return "Bearer t", nil },
	}), patience)
	require.NoError(t, r.Err)
	require.Len(t, r.HTTP.Hops, 3)
	first := <-seen
	for i, trusted := range []bool{true, false, false} {
		h := <-seen
		assert.Equal(t, trusted, h.Get("Authorization") != "", "hop %d", i+1)
		assert.Equal(t, trusted, h.Get("Cookie") != "", "hop %d", i+1)
		assert.Equal(t, "c", h.Get("X-Other"))
		assert.Equal(t, first["X-Request-Id"], h["X-Request-Id"], "it is one request")
		assert.Equal(t, first["Traceparent"], h["Traceparent"])
	}
}

func TestEachOriginKeepsItsConnections(t *testing.T) {
	t.Parallel()
	overAll(t, redirecting, func(t *testing.T, cfg Config) {
		other := serve(t, peers.HTTP1, redirecting)
		switch cfg.HTTPVersion {
		case option.H2C:
			other = serve(t, peers.H2C, redirecting)
		case option.OnlyHTTP3:
			other = serve(t, peers.HTTP3, redirecting)
		}
		cfg.URL, cfg.FollowRedirects = redirect(cfg.URL, 302, redirect(other, 302, "/next").String()), 2
		tr := newTransport(t, cfg)
		first, second := do(tr, patience), do(tr, patience)
		require.NoError(t, first.Err)
		require.NoError(t, second.Err)
		assert.Equal(t, []bool{true, true, false}, []bool{first.HTTP.Hops[0].Opened, first.HTTP.Hops[1].Opened, first.Opened})
		assert.Equal(t, []bool{true, true, true}, []bool{second.HTTP.Hops[0].Reused, second.HTTP.Hops[1].Reused, second.Reused})
		assert.Equal(t, 2, tr.Open())
		tr.CloseIdle()
		assert.Zero(t, tr.Open())
	})
}

func TestOriginsAreFew(t *testing.T) {
	t.Parallel()
	var away []*url.URL
	for range maxOrigins + 3 {
		away = append(away, serve(t, peers.HTTP1, redirecting))
	}
	visits := 0
	home := serve(t, peers.HTTP1, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", away[visits].String()+"next")
		w.WriteHeader(http.StatusFound)
		visits++
	})
	tr := newTransport(t, Config{URL: home, FollowRedirects: 1})
	for range away {
		require.NoError(t, do(tr, patience).Err)
	}
	assert.Equal(t, 1+maxOrigins, tr.Open())
	tr.CloseIdle()
	assert.Zero(t, tr.Open())
}

func TestRedirectBetweenSchemes(t *testing.T) {
	t.Parallel()
	ca := certs.Issue(nil, certs.Authority)
	plain := serve(t, peers.HTTP1, redirecting)
	var secure *url.URL
	p := peers.Listen(t, peers.Within(peers.Showing(certs.Issue(&ca)), func(c net.Conn) {
		buf := make([]byte, 4096)
		for {
			n, err := c.Read(buf)
			if err != nil {
				return
			}
			answer := peers.OKAnswer
			if strings.HasPrefix(string(buf[:n]), "GET /down ") {
				answer = "HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: " + plain.String() + "\r\n\r\n"
			}
			_, _ = io.WriteString(c, answer)
		}
	}))
	secure = p.URL("https")
	options := option.TLS{CA: certs.PEM(ca)}

	r := do(newTransport(t, Config{URL: redirect(plain, 301, secure.String()), TLS: options, FollowRedirects: 1}), patience)
	require.NoError(t, r.Err)
	_, secured := r.Phase(errcode.PhaseTLS)
	assert.True(t, secured, "its time is part of the request")
	assert.NotNil(t, r.TLS, "and so is its certificate")

	secure.Path = "/down"
	r = do(newTransport(t, Config{URL: secure, TLS: options, FollowRedirects: 1}), patience)
	assert.Equal(t, errcode.RedirectRefused, codeOf(r))
	assert.NotNil(t, r.TLS)
}

func TestTimeOfARequestCoversItsRedirects(t *testing.T) {
	t.Parallel()
	silent := peers.Listen(t, peers.Silence)
	home := serve(t, peers.HTTP1, redirecting)
	tr := newTransport(t, Config{URL: redirect(home, 302, silent.URL("http").String()), FollowRedirects: 1})
	r := do(tr, amply)
	assert.Equal(t, errcode.RequestTimeout, codeOf(r))
	assert.Equal(t, errcode.PhaseProcessing, r.FailedIn())
	assert.Zero(t, r.HTTP.Status)
	assert.Len(t, r.HTTP.Hops, 1)
	assertPhasesAddUp(t, r)
}

func TestAbortReachesOtherOrigins(t *testing.T) {
	t.Parallel()
	arrived := make(chan struct{})
	silent := peers.Listen(t, func(c net.Conn) {
		if peers.ReadRequest(c, make([]byte, 4096)) {
			close(arrived)
			peers.Silence(c)
		}
	})
	home := serve(t, peers.HTTP1, redirecting)
	tr := newTransport(t, Config{URL: redirect(home, 302, silent.URL("http").String()), FollowRedirects: 1})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan *probe.Result)
	go func() {
		var r probe.Result
		again(ctx, tr, &r, patience)
		ended <- &r
	}()
	<-arrived
	cancel()
	tr.Abort()
	assert.Equal(t, errcode.Cancelled, codeOf(<-ended))
	assert.Zero(t, tr.Open())
}
