package prober

import (
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/config"
	"example.com/prober/internal/peers"
	"example.com/prober/prober/load"
)

func TestAnHTTPTargetTrustsThePrivateAuthorityOfItsTokenEndpoint(t *testing.T) {
	t.Parallel()
	endpoint := peers.Serve(t, peers.HTTP1TLS, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"access_token":"t0ken"}`)
	})
	dir := t.TempDir()
	write := func(name string, content []byte) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), content, 0o600))
	}
	write("ca.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: endpoint.Certificate().Raw}))
	write("secret", []byte("s3cret"))
	c, err := config.Parse(fmt.Appendf(nil, `
defaults: {connection: {tls: {ca_file: ca.pem, server_name: shop.internal}}}
targets:
  - name: shop
    url: http://127.0.0.1:1/
    request: {oauth2: {client_id: c, client_secret_file: secret, token_url: %q}}
`, endpoint.URL), filepath.Join(dir, "prober.yml"))
	require.NoError(t, err)
	s := newTokenSource(c.Targets[0], c.Network, load.NewLimiter(Limits{}), slog.New(slog.DiscardHandler))
	_, err = s.renew(t.Context())
	require.NoError(t, err)
	value, err := s.authorization()
	require.NoError(t, err)
	assert.Equal(t, "Bearer t0ken", value)
}
