package acceptance

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/internal/docs"
	"example.com/prober/internal/rig"
)

// secrecy is the secret part of the value at a key.
type secrecy int

const (
	open       secrecy = iota // none: it may be shown
	secret                    // the value, or the query of a URL
	secretFile                // the path and the content
	secretBody                // the content
	secretPart                // credentials within it, for the server of a discovery
)

// secrecies has every key of the configuration. If a key is missing here, nobody has thought about it.
func secrecies() map[string]secrecy {
	all := map[string]secrecy{
		"url":                                    secret,
		"request.path":                           secret,
		"request.headers":                        secret,
		"request.body":                           secret,
		"request.body_file":                      secretBody,
		"request.basic_auth.password_file":       secretFile,
		"request.authorization.credentials_file": secretFile,
		"request.oauth2.client_secret_file":      secretFile,
		"request.oauth2.token_url":               secret,
		"request.oauth2.endpoint_params":         secret,
		"grpc.message":                           secret,
		"grpc.message_file":                      secretBody,
		"grpc.metadata":                          secret,
		"data.values":                            secret,
		"data.file":                              secretBody,
		"connection.proxy_password_file":         secretFile,
		"connection.tls.key_file":                secretFile,
		"discover.file_sd_configs":               secretPart,
		"discover.http_sd_configs":               secretPart,
		"discover.dns_sd_configs":                secretPart,
		"discover.kubernetes_sd_configs":         secretPart,
		"discover.consul_sd_configs":             secretPart,
		"discover.target":                        secretPart,
	}
	for _, key := range []string{
		"maintenance", "maintenance.name", "maintenance.start", "maintenance.end", "maintenance.times", "maintenance.weekdays", "maintenance.days_of_month",
		"maintenance.months", "maintenance.years", "maintenance.location", "maintenance.targets", "maintenance.labels", "maintenance.bursts",
		"target_files", "on_error", "discover", "discover.name", "discover.max_targets", "discover.keep_for", "discover.relabel_configs",
		"targets", "defaults", "name", "labels", "links", "interval", "timeout", "sharding", "breaker", "breaker.after", "breaker.for", "objective", "objective.availability", "objective.latency", "objective.window", "thresholds", "keep_failures", "keep_failures.bodies",
		"compare", "compare.with", "compare.margin", "compare.min_change", "compare.window",
		"burst", "burst.requests", "burst.duration", "burst.rate", "burst.stages", "burst.concurrency", "burst.arrival", "burst.precision",
		"request", "request.method", "request.host", "request.body_size", "request.basic_auth", "request.basic_auth.username",
		"request.authorization", "request.authorization.type", "request.oauth2", "request.oauth2.client_id", "request.oauth2.scopes",
		"request.oauth2.timeout", "request.compression", "request.id_header", "request.traceparent", "request.follow_redirects",
		"grpc", "grpc.service", "grpc.method", "grpc.descriptor_file", "grpc.reflection",
		"connection", "connection.http_version", "connection.reuse", "connection.requests_per_connection", "connection.streams_per_connection", "connection.clock",
		"connection.connect_timeout", "connection.tls_timeout", "connection.ip_version", "connection.resolve", "connection.dns_server",
		"connection.source_address", "connection.proxy_url", "connection.proxy_username", "connection.no_proxy",
		"connection.tls", "connection.tls.ca_file", "connection.tls.cert_file", "connection.tls.server_name", "connection.tls.min_version",
		"connection.tls.max_version", "connection.tls.insecure_skip_verify", "connection.tls.session_resumption", "connection.tls.early_data",
		"expect", "expect.status", "expect.headers", "expect.body", "expect.body.contains", "expect.body.regexp", "expect.body.json",
		"expect.http_version", "expect.grpc_status", "expect.message", "expect.max_latency", "expect.max_body_size",
		"data", "data.column", "data.generate", "data.from", "data.to", "data.length", "data.format", "data.pick",
		"requests", "requests.name", "requests.weight", "requests.timeout", "requests.grpc", "requests.expect",
		"journey", "journey.name", "journey.timeout", "journey.grpc", "journey.expect", "journey.capture",
		"journey.capture.json", "journey.capture.header", "journey.capture.cookie", "journey.capture.regexp",
		"cookies", "think", "think_spread",
		"dns", "dns.name", "dns.type", "dns.transport", "dns.recursion", "dns.dnssec",
		"expect.rcode", "expect.answers", "expect.answers.count", "expect.answers.regexp", "expect.answers.min_ttl",
		"metrics", "metrics.buckets", "metrics.native_histograms", "metrics.native_factor", "network", "network.deny", "network.allow",
		"network.deny_hosts",
	} {
		all[key] = open
	}
	return all
}

func TestEveryKeyIsKnownToBeSecretOrNot(t *testing.T) {
	t.Parallel()
	var documented, thoughtAbout []string // a test of package config holds the page to the schema
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z0-9_.]+)` \\|").FindAllStringSubmatch(docs.Page(t, "docs/configuration.md"), -1) {
		documented = append(documented, row[1])
	}
	for key := range secrecies() {
		thoughtAbout = append(thoughtAbout, key)
	}
	assert.ElementsMatch(t, documented, thoughtAbout)
}

// canary is the beginning of each canary: a unique word, of letters that no encoding of URLs changes.
const canary = "zqcanary"

// canaryOf returns the canary of a place in the configuration.
func canaryOf(place string) string {
	return canary + strings.NewReplacer(".", "", "_", "").Replace(place)
}

// requireNoCanary looks for canaries: cut, in any case, in base64 at any offset, in hexadecimal, or compressed.
func requireNoCanary(t *testing.T, where, text string) {
	t.Helper()
	if unpacked, err := gzip.NewReader(strings.NewReader(text)); err == nil {
		plain, err := io.ReadAll(unpacked)
		require.NoError(t, err, where)
		text = string(plain)
	}
	if at := canaryIn(text); at >= 0 {
		require.Fail(t, "a canary in "+where, "%q", text[max(0, at-200):min(len(text), at+100)])
	}
}

// canaryIn returns the index of a canary in text, -1 without one.
func canaryIn(text string) int {
	lower := strings.ToLower(text)
	for _, needle := range []string{canary, hex.EncodeToString([]byte(canary))} {
		if at := strings.Index(lower, needle); at >= 0 {
			return at
		}
	}
	for offset := range 3 {
		// The first and the last characters depend on the bytes before and after.
		coded := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat("x", offset) + canary))
		if at := strings.Index(text, coded[(offset*8+5)/6:len(coded)-1]); at >= 0 {
			return at
		}
	}
	return -1
}

func TestCanariesAreFound(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		canaryOf("a"), "x" + strings.ToUpper(canary), hex.EncodeToString([]byte("ab" + canary)),
		base64.StdEncoding.EncodeToString([]byte(canaryOf("a"))), base64.StdEncoding.EncodeToString([]byte("u:" + canaryOf("a"))),
		base64.URLEncoding.EncodeToString([]byte("user:" + canaryOf("a"))), base64.StdEncoding.EncodeToString([]byte("xyz:" + canaryOf("a"))),
	} {
		assert.GreaterOrEqual(t, canaryIn(text), 0, text)
	}
	assert.Negative(t, canaryIn("zq canary"))
}

func TestTheCageHasACanaryForEverySecret(t *testing.T) {
	t.Parallel()
	text := newCage(t).config()
	for key, kind := range secrecies() {
		if kind == secret || kind == secretFile {
			assert.Contains(t, text, canaryOf(key))
		}
	}
}

// await waits until every target has failed in its own way.
func (c *cage) await(t *testing.T, d *rig.Daemon) {
	t.Helper()
	var missing []string
	t.Cleanup(func() {
		if t.Failed() {
			t.Log("these did not fail as they should:", missing)
		}
	})
	d.AwaitMetrics("a failure of every target", func(m rig.Metrics) bool {
		missing = nil
		for _, s := range c.scenes {
			if codes := m.Codes(s.name); codes[s.code] == 0 {
				missing = append(missing, fmt.Sprintf("%s: %v instead of %s", s.name, codes, s.code))
			}
		}
		return len(missing) == 0
	})
}

// requireSecretsSent checks that the peers received every secret for peers.
func (c *cage) requireSecretsSent(t *testing.T) {
	t.Helper()
	sent := c.seen.String()
	for key, kind := range secrecies() {
		place := key
		if kind == secretFile || kind == secretBody {
			place += ".content"
		}
		if kind != open && kind != secretPart && key != "connection.tls.key_file" {
			coded := base64.StdEncoding.EncodeToString([]byte("user:" + canaryOf(place)))
			assert.True(t, strings.Contains(sent, canaryOf(place)) || strings.Contains(sent, coded), "nobody was sent the secret of %s", key)
		}
	}
}

func TestNoSecretLeavesADaemon(t *testing.T) {
	t.Parallel()
	c := newCage(t)
	for _, format := range []string{"logfmt", "json"} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			d := rig.StartDaemon(t, "prober", c.config(), "--log.level=debug", "--log.format="+format, "--web.enable-pprof", "--web.enable-badges", "--web.enable-lifecycle")
			c.await(t, d)
			c.requireSecretsSent(t)
			c.requireNoCanaryServed(t, d)
			d.Terminate()
			requireNoCanary(t, "the log", d.Output())
		})
	}
}

func (c *cage) requireNoCanaryServed(t *testing.T, d *rig.Daemon) {
	t.Helper()
	for _, e := range append(endpoints(), endpoint{path: "/unknown"}) {
		for _, path := range e.pathsOf(c.scenes) {
			requireNoCanary(t, path, fetchAll(t, e.method(), d.URL+path, ""))
		}
	}
	for _, format := range []string{
		"text/plain;version=0.0.4", "text/plain;version=1.0.0;escaping=allow-utf-8",
		"application/openmetrics-text;version=0.0.1", "application/openmetrics-text;version=1.0.0",
		"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited",
	} {
		requireNoCanary(t, "the metrics as "+format, fetchAll(t, http.MethodGet, d.URL+"/metrics", format))
	}
}

// fetchAll returns the status line, the header and the body of an answer.
func fetchAll(t *testing.T, method, url, accept string) string {
	t.Helper()
	q, err := http.NewRequestWithContext(t.Context(), method, url, http.NoBody)
	require.NoError(t, err)
	q.Header.Set("Accept", accept)
	answer, err := plainClient().Do(q)
	require.NoError(t, err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	var text bytes.Buffer
	require.NoError(t, answer.Header.Write(&text))
	if bytes.HasPrefix(body, []byte{0x1f, 0x8b}) {
		return string(body)
	}
	return answer.Status + text.String() + string(body)
}
