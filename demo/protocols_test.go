package demo

import (
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func failsEvery25thSearch(o observer) {
	var failed []int
	for n := 1; n <= 50; n++ {
		resp, err := o.client.Get(o.URL + "search?q=coffee")
		require.NoError(o.t, err)
		assert.NoError(o.t, resp.Body.Close())
		if resp.StatusCode != http.StatusOK {
			assert.Equal(o.t, http.StatusServiceUnavailable, resp.StatusCode)
			failed = append(failed, n)
		}
	}
	assert.Equal(o.t, []int{25, 50}, failed)
}

// takesOrders goes through the shop with a cookie.
func takesOrders(o observer) {
	jar, err := cookiejar.New(nil)
	require.NoError(o.t, err)
	o.client.Jar = jar
	o.send("login", `{"user": "ann@example.com"}`, http.StatusOK)
	o.send("cart", `{"sku": "kettle"}`, http.StatusOK)
	o.send("checkout", "", http.StatusCreated)
	o.send("checkout", "", http.StatusOK)
}

func (o observer) send(path, body string, want int) {
	r, err := http.NewRequestWithContext(o.t.Context(), http.MethodPost, o.URL+path, strings.NewReader(body))
	require.NoError(o.t, err)
	r.Header.Set("Idempotency-Key", "key")
	resp, err := o.client.Do(r)
	require.NoError(o.t, err)
	assert.NoError(o.t, resp.Body.Close())
	assert.Equal(o.t, want, resp.StatusCode, path)
}

func showsTheShopOverHTTP2(o observer) {
	transport := o.client.Transport.(*http.Transport)
	transport.ForceAttemptHTTP2 = true
	o.showsTheShop(transport, "HTTP/2.0")
}

func showsTheShopOverHTTP3(o observer) {
	transport := &http3.Transport{TLSClientConfig: o.client.Transport.(*http.Transport).TLSClientConfig}
	o.t.Cleanup(func() { assert.NoError(o.t, transport.Close()) })
	o.showsTheShop(transport, "HTTP/3.0")
}

func (o observer) showsTheShop(transport http.RoundTripper, version string) {
	o.client.Transport = transport
	resp, err := o.client.Get(o.URL)
	require.NoError(o.t, err)
	defer resp.Body.Close()
	assert.Equal(o.t, http.StatusOK, resp.StatusCode)
	assert.Equal(o.t, version, resp.Proto)
	body, err := io.ReadAll(resp.Body)
	require.NoError(o.t, err)
	assert.Contains(o.t, string(body), "<h1>Shop</h1>")
}

// answersCalls calls the health service. It compares the status of the call and all messages with the expected ones.
func answersCalls(status, messages string) check {
	return func(o observer) {
		u, err := url.Parse(o.URL)
		require.NoError(o.t, err)
		transport := &http.Transport{Protocols: new(http.Protocols)}
		transport.Protocols.SetUnencryptedHTTP2(true)
		o.t.Cleanup(transport.CloseIdleConnections)
		o.client.Transport = transport
		resp, err := o.client.Post("http://"+u.Host+"/grpc.health.v1.Health/Check", "application/grpc", strings.NewReader("\x00\x00\x00\x00\x00"))
		require.NoError(o.t, err)
		defer resp.Body.Close()
		assert.Equal(o.t, http.StatusOK, resp.StatusCode)
		assert.Equal(o.t, "application/grpc", resp.Header.Get("Content-Type"))
		body, err := io.ReadAll(resp.Body)
		require.NoError(o.t, err)
		assert.Equal(o.t, messages, string(body))
		assert.Equal(o.t, status, resp.Trailer.Get("Grpc-Status"))
	}
}

func TestCloseEndsConnectionsOfHTTP3ThatTheirPeersKeepOpen(t *testing.T) {
	t.Parallel()
	s, err := Start()
	require.NoError(t, err)
	u, err := url.Parse(s.shop.secure)
	require.NoError(t, err)
	conn, err := quic.DialAddr(t.Context(), u.Host, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h3"}}, &quic.Config{KeepAlivePeriod: time.Second})
	require.NoError(t, err)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.shop.secure+"/", http.NoBody)
	require.NoError(t, err)
	resp, err := new(http3.Transport).NewClientConn(conn).RoundTrip(r)
	require.NoError(t, err)
	assert.NoError(t, resp.Body.Close())

	require.NoError(t, s.Close())
	<-conn.Context().Done()
	var end *quic.ApplicationError
	require.ErrorAs(t, context.Cause(conn.Context()), &end)
	assert.True(t, end.Remote)
	assert.EqualValues(t, http3.ErrCodeNoError, end.ErrorCode)
}
