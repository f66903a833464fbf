package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"example.com/prober/internal/rig"
)

// protocol is a way to speak to a server.
type protocol struct {
	name, scheme, version string
	address               func(*server) string
	connection            string // the keys of connection
	large                 bool   // also used for large bodies
}

func plainOf(s *server) string  { return s.plain }
func clearOf(s *server) string  { return s.clear }
func secureOf(s *server) string { return s.secure }
func quicOf(s *server) string   { return s.quic }

// protocols are all protocols. The addresses of a server decide which of them it has: nghttpd has no plain address, and
// so no HTTP/1.1.
var protocols = []protocol{
	{"h1", "http", "1.1", plainOf, "http_version: 1.1", false},
	{"h1-tls12", "https", "1.1", secureOf, "http_version: 1.1, tls: {max_version: 1.2}", false},
	{"h1-tls13", "https", "1.1", secureOf, "http_version: 1.1, tls: {min_version: 1.3}", true},
	{"h2-tls12", "https", "2", secureOf, "http_version: 2, tls: {max_version: 1.2}", false},
	{"h2-tls13", "https", "2", secureOf, "http_version: 2, tls: {min_version: 1.3}", true},
	{"auto", "https", "2", secureOf, "streams_per_connection: 2", false},
	{"h2c", "http", "2", clearOf, "http_version: h2c", true},
	{"h3", "https", "3", quicOf, "http_version: 3", true},
}

// protocolsOf returns the protocols of a server.
func protocolsOf(s *server) []protocol {
	var spoken []protocol
	for _, p := range protocols {
		if p.address(s) != "" && (p.version != "1.1" || s.plain != "") {
			spoken = append(spoken, p)
		}
	}
	return spoken
}

// exchange is a kind of request: the file of the answer, and the keys of the target.
type exchange struct{ file, keys string }

var smallExchanges = map[string]exchange{
	"get-0B":    {"0B", "burst: {requests: 20, concurrency: 4}"},
	"get-1KiB":  {"1KiB", "burst: {requests: 20, concurrency: 4}"},
	"head-1KiB": {"1KiB", "burst: {requests: 10, concurrency: 4}, request: {method: HEAD}"},
	"new-1KiB":  {"1KiB", "burst: {requests: 4, concurrency: 2}, connection: {reuse: never}"},
	"post-0B":   {"upload", "burst: {requests: 10, concurrency: 4}, request: {method: POST}"},
	"post-1KiB": {"upload", "burst: {requests: 10, concurrency: 4}, request: {method: POST, body_size: 1KiB}"},
}

var largeExchanges = map[string]exchange{
	"get-100MiB":  {"100MiB", "expect: {max_body_size: 200MiB}"},
	"post-100MiB": {"upload", "request: {method: POST, body_size: 100MiB}"},
}

func TestEachRequestToEachServerIsInItsLogAndInTheCounters(t *testing.T) {
	for kind, start := range kinds {
		t.Run(kind, func(t *testing.T) {
			s := start(t, startBackend(t))
			f := fire(t, s.load(protocolsOf(s), smallExchanges), "1s")
			f.awaitBursts(2)
			s.assertCounted(t, f.settle(t), f.load)
		})
	}
}

func TestLargeBodiesPassInBothDirections(t *testing.T) {
	for kind, start := range kinds {
		t.Run(kind, func(t *testing.T) {
			s := start(t, startBackend(t))
			some := slices.DeleteFunc(protocolsOf(s), func(p protocol) bool { return !p.large })
			f := fire(t, s.load(some, largeExchanges), "4s")
			f.awaitBursts(1)
			m := f.settle(t)
			s.assertCounted(t, m, f.load)
			for name := range f.load.targets {
				direction := "prober_received_bytes_total"
				if strings.HasSuffix(name, "post-100MiB") {
					direction = "prober_sent_bytes_total"
				}
				least := m.Sum("prober_requests_total", "target", name) * float64(sizes["100MiB"])
				assert.InEpsilon(t, least, m.Sum(direction, "target", name), 0.01, "%s: %s", name, direction)
			}
		})
	}
}

// load returns a target for each protocol and exchange. Its name is the query of its requests.
func (s *server) load(spoken []protocol, exchanges map[string]exchange) load {
	l := load{
		defaults: fmt.Sprintf("connection: {connect_timeout: 1m, tls_timeout: 1m, tls: {ca_file: %s/cert.pem}}", s.dir),
		targets:  map[string]string{},
	}
	for _, p := range spoken {
		for what, x := range exchanges {
			name := p.name + "/" + what
			connection := "connection: {" + p.connection
			keys, own, found := strings.Cut(x.keys, ", connection: {")
			if found {
				connection += ", " + strings.TrimSuffix(own, "}")
			}
			l.targets[name] = fmt.Sprintf("url: '%s://%s/%s?%s', %s, %s}", p.scheme, p.address(s), x.file, name, keys, connection)
		}
	}
	return l
}

// assertCounted compares the metrics of each target with the server's log, to the unit: every request succeeded.
func (s *server) assertCounted(t *testing.T, m rig.Metrics, l load) {
	t.Helper()
	logged := map[string]map[access]float64{}
	for _, a := range s.log(t) {
		_, target, _ := strings.Cut(a.uri, "?")
		if logged[target] == nil {
			logged[target] = map[access]float64{}
		}
		logged[target][access{version: a.version, status: a.status}]++
	}
	for target := range l.targets {
		assert.Len(t, logged[target], 1, target)
		for a, n := range logged[target] {
			assert.Equal(t, map[string]float64{"0": n}, m.Codes(target), target)
			assert.Equal(t, map[string]float64{a.status: n}, m.By("prober_responses_total", "status", "target", target), target)
			assert.Equal(t, map[string]float64{a.version: n}, m.By("prober_responses_total", "http_version", "target", target), target)
			assert.Equal(t, "200", a.status, target)
			assert.Equal(t, versionOf(target), a.version, target)
		}
	}
	assert.Len(t, logged, len(l.targets))
}

// versionOf returns the version of HTTP for a target.
func versionOf(target string) string {
	name, _, _ := strings.Cut(target, "/")
	for _, p := range protocols {
		if p.name == name {
			return p.version
		}
	}
	return ""
}
