package e2e

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/internal/peers"
	"example.com/prober/internal/peers/certs"
	"example.com/prober/internal/rig"
)

// calls are targets by name, with the only allowed code of each.
type calls struct {
	text strings.Builder
	want map[string]string
}

func (c *calls) add(name, code, format string, args ...any) {
	if c.want == nil {
		c.want = map[string]string{}
	}
	c.want[name] = code
	fmt.Fprintf(&c.text, "  - {name: %s, %s}\n", name, fmt.Sprintf(format, args...))
}

// run probes all targets until each has its code, and requires that none has another.
func (c *calls) run(t *testing.T) rig.Metrics {
	t.Helper()
	const defaults = "defaults: {interval: 300ms, timeout: 30s, burst: {requests: 3, concurrency: 3}, connection: {connect_timeout: 30s, tls_timeout: 30s}}\ntargets:\n"
	d := rig.StartDaemon(t, prober, defaults+c.text.String())
	d.AwaitMetrics("the code of every target", func(m rig.Metrics) bool {
		for name, code := range c.want {
			if m.Codes(name)[code] < 6 {
				return false
			}
		}
		return true
	})
	m := d.Terminate()
	m.RequireBalanced(t)
	for name, code := range c.want {
		codes := m.Codes(name)
		maps.DeleteFunc(codes, func(other string, n float64) bool { return n == 0 || other == "1001" })
		assert.Equal(t, []string{code}, slices.Sorted(maps.Keys(codes)), name)
	}
	return m
}

const testService = "service: grpc.testing.TestService, descriptor_file: %s"

func TestCallsToARealServerHaveTheCodeThatTheyAskFor(t *testing.T) {
	dir := t.TempDir()
	types := filepath.Join(dir, "test.protoset")
	peer := startGRPCPeer(t, "-descriptors", types)
	proxy := startGRPCProxy(t, peer.address)
	var c calls
	for way, connection := range map[string]string{
		"direct":  "url: 'grpc://" + peer.address + "'",
		"proxied": "url: 'grpc://" + proxy.plain + "'",
		"secured": "url: 'grpcs://" + proxy.secure + "', connection: {tls: {ca_file: " + proxy.ca + "}}",
	} {
		add := func(name, code, grpc, keys string) {
			c.add(way+"/"+name, code, "%s, grpc: {%s}%s", connection, grpc, keys)
		}
		unary := fmt.Sprintf(testService, types) + ", method: UnaryCall, "
		stream := fmt.Sprintf(testService, types) + ", method: StreamingOutputCall, "
		add("health", "0", "", "")
		add("well", "0", "message: {service: well}", "")
		add("sick", "2040", "message: {service: sick}", "")
		add("sick-as-expected", "0", "message: {service: sick}", ", expect: {message: {status: NOT_SERVING}}")
		add("unknown-service", "2005", "message: {service: nobody}", "")
		add("no-such-method", "2012", "service: a.B, method: C", "")
		for status := 1; status <= 16; status++ {
			add(fmt.Sprint("status-", status), fmt.Sprint(2000+status), unary+fmt.Sprintf("message: {response_status: {code: %d, message: 'no ü'}}", status), "")
		}
		add("status-17", "2000", unary+"message: {response_status: {code: 17}}", "")
		add("status-listed", "0", unary+"message: {response_status: {code: 5}}", ", expect: {grpc_status: [NOT_FOUND]}")
		add("empty", "0", fmt.Sprintf(testService, types)+", method: EmptyCall", "")
		add("values", "0", unary+"message: {response_size: 9}, metadata: {x-user: me}", ", expect: {message: {username: me, server_id: prober, payload.type: COMPRESSABLE}}")
		add("another-value", "1712", unary+"message: {response_size: 9}, metadata: {x-user: me}", ", expect: {message: {username: you}}")
		add("compressed", "0", unary+"message: {response_size: 60000, response_compressed: {value: true}}, metadata: {x-user: me}", ", expect: {message: {username: me}}")
		add("bomb", "2032", unary+"message: {response_size: 9000000, response_compressed: {value: true}}", "")
		add("large", "0", unary+"message: {response_size: 3000000}", "")
		add("too-large", "2032", unary+"message: {response_size: 5000000}", "")
		add("stream", "0", stream+"message: {response_parameters: [{size: 10}, {size: 300000, interval_us: 10000}, {size: 0}]}", "")
		add("stream-of-nothing", "0", stream+"message: {}", "")
		add("stream-that-fails", "2014", stream+"message: {response_parameters: [{size: 10}], response_status: {code: 14}}", "")
		add("both-ways", "0", fmt.Sprintf(testService, types)+", method: FullDuplexCall", "")
		add("late", "1050", stream+"message: {response_parameters: [{interval_us: 60000000}]}", ", timeout: 3s")
		add("late-within", "1050", stream+"message: {response_parameters: [{size: 1}, {interval_us: 60000000}]}", ", timeout: 3s")
	}
	const asked = "grpc: {service: grpc.testing.TestService, method: UnaryCall, reflection: true, metadata: {x-user: me}, message: {response_size: 3}}"
	c.add("reflected", "0", "url: 'grpc://%s', %s, expect: {message: {username: me}}", peer.address, asked)
	c.add("reflected-unexpected", "1712", "url: 'grpc://%s', %s, expect: {message: {username: you}}", proxy.plain, asked)
	c.add("reflected-no-service", "2035", "url: 'grpc://%s', grpc: {service: a.B, method: C, reflection: true, message: {a: b}}", peer.address)
	c.add("reflected-unfit", "2035", "url: 'grpc://%s', grpc: {service: grpc.testing.TestService, method: UnaryCall, reflection: true, message: {a: b}}", peer.address)
	c.add("reflected-nowhere", "2034", "url: 'grpc://%s', %s", proxy.web, asked)
	c.add("a-web-server", "2034", "url: 'grpc://%s'", proxy.web)
	c.add("a-web-target", "1415", "url: 'http://%s/', connection: {http_version: h2c}", peer.address)
	c.add("no-h2c", "1803", "url: 'http://%s/', connection: {http_version: 1.1}, expect: {status: [200]}", peer.address)
	delete(c.want, "no-h2c") // this is no answer of HTTP/1, however the prober reads its first bytes
	c.run(t)
}

func TestAServerWithClientCertificatesIsCalled(t *testing.T) {
	dir := t.TempDir()
	ca := certs.Issue(nil, certs.Authority)
	caFile, _ := peers.WriteCertificate(t, dir, "ca", ca)
	certFile, keyFile := peers.WriteCertificate(t, dir, "server", certs.Issue(&ca))
	clientFile, clientKey := peers.WriteCertificate(t, dir, "client", certs.Issue(&ca, certs.ForClients))
	peer := startGRPCPeer(t, "-cert", certFile, "-key", keyFile, "-client-ca", caFile)
	var c calls
	const trusted = "url: 'grpcs://%s', connection: {%stls: {ca_file: %s, cert_file: %s, key_file: %s}}"
	c.add("known", "0", trusted, peer.address, "", caFile, clientFile, clientKey)
	c.add("known-anew", "0", trusted, peer.address, "reuse: never, ", caFile, clientFile, clientKey)
	c.add("unknown", "1345", "url: 'grpcs://%s', connection: {tls: {ca_file: %s}}", peer.address, caFile)
	c.add("untrusting", "1310", "url: 'grpcs://%s'", peer.address)
	c.add("without-tls", "1221", "url: 'grpc://%s'", peer.address)
	delete(c.want, "without-tls") // a reset may overtake the end
	m := c.run(t)
	require.NotEmpty(t, m.Values("prober_tls_info", "alpn", "target", "known"))
	assert.Equal(t, []string{"h2"}, m.Values("prober_tls_info", "alpn", "target", "known"))
}

// The end of a server has its own code, and nothing else fails.
func TestAServerThatDrainsAndComesBackIsToldApart(t *testing.T) {
	peer := startGRPCPeer(t)
	proxy := startGRPCProxy(t, peer.address)
	d := rig.StartDaemon(t, prober, fmt.Sprintf(`
defaults: {interval: 100ms, timeout: 30s, burst: {requests: 20, concurrency: 5}}
targets:
  - {name: direct, url: "grpc://%s"}
  - {name: proxied, url: "grpc://%s"}
`, peer.address, proxy.plain))
	await := func(what, direct, proxied string) {
		before := d.Scrape()
		d.AwaitMetrics(what, func(m rig.Metrics) bool {
			return m.Codes("direct")[direct] > before.Codes("direct")[direct]+20 && m.Codes("proxied")[proxied] > before.Codes("proxied")[proxied]+20
		})
	}
	await("calls that go well", "0", "0")
	peer.Signal(syscall.SIGUSR1)
	await("a server that says that it does not serve", "2040", "2040")
	peer.Signal(syscall.SIGTERM)
	peer.Wait()
	await("a server that is gone", "1212", "1502")
	peer.start(t)
	await("calls that go well again", "0", "0")
	m := d.Terminate()
	m.RequireBalanced(t)
	for _, target := range []string{"direct", "proxied"} {
		for code, n := range m.Codes(target) {
			if n > 0 {
				assert.Contains(t, []string{"0", "1001", "2040", "1212", "1502"}, code, target)
			}
		}
	}
}
