package e2e

import (
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/internal/rig"
)

// The browser checks that the test's own server speaks HTTP/3: the prober must not be tested with a server that only
// the prober understands.
func TestABrowserSpeaksHTTP3WithTheSameServer(t *testing.T) {
	backend := startBackend(t)
	rig.WriteFile(t, backend.dir, "page.html", "<title>a page</title>")
	s := startCaddy(t, backend)
	pair, err := tls.LoadX509KeyPair(filepath.Join(s.dir, "cert.pem"), filepath.Join(s.dir, "cert-key.pem"))
	require.NoError(t, err)
	key := sha256.Sum256(pair.Leaf.RawSubjectPublicKeyInfo)
	b := startBrowser(t,
		chromedp.Flag("disable-quic", false), chromedp.Flag("enable-quic", true),
		chromedp.Flag("origin-to-force-quic-on", s.quic),
		chromedp.Flag("ignore-certificate-errors-spki-list", base64.StdEncoding.EncodeToString(key[:])))
	p := newTab(t, b, "https://"+s.quic)
	p.open("/page.html")
	assert.Equal(t, "h3", eval[string](p, `performance.getEntriesByType("navigation")[0].nextHopProtocol`))
}
