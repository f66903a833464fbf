package acceptance

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/prober/internal/peers"
	"example.com/prober/internal/peers/certs"
	"example.com/prober/internal/rig"
)

// scene is a failing target and the code of its failure.
type scene struct {
	name, url, keys string
	code            string
}

// cage is a configuration with a canary at each place for a secret, and the peers of its targets.
type cage struct {
	dir    string
	common string // of all targets
	scenes []scene
	// seen is everything that the peers received.
	seen *rig.Output
}

// secretsOfAll is the common part of all targets.
const secretsOfAll = `
defaults:
  keep_failures: {bodies: 16KiB}
  interval: 300ms
  timeout: 1m
  connection: {connect_timeout: 1m, tls_timeout: 1m}
  labels: {team: payments}
  request:
    method: POST
    headers: {X-Secret: ['${request.headers}', other], Cookie: 's=${request.headers}'}
    body: '{"password":"${request.body}"}'
    basic_auth: {username: user, password_file: ${dir}/${request.basic_auth.password_file}}
targets:
`

const (
	tokenOfPeer = `request: {oauth2: {client_id: id, client_secret_file: ${dir}/${request.oauth2.client_secret_file}, timeout: 3s, ` +
		`token_url: '%s?t=${request.oauth2.token_url}', endpoint_params: {resource: ['${request.oauth2.endpoint_params}']}}}`
	proxyOfPeer  = `connection: {proxy_url: '%s', proxy_username: user, proxy_password_file: ${dir}/${connection.proxy_password_file}}`
	dataOfPeer   = "data: {v: {values: ['${data.values}']}, f: {file: ${dir}/values.csv, column: c}}\n"
	clientOfPeer = `connection: {tls: {%scert_file: ${dir}/client.pem, key_file: ${dir}/${connection.tls.key_file}}}`
)

func newCage(t *testing.T) *cage {
	t.Helper()
	c := &cage{dir: t.TempDir(), common: secretsOfAll, seen: &rig.Output{}}
	ca := newAuthority(t, c.dir, "ca")
	ca.sign(t, "server")
	ca.sign(t, "client", certs.ForClients)
	key, err := os.ReadFile(filepath.Join(c.dir, "client-key.pem"))
	require.NoError(t, err)
	rig.WriteFile(t, c.dir, "body.txt", "%s", canaryOf("request.body_file.content"))
	rig.WriteFile(t, c.dir, "values.csv", "c\n%s\n", canaryOf("data.file.content"))
	rig.WriteFile(t, c.dir, "message.json", `{"service": %q}`, canaryOf("grpc.message_file.content"))
	for place, kind := range secrecies() {
		if kind == secretFile && place != "connection.tls.key_file" {
			rig.WriteFile(t, c.dir, canaryOf(place), "%s\n", canaryOf(place+".content"))
		}
	}
	rig.WriteFile(t, c.dir, canaryOf("connection.tls.key_file"), "%s\n%s", canaryOf("connection.tls.key_file.content"), key)
	c.scenes = slices.Concat(c.direct(t), c.answered(t), c.called(t), c.around(t))
	return c
}

// fill puts the canaries in their places.
func (c *cage) fill(text string) string {
	return os.Expand(text, func(place string) string {
		if place == "dir" {
			return c.dir
		}
		return canaryOf(place)
	})
}

// config is the configuration as a text.
func (c *cage) config() string {
	var text strings.Builder
	text.WriteString(c.common)
	for _, s := range c.scenes {
		query := "?q=${url}"
		if strings.HasPrefix(s.url, "grpc") {
			query = ""
		}
		fmt.Fprintf(&text, "  - name: %s\n    url: '%s%s'\n", s.name, s.url, query)
		for line := range strings.Lines(s.keys) {
			fmt.Fprintf(&text, "    %s\n", strings.TrimSpace(line))
		}
	}
	return c.fill(text.String())
}

// direct are failures before a request is sent.
func (c *cage) direct(t *testing.T) []scene {
	t.Helper()
	pair, err := tls.LoadX509KeyPair(filepath.Join(c.dir, "server.pem"), filepath.Join(c.dir, "server-key.pem"))
	require.NoError(t, err)
	secure := peers.Serve(t, peers.HTTP1TLS, func(w http.ResponseWriter, q *http.Request) {
		_, _ = fmt.Fprintf(c.seen, "%v %v", q.RequestURI, q.Header)
		http.Error(w, fmt.Sprint(q.Header), http.StatusInternalServerError)
	}, &tls.Config{Certificates: []tls.Certificate{pair}, ClientAuth: tls.RequireAnyClientCert})
	plain := "https://" + newEcho(t, c.seen, answerHTTP)
	names := newNames(t)
	return []scene{
		{"refused", "http://127.0.0.1:1/", "", "1212"},
		{"denied", "http://169.254.169.254/latest", "", "1110"},
		{"dns-none", "http://shop.invalid/", "connection: {dns_server: '" + names + "'}", "1101"},
		{"dns-dead", "http://shop.invalid/", "connection: {dns_server: '127.0.0.1:1'}", "1108"},
		{"tls-not-spoken", plain, "", "1303"},
		{"tls-authority", secure.URL, fmt.Sprintf(clientOfPeer, ""), "1310"},
		{"tls-no-certificate", secure.URL, "connection: {tls: {ca_file: ${dir}/ca.pem}}", "1345"},
		{"tls-status", secure.URL, fmt.Sprintf(clientOfPeer, "ca_file: ${dir}/ca.pem, "), "1500"},
	}
}

// answered are failures of answers.
func (c *cage) answered(t *testing.T) []scene {
	t.Helper()
	root := "http://" + newEcho(t, c.seen, answerHTTP)
	root2 := "http://" + newEcho2(t, c.seen)
	const h2c, follow = "connection: {http_version: h2c}", "request: {follow_redirects: 3}"
	return []scene{
		{"status-503", root + "/status/503", "request: {body_file: ${dir}/body.txt}", "1503"},
		{"status-401", root + "/status/401", "request: {authorization: {type: Token, credentials_file: ${dir}/${request.authorization.credentials_file}}}", "1401"},
		{"status-unexpected", root + "/", "expect: {status: [204]}", "1710"},
		{"header-unexpected", root + "/", "expect: {headers: {X-Echo: ^never$}}", "1711"},
		{"body-unexpected", root + "/", "expect: {body: {contains: never}}", "1712"},
		{"body-no-match", root + "/", "expect: {body: {regexp: ^never$}}", "1712"},
		{"body-no-json", root + "/", "expect: {body: {json: {status: up}}}", "1712"},
		{"body-too-long", root + "/", "expect: {max_body_size: 3B}", "1703"},
		{"version-unexpected", root + "/", "expect: {http_version: '2'}", "1713"},
		{"too-slow", root + "/late", "expect: {max_latency: 1ms}", "1715"},
		{"silent", root + "/silent", "timeout: 2s", "1050"},
		{"closed", root + "/closed", "", "1221"},
		{"garbage", root + "/garbage", "", "1801"},
		{"no-status", root + "/no-status", "", "1801"},
		{"bad-header", root + "/header", "", "1803"},
		{"bad-header-name", root + "/header-name", "", "1803"},
		{"huge-header", root + "/header-huge", "", "1802"},
		{"bad-length", root + "/length", "", "1805"},
		{"truncated", root + "/truncated", "", "1702"},
		{"bad-chunk", root + "/chunk", "", "1807"},
		{"bad-coding", root + "/coding", "request: {compression: [gzip]}", "1701"},
		{"unknown-coding", root + "/coding-unknown", "", "1806"},
		{"redirect-none", root + "/redirect-none", follow, "1021"},
		{"redirect-invalid", root + "/redirect-invalid", follow, "1021"},
		{"redirect-scheme", root + "/redirect-scheme", follow, "1021"},
		{"redirect-userinfo", root + "/redirect-userinfo", follow, "1023"},
		{"redirect-loop", root + "/redirect-loop", follow, "1022"},
		{"redirect-denied", root + "/redirect-denied", follow, "1110"},
		{"redirect-refused", root + "/redirect-refused", follow, "1212"},
		{"redirect-nowhere", root + "/redirect-nowhere", follow + "\nconnection: {dns_server: '127.0.0.1:1'}", "1108"},
		{"path-status", root + "/", "request: {path: '/status/503?q=${request.path}'}", "1503"},
		{"data-status", root + "/", dataOfPeer + "requests: [{name: a, path: '/status/503?v={{ v }}', body: '{{ f }}'}]", "1503"},
		{"data-body", root + "/", dataOfPeer + "requests: [{name: a, path: '/?v={{ v }}', headers: {X-F: '{{ f }}'}, expect: {body: {contains: never}}}]", "1712"},
		{"data-refused", root + "/", dataOfPeer + "journey: [{name: a, path: '/?v={{ v }}', capture: {t: {regexp: canary.*}}}, {name: b, body: '[{{ t }}, \"{{ f }}\"]', headers: {Content-Type: text/json}}]", "1024"},
		{"capture-missing", root + "/", dataOfPeer + "journey: [{name: a, path: '/?v={{ v }}', capture: {t: {json: nothing}}}]", "1716"},
		{"captured", root + "/", dataOfPeer + "journey: [{name: a, path: '/?v={{ v }}', capture: {t: {regexp: '[a-z]*canary[a-z]*'}}}, {name: b, path: '/?t={{ t }}', headers: {X-T: '{{ t }}'}, expect: {body: {contains: never}}}]", "1712"},
		{"h2-status", root2 + "/", h2c, "1503"},
		{"h2-goaway", root2 + "/goaway", h2c, "1622"},
		{"h2-reset", root2 + "/reset", h2c, "1638"},
		{"h2-bad-header", root2 + "/header", h2c, "1632"},
		{"h2-bad-status", root2 + "/status", h2c, "1632"},
		{"h2-garbage", root2 + "/garbage", h2c, "1603"},
		{"h2-truncated", root2 + "/truncated", h2c, "1702"},
		{"h2-not-spoken", root + "/", h2c, "1601"},
	}
}

// called are failures of gRPC calls.
func (c *cage) called(t *testing.T) []scene {
	t.Helper()
	root := "grpc://" + newEchoOfCalls(t, c.seen)
	const call = "grpc: {message: {service: '${grpc.message}'}, metadata: {x-secret: ['${grpc.metadata}']%s}}"
	return []scene{
		{"grpc-status", root, fmt.Sprintf(call, ""), "2016"},
		{"grpc-file", root, "grpc: {message_file: ${dir}/message.json}", "2016"},
		{"grpc-odd-status", root, fmt.Sprintf(call, ", x-do: odd"), "2000"},
		{"grpc-foreign", root, fmt.Sprintf(call, ", x-do: foreign"), "2034"},
		{"grpc-message", root, fmt.Sprintf(call, ", x-do: message"), "1712"},
		{"grpc-unexpected", root, fmt.Sprintf(call, ", x-do: unexpected") + "\nexpect: {message: {status: SERVING}}", "1712"},
	}
}

// around are failures of servers around the target: proxies, and servers for tokens.
func (c *cage) around(t *testing.T) []scene {
	t.Helper()
	target := newEcho(t, c.seen, answerHTTP)
	proxy := func(status string) string {
		return fmt.Sprintf(proxyOfPeer, "http://"+newEcho(t, c.seen, answerAlways(status)))
	}
	socks := fmt.Sprintf(proxyOfPeer, "socks5://"+newSOCKS(t, c.seen))
	token := func(path string) string { return fmt.Sprintf(tokenOfPeer, "http://"+target+path) }
	return []scene{
		{"proxy-auth", "http://" + target + "/", proxy("407"), "1033"},
		{"proxy-connect-auth", "https://" + target + "/", proxy("407"), "1033"},
		{"proxy-connect-refused", "https://" + target + "/", proxy("403"), "1032"},
		{"proxy-dead", "https://" + target + "/", fmt.Sprintf(proxyOfPeer, "http://127.0.0.1:1"), "1031"},
		{"proxy-not-secured", "http://" + target + "/", fmt.Sprintf(proxyOfPeer, "https://"+target), "1031"},
		{"proxy-socks", "http://" + target + "/", socks, "1034"},
		{"token-refused", "http://" + target + "/", token("/status/400"), "1040"},
		{"token-error", "http://" + target + "/", token("/token-error"), "1040"},
		{"token-none", "http://" + target + "/", token("/"), "1040"},
		{"token-garbage", "http://" + target + "/", token("/garbage"), "1040"},
		{"token-redirect", "http://" + target + "/", token("/redirect-denied"), "1040"},
		{"token-late", "http://" + target + "/", token("/silent"), "1040"},
		{"token-server-dead", "http://" + target + "/", fmt.Sprintf(tokenOfPeer, "http://127.0.0.1:1/"), "1040"},
	}
}
