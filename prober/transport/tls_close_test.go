package transport

import (
	"bufio"
	"net"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/internal/peers/certs"
	"example.com/prober/option"
	"example.com/prober/prober/wire"
)

// toTheEnd are answers with content up to the end of the connection.
var toTheEnd = map[string]string{
	"HTTP/1.1":        "HTTP/1.1 200 OK\r\n\r\nuntil the end",
	"HTTP/1.0":        "HTTP/1.0 200 OK\r\n\r\nuntil the end",
	"with no content": "HTTP/1.1 200 OK\r\n\r\n",
}

// ends are the ways a server's TLS can end.
var ends = map[string]struct {
	how  func(*talker)
	code errcode.Code
}{
	"with close_notify":    {(*talker).end, errcode.OK},
	"without close_notify": {func(*talker) {}, errcode.Truncated},
	"in a record":          {func(s *talker) { _, _ = s.raw.Write(record(labApplicationData, 1)[:3]) }, errcode.Truncated},
}

func TestContentThatEndsWithTheConnectionOverTLS(t *testing.T) {
	t.Parallel()
	ca := certs.Issue(nil, certs.Authority)
	through := ways(t, ca)
	for kind, answer := range toTheEnd {
		for end, test := range ends {
			for way, via := range through {
				for versionName, version := range tlsVersions {
					t.Run(kind+" ends "+end+" "+way+", "+versionName, func(t *testing.T) {
						t.Parallel()
						p := peers.Listen(t, talking(t, certs.Issue(&ca), version, func(s *talker) {
							_, _ = http.ReadRequest(bufio.NewReader(s))
							s.say(answer)
							test.how(s)
						}))
						tr := newTransport(t, Config{URL: p.URL("https"), Proxy: via, TLS: option.TLS{CA: certs.PEM(ca)}})
						r := do(tr, patience)
						require.Equal(t, test.code, errcode.FromError(r.Err), "%v", r.Err)
						assert.Equal(t, 200, r.HTTP.Status)
						assert.Zero(t, tr.Open())
						if test.code != errcode.OK {
							assert.Equal(t, errcode.PhaseTransfer, r.FailedIn())
						}
					})
				}
			}
		}
	}
}

// If an HTTPS proxy forwards a request, its TLS is all the TLS there is.
func TestContentThatEndsWithTheConnectionToAnHTTPSProxy(t *testing.T) {
	t.Parallel()
	ca := certs.Issue(nil, certs.Authority)
	for end, test := range ends {
		for versionName, version := range tlsVersions {
			t.Run(end+", "+versionName, func(t *testing.T) {
				t.Parallel()
				p := peers.Listen(t, talking(t, certs.Issue(&ca), version, func(s *talker) {
					_, _ = http.ReadRequest(bufio.NewReader(s))
					s.say(toTheEnd["HTTP/1.1"])
					test.how(s)
				}))
				tr := newTransport(t, Config{
					URL:   p.Named("http", "name.test"),
					Proxy: wire.ProxyOptions{URL: p.URL("https"), TLS: option.TLS{CA: certs.PEM(ca)}},
				})
				r := do(tr, patience)
				require.Equal(t, test.code, errcode.FromError(r.Err), "%v", r.Err)
			})
		}
	}
}

func TestARedirectThatEndsWithTheConnectionOverTLS(t *testing.T) {
	t.Parallel()
	ca := certs.Issue(nil, certs.Authority)
	final := peers.Listen(t, answeringTLS(peers.Showing(certs.Issue(&ca))))
	there := "HTTP/1.1 302 Found\r\nLocation: " + final.URL("https").String() + "\r\n\r\nthere"
	for end, test := range ends {
		for versionName, version := range tlsVersions {
			t.Run(end+", "+versionName, func(t *testing.T) {
				t.Parallel()
				p := peers.Listen(t, talking(t, certs.Issue(&ca), version, func(s *talker) {
					_, _ = http.ReadRequest(bufio.NewReader(s))
					s.say(there)
					test.how(s)
				}))
				tr := newTransport(t, Config{URL: p.URL("https"), FollowRedirects: 1, TLS: option.TLS{CA: certs.PEM(ca)}})
				r := do(tr, patience)
				require.Equal(t, test.code, errcode.FromError(r.Err), "%v", r.Err)
				assert.Equal(t, test.code == errcode.OK, len(r.HTTP.Hops) == 1, "followed")
			})
		}
	}
}

// If the end of the content is known, no close_notify is needed. Some servers do not send
// it.
func TestTheEndOfAConnectionAfterTheContent(t *testing.T) {
	t.Parallel()
	ca := certs.Issue(nil, certs.Authority)
	for versionName, version := range tlsVersions {
		t.Run(versionName, func(t *testing.T) {
			t.Parallel()
			ended := make(chan struct{}, 2)
			p := peers.Listen(t, func(c net.Conn) {
				talking(t, certs.Issue(&ca), version, func(s *talker) {
					_, _ = http.ReadRequest(bufio.NewReader(s))
					s.say(peers.OKAnswer)
				})(c)
				_ = c.Close()
				ended <- struct{}{}
			})
			tr := newTransport(t, Config{URL: p.URL("https"), TLS: option.TLS{CA: certs.PEM(ca)}})
			for range 2 {
				r := do(tr, patience)
				require.NoError(t, r.Err)
				<-ended
				awaitDead(t, tr)
			}
		})
	}
}
