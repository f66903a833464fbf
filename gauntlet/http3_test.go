package main

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"testing"

	"github.com/quic-go/quic-go/http3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/internal/peers/certs"
)

func TestAServerOfHTTP3IsBornAgainWhereItDied(t *testing.T) {
	t.Parallel()
	require.NoError(t, play(t.Context(), func(s *stage) {
		f := newFarm(s)
		b := f.openPackets(f.serveQUIC(f.issue(), well, quicSilence))
		address := b.address
		for life := range 3 {
			f.fetchOverHTTP3(b.url("https", "a"))
			assert.Equal(t, life+1, b.connections())
			b.kill()
			assert.Equal(t, life+1, b.deaths())
			s.await("its port again", func() bool { return b.raise() == nil })
			assert.Equal(t, address, b.address)
		}
		assert.Equal(t, map[string]int{"0": 3}, f.ledger.read("a").want)
	}))
}

// fetchOverHTTP3 sends a request on a connection of its own.
func (f *farm) fetchOverHTTP3(url string) {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(certs.PEM(f.ca))
	client := &http3.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS13}}
	defer client.Close()
	q, err := http.NewRequestWithContext(f.ctx, http.MethodGet, url, http.NoBody)
	f.must(err)
	r, err := client.RoundTrip(q)
	f.must(err)
	f.must(r.Body.Close())
}
