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
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/config"
	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/policy"
	"example.com/prober/prober/load"
)

// The clock of the bubble stands still, so lives are exact.
func TestAnAnswerThatIsLegalIsAToken(t *testing.T) {
	t.Parallel()
	const years = maxTokenLife * time.Second
	for content, life := range map[string]time.Duration{
		`{"access_token":"t","token_type":"bearer","expires_in":3600}`:                          time.Hour,
		`{"access_token":"t","token_type":"Bearer","expires_in":3600.0}`:                        time.Hour,
		`{"access_token":"t","token_type":"BEARER","expires_in":3.6e3}`:                         time.Hour,
		`{"access_token":"t","token_type":"bEaReR","expires_in":36E+2}`:                         time.Hour,
		`{"access_token":"t","expires_in":0.5}`:                                                 time.Second / 2,
		`{"access_token":"t","expires_in":1e-300}`:                                              0,
		`{"access_token":"t","expires_in":"3600"}`:                                              time.Hour,
		`{"access_token":"t","expires_in":" 3600.0 "}`:                                          time.Hour,
		`{"access_token":"t","expires_in":"3.6e3"}`:                                             time.Hour,
		`{"access_token":"t","expires_in":99999999999999999999}`:                                years,
		`{"access_token":"t","expires_in":1e400}`:                                               years,
		`{"access_token":"t"}`:                                                                  -1,
		`{"access_token":"t","token_type":null,"expires_in":null,"error":null}`:                 -1,
		`{"access_token":"t","token_type":"","expires_in":"","error":""}`:                       -1,
		`{"access_token":"t","expires_in":0}`:                                                   -1,
		`{"access_token":"t","expires_in":0.0}`:                                                 -1,
		`{"access_token":"t","scope":["a"],"refresh_token":1,"error":false,"id_token":{"a":1}}`: -1,
		"\ufeff \r\n{\"access_token\":\"t\"}":                                                   -1,
		`access_token=t&token_type=bearer&expires_in=3.6e3`:                                     time.Hour,
		`access_token=t`: -1,
	} {
		for _, kind := range []string{"application/json", "application/json; charset=utf-8", "text/plain", formType, ""} {
			if content[0] == 'a' && kind != formType && kind != "text/plain" {
				continue
			}
			t.Run(content+" as "+kind, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					a := tokenAnswer{status: 200, contentType: kind, content: []byte(content)}
					got, err := a.token(nil)
					require.NoError(t, err)
					want := token{authorization: "Bearer t"}
					if life >= 0 {
						want.expiry = time.Now().Add(life)
					}
					assert.Equal(t, want, *got)
				})
			})
		}
	}
}

func TestALifeThatIsNoNumberOfSecondsIsToldSo(t *testing.T) {
	t.Parallel()
	for life, text := range map[string]string{
		`-1`: "already expired", `-0.5`: "already expired", `"-3600"`: "already expired", `-1e400`: "already expired",
		`true`: "not a number", `{}`: "not a number", `[3600]`: "not a number", `"soon"`: "not a number", `"NaN"`: "not a number", `"Inf"`: "not a number",
		`"0x10"`: "not a number", `"1-2"`: "not a number", `"--"`: "not a number", `"."`: "not a number", `"2030-01-01"`: "not a number", `"1_0"`: "not a number",
	} {
		a := tokenAnswer{status: 200, content: []byte(`{"access_token":"t","expires_in":` + life + `}`)}
		_, err := a.token(nil)
		require.ErrorContains(t, err, text, life)
		assert.Equal(t, errcode.Credentials, errcode.FromError(err), life)
	}
}

func TestATokenOfAnotherTypeIsSentAsSuch(t *testing.T) {
	t.Parallel()
	a := tokenAnswer{status: 201, content: []byte(`{"access_token":"t","token_type":"JWT"}`)}
	got, err := a.token(nil)
	require.NoError(t, err)
	assert.Equal(t, "JWT t", got.authorization)
}

func TestATokenWithAFloatForItsLifeIsFetchedAndRenewed(t *testing.T) {
	t.Parallel()
	endpoint := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"access_token":"t","token_type":"BEARER","expires_in":3600.0}`)
	})
	s := newTokenSource(withOAuth2(t, endpoint), policy.Rules{}, load.NewLimiter(Limits{}), slog.New(slog.DiscardHandler))
	wait, err := s.renew(t.Context())
	require.NoError(t, err)
	assert.Greater(t, wait, 40*time.Minute)
	assert.LessOrEqual(t, wait, 48*time.Minute)
	value, err := s.authorization()
	require.NoError(t, err)
	assert.Equal(t, "Bearer t", value)
}

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
