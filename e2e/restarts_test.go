package e2e

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"example.com/prober/internal/rig"
)

// restarted are the kinds of servers that can restart while they serve.
var restarted = []string{"nginx", "haproxy", "caddy"}

func TestARestartInABurstLosesNoRequestThatTheServerTook(t *testing.T) {
	for _, kind := range restarted {
		t.Run(kind, func(t *testing.T) {
			s := kinds[kind](t, startBackend(t))
			// A burst without end starts at once.
			const burst = "burst: {rate: 100, duration: 10m, concurrency: 8}"
			f := fire(t, s.load(protocolsOf(s), map[string]exchange{
				"get":  {"1KiB", burst},
				"post": {"upload", burst + ", request: {method: POST, body_size: 1KiB}"},
			}), "200ms")
			for range 3 {
				awaitMore(f.Daemon, 30, succeeded)
				s.reload(t)
			}
			awaitMore(f.Daemon, 30, succeeded)
			m := f.settle(t)

			logged := s.logged(t)
			for target := range f.load.targets {
				codes, version := m.Codes(target), versionOf(target)
				cutOff := 0.0
				if s.cutsOff && version == "1.1" {
					cutOff = codes["1220"] + codes["1223"]
				}
				assert.GreaterOrEqual(t, logged[target], codes["0"], "%s: answered requests", target)
				assert.LessOrEqual(t, logged[target], codes["0"]+cutOff, "%s: answered requests", target)
				for code := range codes {
					assert.Contains(t, s.codesOfRestart(version), code, target)
				}
				kept := s.keepsClear && strings.HasPrefix(target, "h2c/") || strings.HasPrefix(target, "h3/") // by caddy
				if !kept {
					assert.Greater(t, m.Sum("prober_connections_opened_total", "target", target), 1.0, "%s: connections", target)
				}
				assert.Zero(t, m.Sum("prober_requests_dropped_total", "target", target, "reason", "timeout"), target)
			}
		})
	}
}

// codesOfRestart are the possible codes of a request whose connection the server closes before an answer. With HTTP/1.1
// a server cannot announce the close; with HTTP/2 it says which requests it has taken.
func (s *server) codesOfRestart(version string) []string {
	switch {
	case version == "1.1":
		return []string{"0", "1220", "1223"}
	case version == "3":
		return []string{"0", "1911"}
	case s.drains:
		return []string{"0"}
	default:
		return []string{"0", "1611"}
	}
}

func TestTermInABurstLosesNoRequestThatTheServerTook(t *testing.T) {
	s := startServingNginx(t, startBackend(t))
	const closed, open = "burst: {duration: 10m, concurrency: 4}", "burst: {rate: 100, duration: 10m, concurrency: 8}"
	l := s.load(protocolsOf(s), map[string]exchange{
		"closed": {"1KiB", closed},
		"open":   {"1KiB", open},
		"post":   {"upload", open + ", request: {method: POST, body_size: 64KiB}"},
	})
	d := rig.StartDaemon(t, prober, l.config("200ms"))
	awaitMore(d, 30, succeeded)
	m := d.Terminate()

	logged := s.logged(t)
	for target := range l.targets {
		assert.Equal(t, map[string]float64{"0": logged[target]}, m.Codes(target), target)
		assert.Zero(t, m.Sum("prober_requests_dropped_total", "target", target, "reason", "timeout"), target)
	}
}

func TestEachRequestToAnHTTP2ServerThatDiesIsCounted(t *testing.T) {
	for _, kind := range []string{"nghttpd", "nghttpd-clear"} {
		t.Run(kind, func(t *testing.T) {
			s := kinds[kind](t, startBackend(t))
			f := fire(t, s.load(protocolsOf(s), map[string]exchange{
				"get":  {"1KiB", "burst: {rate: 200, duration: 10m, concurrency: 8}"},
				"slow": {"100MiB", "burst: {duration: 10m, concurrency: 2}, expect: {max_body_size: 200MiB}"},
			}), "200ms")
			awaitMore(f.Daemon, 1, succeeded)
			logged := s.logged(t) // nghttpd ends at once
			awaitMore(f.Daemon, 10, failed)
			m := f.settle(t)
			for target := range f.load.targets {
				codes := m.Codes(target)
				for code := range codes {
					assert.Regexp(t, `^(0|1604|1609|12\d\d|1303)$`, code, target)
				}
				assert.Positive(t, codes["1212"], target)
				// The server had already logged the answers that it was about to send, one for each worker.
				assert.LessOrEqual(t, codes["0"], logged[target], target)
				assert.GreaterOrEqual(t, codes["0"], logged[target]-8, target)
			}
		})
	}
}
