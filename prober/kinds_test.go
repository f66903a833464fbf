package prober

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/config"
	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/internal/peers/certs"
	"example.com/prober/prober/load"
)

func TestTargetsThatOnlyConnectGoFromTheFileToTheMetrics(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	root := certs.Issue(nil, certs.Authority)
	leaf := certs.Issue(&root)
	require.NoError(t, os.WriteFile(filepath.Join(folder, "ca.pem"), certs.PEM(root), 0o600))
	plain := peers.Listen(t, peers.Silence)
	secured := peers.Listen(t, peers.Within(peers.Showing(leaf), peers.Silence))
	stranger := peers.Listen(t, peers.Within(peers.Showing(certs.Issue(nil)), peers.Silence))
	file := fmt.Sprintf(`
defaults:
  interval: 10ms
  timeout: 1m
  burst: {requests: 2, concurrency: 2}
  request: {method: POST, body: x}
  connection: {connect_timeout: 1m, tls_timeout: 1m, tls: {ca_file: ca.pem}}
  expect: {status: [200]}
targets:
  - {name: plain, url: "tcp://%s", labels: {team: data}}
  - {name: secured, url: "tls://%s"}
  - {name: stranger, url: "tls://%s"}
  - {name: closed, url: "tcp://%s"}
  - {name: slow, url: "tcp://%[1]s", expect: {max_latency: 1ms}}
`, plain.Address(), secured.Address(), stranger.Address(), peers.ClosedPort(t))
	cfg, err := config.Parse([]byte(file), filepath.Join(folder, "prober.yml"))
	require.NoError(t, err)
	m := newTestManager(t)
	require.NoError(t, m.Apply(cfg))

	awaitRequests(t, m, "plain", 4)
	awaitRequests(t, m, "secured", 4)
	for name, code := range map[string]errcode.Code{"stranger": errcode.UnknownAuthority, "closed": errcode.Refused} {
		require.Eventually(t, func() bool {
			s := tallyOf(m, name)
			h := s.ByCode[code]
			return h != nil && h.Count() >= 4
		}, patience, time.Millisecond, name)
	}
	for _, target := range cfg.Targets {
		c := tallyOf(m, target.Name)
		assertConserved(t, c)
		assert.Empty(t, c.Responses)
		assert.Zero(t, c.Sent+c.Received+c.Reused)
		for phase := errcode.PhaseSend; phase < errcode.NumPhases; phase++ {
			assert.Zero(t, c.Phases[phase].Count(), "%s: %s", target.Name, phase)
		}
	}
	secure := tallyOf(m, "secured")
	assert.NotZero(t, secure.Phases[errcode.PhaseTLS].Count())
	assert.Zero(t, tallyOf(m, "closed").Opened)

	text := exposition(t, m)
	assertSample(t, text, fmt.Sprintf(`prober_target_info{target="plain",team="data",url="tcp://%s"}`, plain.Address()), 1)
	assert.Contains(t, text, `prober_tls_info{alpn="",cipher="TLS_AES_128_GCM_SHA256",target="secured",version="TLS 1.3"} 1`)
	assert.Contains(t, text, fmt.Sprintf(`prober_tls_certificate_not_after_timestamp_seconds{role="leaf",target="secured"} %v`, float64(leaf.Leaf.NotAfter.Unix())))
	assert.Contains(t, text, `prober_tls_certificate_not_after_timestamp_seconds{role="leaf",target="stranger"}`)
	assert.Contains(t, text, `prober_request_failures_total{error_code="1310",phase="tls",target="stranger"}`)
	assert.Contains(t, text, `prober_request_failures_total{error_code="1212",phase="connect",target="closed"}`)
	assert.NotContains(t, text, `prober_responses_total{`)
}

func TestAReloadTurnsATargetIntoOneOfAnotherKindAndKeepsItsCounters(t *testing.T) {
	t.Parallel()
	s := newServer(t, ok)
	m := newTestManager(t)
	web := s.target("changes")
	connects := s.target("changes")
	at := *connects.URL
	at.Scheme = "tcp"
	connects.URL = &at
	var before uint64
	for _, target := range []config.Target{web, connects, web} {
		apply(t, m, target)
		awaitRequests(t, m, "changes", before+3)
		before = tallyOf(m, "changes").ByCode[errcode.OK].Count()
	}
	c := tallyOf(m, "changes")
	assertConserved(t, c)
	assert.NotEmpty(t, c.Responses)
	var answers uint64
	for _, r := range c.Responses {
		answers += r.Count
	}
	assert.Less(t, answers, c.ByCode[errcode.OK].Count(), "connections alone have none")
}

func TestConnectionsOfTargetsThatOnlyConnectKeepToTheCeiling(t *testing.T) {
	t.Parallel()
	p := peers.Listen(t, peers.Silence)
	cfg, err := config.ParseOne(nil, "", config.Pick{Target: "tcp://" + p.Address(), Burst: map[string]string{"requests": "50", "concurrency": "10"}})
	require.NoError(t, err)
	o := Options{Log: slog.New(slog.DiscardHandler), Metrics: cfg.Metrics, Limits: load.Limits{Connections: 2}}
	shot, err := NewShot(o, cfg.Targets[0], cfg.Network)
	require.NoError(t, err)
	shot.Fire(t.Context(), context.Background())
	r := shot.Report()
	assert.EqualValues(t, 50, r.Succeeded, "%v", r.Codes)
	assert.Eventually(t, func() bool { return p.Connections() == 50 }, patience, time.Millisecond)
	assert.True(t, r.OK())
	assert.Empty(t, r.Responses)
}
