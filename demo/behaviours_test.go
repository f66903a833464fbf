package demo

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/internal/peers/certs"
)

// glance is how long a test waits for bytes that must not come. It may be short, as they never come.
const glance = 100 * time.Millisecond

// observer sends requests to one target, as a prober would. Its client keeps connections, follows no redirect and
// trusts the authority of the demo.
type observer struct {
	Behaviour
	t      *testing.T
	client *http.Client
}

func observe(t *testing.T, s *Server, b Behaviour) observer {
	t.Helper()
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(certs.PEM(s.ca)))
	transport := &http.Transport{
		TLSClientConfig:        &tls.Config{RootCAs: roots},
		MaxResponseHeaderBytes: 64 << 10,
	}
	t.Cleanup(transport.CloseIdleConnections)
	return observer{b, t, &http.Client{
		Transport:     transport,
		Timeout:       time.Minute,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// get returns the status and the body of one answer, or the first error.
func (o observer) get() (status int, body []byte, err error) {
	resp, err := o.client.Get(o.URL)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	body, err = io.ReadAll(resp.Body)
	return resp.StatusCode, body, err
}

// dial returns a new connection to the target. Nothing has been sent on it.
func (o observer) dial() net.Conn {
	o.t.Helper()
	u, err := url.Parse(o.URL)
	require.NoError(o.t, err)
	c, err := net.Dial("tcp", u.Host)
	require.NoError(o.t, err)
	o.t.Cleanup(func() { c.Close() })
	require.NoError(o.t, c.SetDeadline(time.Now().Add(time.Minute)))
	return c
}

// check is an expectation of a target.
type check func(o observer)

func answers(status int) check {
	return func(o observer) {
		got, _, err := o.get()
		require.NoError(o.t, err)
		assert.Equal(o.t, status, got)
	}
}

func failsAs(target error) check {
	return func(o observer) {
		_, _, err := o.get()
		assert.ErrorIs(o.t, err, target)
	}
}

func failsWith(text string) check {
	return func(o observer) {
		_, _, err := o.get()
		assert.ErrorContains(o.t, err, text)
	}
}

func refusesCertificate(reason x509.InvalidReason, text string) check {
	return func(o observer) {
		_, _, err := o.get()
		var invalid x509.CertificateInvalidError
		require.ErrorAs(o.t, err, &invalid)
		assert.Equal(o.t, reason, invalid.Reason)
		assert.ErrorContains(o.t, err, text)
	}
}

func leadsTo(want string) check {
	return func(o observer) { assert.Equal(o.t, want, o.URL) }
}

// checks has one expectation for each behaviour. The client of the standard library stands in for the prober.
var checks = map[string]check{
	"fast":                   answersOneKiB,
	"post":                   takesBodies,
	"new-connections":        answersOneKiB,
	"redirect":               answers(http.StatusFound),
	"not-found":              answers(http.StatusNotFound),
	"rate-limited":           answers(http.StatusTooManyRequests),
	"unavailable":            failsEveryFifth,
	"unexpected-status":      answers(http.StatusNoContent),
	"slow":                   answers(http.StatusOK),
	"pausing":                answers(http.StatusOK),
	"stall":                  staysSilentAfterRequest,
	"stall-mid-body":         staysSilentMidBody,
	"reset-mid-body":         failsAs(syscall.ECONNRESET),
	"closed":                 failsAs(io.EOF),
	"closed-in-header":       closesInsideTheHeader,
	"closed-reused":          closesSecondRequest,
	"truncated":              failsAs(io.ErrUnexpectedEOF),
	"bad-chunk":              failsWith("invalid byte in chunk length"),
	"not-http":               greetsUnasked,
	"unasked-upgrade":        answersUpgrade,
	"huge-header":            failsWith("server response headers exceeded"),
	"big-body":               answersTwoMiB,
	"tls":                    answersOneKiB,
	"tls-self-signed":        isOfUnknownAuthority,
	"tls-wrong-host":         isForAnotherHost,
	"tls-expired":            refusesCertificate(x509.Expired, "is after"),
	"tls-not-yet-valid":      refusesCertificate(x509.Expired, "is before"),
	"tls-client-certificate": failsWith("tls: certificate required"),
	"tls-stall":              staysSilentAfterHello,
	"tls-plain-http":         failsWith("server gave HTTP response to HTTPS client"),
	"shop":                   failsEvery25thSearch,
	"checkout":               takesOrders,
	"http2":                  showsTheShopOverHTTP2,
	"http3":                  showsTheShopOverHTTP3,
	"grpc":                   answersCalls("0", "\x00\x00\x00\x00\x02\x08\x01"),
	"grpc-not-serving":       answersCalls("0", "\x00\x00\x00\x00\x02\x08\x02"),
	"grpc-unavailable":       answersCalls("14", ""),
	"tcp":                    greetsUnasked,
	"tcp-refused":            refusesConnections,
	"tls-handshake":          shakesHands,
	"tls-handshake-expired":  shakesHands,
	"dns":                    answersWithAnAddress,
	"dns-cut":                answersWithAnAddress, // the resolver asks again over TCP
	"dns-no-such-name":       failsToResolve("no such host"),
	"dns-servfail":           failsToResolve("server misbehaving"),
	"dns-silent":             hasNoAnswer,
	"dns-other-question":     hasNoAnswer,
	"dns-unreachable":        failsToResolve("connection refused"),
	"dns-too-few":            answersWithAnAddress,
	"refused":                isRefusedAndReserved,
	"no-such-host":           leadsTo("http://does-not-exist.invalid/"),
	"blocked":                leadsTo("http://169.254.169.254/"),
}

func TestEveryTargetBehavesAsItsNameSays(t *testing.T) {
	s := started(t)
	for _, b := range s.Behaviours() {
		t.Run(b.Name, func(t *testing.T) {
			require.Contains(t, checks, b.Name)
			checks[b.Name](observe(t, s, b))
		})
	}
}

func TestTheTableIsComplete(t *testing.T) {
	s := started(t)
	seen := make(map[string]bool)
	for _, b := range s.Behaviours() {
		assert.NotContains(t, seen, b.Name)
		seen[b.Name] = true
		assert.NotEmpty(t, b.Summary, b.Name)
		assert.NotContains(t, b.Summary, "\n", b.Name)
		assert.NotEmpty(t, b.Codes, b.Name)
		assert.True(t, slices.IsSorted(b.Codes), b.Name)
		_, err := url.Parse(b.URL)
		require.NoError(t, err, b.Name)
	}
	for name := range checks {
		assert.Contains(t, seen, name)
	}
}

func answersOneKiB(o observer) {
	status, body, err := o.get()
	require.NoError(o.t, err)
	assert.Equal(o.t, http.StatusOK, status)
	assert.Len(o.t, body, 1<<10)
}

func answersTwoMiB(o observer) {
	_, body, err := o.get()
	require.NoError(o.t, err)
	assert.Len(o.t, body, 2<<20)
}

func answersUpgrade(o observer) {
	resp, err := o.client.Get(o.URL)
	require.NoError(o.t, err)
	defer resp.Body.Close()
	assert.Equal(o.t, http.StatusSwitchingProtocols, resp.StatusCode)
}

func takesBodies(o observer) {
	resp, err := o.client.Post(o.URL, "application/json", strings.NewReader(`{"sku":1}`))
	require.NoError(o.t, err)
	defer resp.Body.Close()
	assert.Equal(o.t, http.StatusCreated, resp.StatusCode)
	body, err := io.ReadAll(resp.Body)
	require.NoError(o.t, err)
	assert.Equal(o.t, "9 bytes\n", string(body))

	answers(http.StatusMethodNotAllowed)(o)
}

func failsEveryFifth(o observer) {
	var got []int
	for range 10 {
		status, _, err := o.get()
		require.NoError(o.t, err)
		got = append(got, status)
	}
	assert.Equal(o.t, []int{200, 200, 200, 200, 503, 200, 200, 200, 200, 503}, got)
}

func closesInsideTheHeader(o observer) {
	c := o.dial()
	_, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: demo\r\n\r\n")
	require.NoError(o.t, err)
	all, err := io.ReadAll(c)
	require.NoError(o.t, err)
	assert.True(o.t, strings.HasPrefix(string(all), "HTTP/1.1 200 OK\r\n"))
	assert.NotContains(o.t, string(all), "\r\n\r\n")
}

func greetsUnasked(o observer) {
	all, err := io.ReadAll(o.dial())
	require.NoError(o.t, err)
	assert.True(o.t, strings.HasPrefix(string(all), "SSH-2.0-"))
}

func closesSecondRequest(o observer) {
	c := o.dial()
	for range 2 {
		_, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: demo\r\n\r\n")
		require.NoError(o.t, err)
	}
	all, err := io.ReadAll(c)
	require.NoError(o.t, err)
	assert.Equal(o.t, 1, strings.Count(string(all), "HTTP/1.1 200 OK"))
}

func staysSilentAfterRequest(o observer) {
	c := o.dial()
	_, err := io.WriteString(c, "GET /stall HTTP/1.1\r\nHost: demo\r\n\r\n")
	require.NoError(o.t, err)
	assertSilence(o.t, c)
}

func staysSilentMidBody(o observer) {
	c := o.dial()
	_, err := io.WriteString(c, "GET /stall-mid-body HTTP/1.1\r\nHost: demo\r\n\r\n")
	require.NoError(o.t, err)
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	require.NoError(o.t, err)
	defer resp.Body.Close()
	assert.EqualValues(o.t, 1024, resp.ContentLength)
	_, err = io.ReadFull(resp.Body, make([]byte, 512))
	require.NoError(o.t, err)
	assertSilence(o.t, c)
}

func staysSilentAfterHello(o observer) {
	c := o.dial()
	require.NoError(o.t, c.SetDeadline(time.Now().Add(glance)))
	err := tls.Client(c, &tls.Config{ServerName: "demo"}).Handshake()
	assert.ErrorIs(o.t, err, os.ErrDeadlineExceeded)
}

func isOfUnknownAuthority(o observer) {
	_, _, err := o.get()
	var unknown x509.UnknownAuthorityError
	assert.ErrorAs(o.t, err, &unknown)
}

func isForAnotherHost(o observer) {
	_, _, err := o.get()
	var mismatch x509.HostnameError
	assert.ErrorAs(o.t, err, &mismatch)
}

func refusesConnections(o observer) {
	u, err := url.Parse(o.URL)
	require.NoError(o.t, err)
	_, err = net.Dial("tcp", u.Host)
	assert.ErrorIs(o.t, err, syscall.ECONNREFUSED)
}

func shakesHands(o observer) {
	c := tls.Client(o.dial(), &tls.Config{InsecureSkipVerify: true})
	require.NoError(o.t, c.Handshake())
	end := c.ConnectionState().PeerCertificates[0].NotAfter
	assert.Equal(o.t, slices.Contains(o.Codes, 1312), end.Before(time.Now()))
}

// lookUp asks the target for the address of a host.
func (o observer) lookUp(ctx context.Context) ([]netip.Addr, error) {
	u, err := url.Parse(o.URL)
	require.NoError(o.t, err)
	resolver := net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, u.Host)
	}}
	return resolver.LookupNetIP(ctx, "ip4", "shop.example.")
}

func answersWithAnAddress(o observer) {
	addrs, err := o.lookUp(o.t.Context())
	require.NoError(o.t, err)
	assert.Equal(o.t, []netip.Addr{netip.MustParseAddr("192.0.2.1")}, addrs)
}

func failsToResolve(text string) check {
	return func(o observer) {
		_, err := o.lookUp(o.t.Context())
		assert.ErrorContains(o.t, err, text)
	}
}

func hasNoAnswer(o observer) {
	ctx, cancel := context.WithTimeout(o.t.Context(), glance)
	defer cancel()
	_, err := o.lookUp(ctx)
	var failure *net.DNSError
	require.ErrorAs(o.t, err, &failure)
	assert.True(o.t, failure.IsTimeout, "%v", err)
}

func isRefusedAndReserved(o observer) {
	failsAs(syscall.ECONNREFUSED)(o)

	u, err := url.Parse(o.URL)
	require.NoError(o.t, err)
	ln, err := net.Listen("tcp", u.Host)
	if err == nil {
		ln.Close()
	}
	assert.Error(o.t, err, "somebody else can listen on the port")
}

// assertSilence asserts that c stays open without any data.
func assertSilence(t *testing.T, c net.Conn) {
	t.Helper()
	require.NoError(t, c.SetReadDeadline(time.Now().Add(glance)))
	_, err := c.Read(make([]byte, 1))
	assert.ErrorIs(t, err, os.ErrDeadlineExceeded)
}
