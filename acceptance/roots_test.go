//go:build linux

package acceptance

import (
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/internal/peers"
	"example.com/prober/internal/peers/certs"
	"example.com/prober/internal/rig"
)

// To read the authorities of the system takes a while. A peer that takes them away as soon as it is dialled finds out
// whether a request still has to wait for them.
func TestTheAuthoritiesOfTheSystemAreReadBeforeTheFirstRequest(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"a target with TLS", "a redirect to TLS"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			authority := certs.Issue(nil, certs.Authority)
			roots := rig.WriteFile(t, t.TempDir(), "roots.pem", "%s", certs.PEM(authority))
			answer := peers.Within(peers.Showing(certs.Issue(&authority, certs.For("127.0.0.1"))), peers.Answering(peers.OKAnswer))
			taking := func(then peers.Script) peers.Script {
				return func(c net.Conn) {
					_ = os.Remove(roots)
					then(c)
				}
			}
			url := peers.Listen(t, taking(answer)).URL("https").String()
			if strings.Contains(name, "redirect") {
				plain := peers.Listen(t, taking(peers.Answering("HTTP/1.1 302 Found\r\nLocation: "+url+"\r\nContent-Length: 0\r\n\r\n")))
				url = plain.URL("http").String()
			}
			file := rig.WriteFile(t, t.TempDir(), "prober.yml", "targets:\n  - {name: one, url: '%s', burst: {requests: 1}, request: {follow_redirects: 1}}\n", url)
			cmd := exec.CommandContext(t.Context(), "prober", "fire", "--config.file="+file, "one")
			cmd.Env = append(os.Environ(), "SSL_CERT_FILE="+roots, "SSL_CERT_DIR="+t.TempDir())
			out, err := cmd.CombinedOutput()
			require.NoError(t, err, "%s", out)
			assert.NoFileExists(t, roots)
		})
	}
}
