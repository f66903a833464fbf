package transport

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/internal/peers"
	"example.com/prober/prober/message"
)

func TestHTTP2RequestWithALongHeaderArrives(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("~", 40<<10)
	u := serve(t, peers.H2C, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Long") != long || r.Host != "other.test" || r.ContentLength != 0 {
			w.WriteHeader(http.StatusTeapot)
		}
	})
	tr := newTransport(t, Config{
		URL: u, HTTPVersion: H2C, Method: "POST", Host: "other.test", Header: message.Fields("X-Long", long),
	})
	for range 3 {
		r := do(tr, patience)
		require.NoError(t, r.Err)
		assert.Equal(t, 200, r.HTTP.Status)
	}
}
