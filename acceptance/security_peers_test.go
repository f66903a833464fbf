package acceptance

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/internal/peers"
	"example.com/prober/internal/peers/certs"
	"example.com/prober/internal/rig"
)

// Hostile input of peers for readers of logs and pages: commands to a terminal, tags, reordered or invisible text, and
// bytes that are no text.
const (
	bell   = "\x1b]0;owned\x07\x1b[31m"
	tag    = `"'><script>alert(1)</script><img src=x onerror=alert(2)>`
	turned = "\u202egnp.exe\u202c\u2066\u2069\u200f"
	hidden = "a\u200bb\u200c\u200d\u2060\ufeff\u00ad\ufe0f\U000e0041"
	broken = "\xff\xfe\xc3\x28\xed\xa0\x80"
	// legal may be in the value of a header; control characters may not.
	legal = tag + turned + hidden + broken
	nasty = bell + legal
)

// invisible are the parts of all this that nobody may receive, each alone.
func invisible() []string {
	return []string{
		"\x1b", "\x07", "\x00", "\x7f", "\u009b", "\u202e", "\u202c", "\u2066", "\u2069", "\u200f",
		"\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\u00ad", "\ufe0f", "\U000e0041",
	}
}

// tags are texts that no browser may receive.
func tags() []string { return []string{"<script>alert", "<img src=x", "'><", `"'>`} }

// nastyAuthority returns an untrusted certificate. Each of its names is nasty.
func nastyAuthority(addresses ...net.IP) tls.Certificate {
	return certs.Issue(nil, certs.Authority, func(c *x509.Certificate) {
		c.Subject = pkix.Name{
			CommonName: bell + tag + turned + hidden, Organization: []string{tag + strings.Repeat("organization", 1000)},
			OrganizationalUnit: []string{bell}, Locality: []string{turned},
		}
		c.DNSNames = []string{bell + tag, tag + strings.Repeat("name", 1000), "other.example"}
		c.EmailAddresses, c.IPAddresses = []string{bell + tag}, addresses
	})
}

// newNastyTLS is a server that shows the certificate.
func newNastyTLS(t *testing.T, certificate tls.Certificate) string {
	t.Helper()
	return peers.Serve(t, peers.HTTP1TLS, http.NotFound, peers.Showing(certificate)).URL
}

// answerNasty answers as the path says.
func answerNasty(c net.Conn, q *http.Request, _ string) {
	long := strings.Repeat(nasty, 300) // 40 KB, of the 64 that a header may have
	longText := strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, long)
	const ok, none = "HTTP/1.1 200 OK\r\n", "\r\nContent-Length: 0\r\n\r\n"
	text, isKnown := map[string]string{
		"/reason":          "HTTP/1.1 503 " + long + none,
		"/reason-text":     "HTTP/1.1 503 " + longText + none,
		"/version":         "HTTP/" + long + " 200 OK\r\n\r\n",
		"/status":          "HTTP/1.1 " + long + " OK\r\n\r\n",
		"/name":            ok + nasty + ": x\r\n\r\n",
		"/length":          ok + "Content-Length: " + legal + "\r\n\r\n",
		"/transfer":        ok + "Transfer-Encoding: " + legal + "\r\n\r\n",
		"/chunk":           ok + "Transfer-Encoding: chunked\r\n\r\n" + nasty + "\r\n",
		"/trailer":         ok + "Transfer-Encoding: chunked\r\n\r\n0\r\n" + nasty + "\r\n\r\n",
		"/redirect":        "HTTP/1.1 302 " + legal + "\r\nLocation: http://" + legal + "/" + legal + none,
		"/redirect-name":   "HTTP/1.1 302 Found\r\nLocation: http://" + strings.Repeat("a.", 100) + ".invalid/" + none,
		"/redirect-scheme": "HTTP/1.1 302 Found\r\nLocation: javascript:alert(1)//" + tag + none,
	}[q.URL.Path]
	if !isKnown {
		text = fmt.Sprintf("HTTP/1.1 200 %s\r\nX-Nasty: %[1]s\r\nContent-Type: text/html; charset=%[1]s\r\nContent-Length: %[2]d\r\n\r\n%[3]s", legal, len(nasty), nasty)
	}
	_, _ = io.WriteString(c, text)
}

// nastyScenes are targets with nasty words in their failures.
func nastyScenes(t *testing.T) []scene {
	t.Helper()
	seen := &rig.Output{}
	root := "http://" + newEcho(t, seen, answerNasty)
	certificate := nastyAuthority()
	secure, unknown := newNastyTLS(t, certificate), newNastyTLS(t, nastyAuthority(net.IPv4(127, 0, 0, 1)))
	trusted := rig.WriteFile(t, t.TempDir(), "ca.pem", "%s", certs.PEM(certificate))
	named := strings.Replace(secure, "127.0.0.1", "localhost", 1)
	const follow = "request: {follow_redirects: 3}"
	scenes := []scene{
		{"cert-authority", unknown, "", "1310"},
		{"cert-name", secure, "connection: {tls: {server_name: shop.example, ca_file: '" + trusted + "'}}", "1311"},
		{"token-cert", secure, "request: {oauth2: {client_id: x, client_secret_file: '" + trusted + ".secret', token_url: '" + named + "'}}\nconnection: {tls: {ca_file: '" + trusted + "'}}", "1040"},
		{"proxy-cert", root, "connection: {proxy_url: '" + named + "', tls: {ca_file: '" + trusted + "'}}", "1031"},
		{"proxy", "https://127.0.0.1:1", "connection: {proxy_url: '" + root + "/'}", "1030"},
		{"redirect", root + "/redirect", follow, "1021"},
		{"redirect-name", root + "/redirect-name", follow + "\nconnection: {dns_server: '" + newNames(t) + "'}", "1101"},
		{"redirect-scheme", root + "/redirect-scheme", follow, "1021"},
		{"reason", root + "/reason", "", "1801"},
		{"reason-text", root + "/reason-text", "", "1503"},
		{"body", root, "expect: {body: {contains: never}}", "1712"},
		{"json", root, "expect: {body: {json: {a: b}}}", "1712"},
		{"header", root, "expect: {headers: {X-Nasty: never}}", "1711"},
	}
	rig.WriteFile(t, strings.TrimSuffix(trusted, "/ca.pem"), "ca.pem.secret", "x")
	for path, code := range map[string]string{
		"version": "1801", "status": "1801", "name": "1803", "length": "1805", "transfer": "1806", "chunk": "1807", "trailer": "1706",
	} {
		scenes = append(scenes, scene{path, root + "/" + path, "", code})
	}
	return scenes
}

func TestNothingNastyOfAPeerComesThrough(t *testing.T) {
	t.Parallel()
	c := cage{common: "defaults: {interval: 300ms, timeout: 1m, connection: {connect_timeout: 1m, tls_timeout: 1m}}\ntargets:\n", scenes: nastyScenes(t)}
	for _, format := range []string{"logfmt", "json"} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			d := rig.StartDaemon(t, "prober", c.config(), "--log.level=debug", "--log.format="+format, "--web.enable-pprof", "--web.enable-badges")
			c.await(t, d)
			for _, e := range endpoints() {
				if e.optional() || e.changes {
					continue
				}
				for _, path := range e.pathsOf(c.scenes) {
					requireNone(t, path, fetchAll(t, e.method(), d.URL+path, ""), append(invisible(), tags()...))
				}
			}
			for _, s := range c.scenes {
				requireBounded(t, d, s.name)
			}
			_, answer := d.Do(http.MethodGet, "/api/v1/targets/cert-name/failures")
			assert.Contains(t, answer, "x509: certificate is valid for \ufffd]0;owned", "what could not be seen is not there at all")
			d.Terminate()
			requireNone(t, "the log", d.Output(), append(invisible(), `\u001b`, `\x1b`))
			for line := range strings.Lines(d.Output()) {
				assert.Less(t, len(line), 2000, "a line of the log")
			}
		})
	}
}

func requireNone(t *testing.T, where, text string, parts []string) {
	t.Helper()
	require.True(t, utf8.ValidString(text), "%s is not UTF-8", where)
	for _, s := range parts {
		if at := strings.Index(text, s); at >= 0 {
			require.Fail(t, fmt.Sprintf("%q in %s", s, where), "%q", text[max(0, at-200):min(len(text), at+100)])
		}
	}
}

// requireBounded checks that the API cuts the texts about the failures of a target.
func requireBounded(t *testing.T, d *rig.Daemon, target string) {
	t.Helper()
	_, body := d.Do(http.MethodGet, "/api/v1/targets/"+target+"/failures")
	var answer any
	require.NoError(t, json.Unmarshal([]byte(body), &answer))
	var texts []string
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case string:
			texts = append(texts, v)
		case []any:
			for _, item := range v {
				walk(item)
			}
		case map[string]any:
			for _, item := range v {
				walk(item)
			}
		}
	}
	walk(answer)
	require.NotEmpty(t, texts, target)
	assert.LessOrEqual(t, len(slices.MaxFunc(texts, func(a, b string) int { return len(a) - len(b) })), 256, target)
}
