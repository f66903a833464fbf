package prober

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/config"
	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/prober/load"
)

// answering is a gRPC server that answers each call with a message and a status.
func answering(message, status string) peers.Script {
	return func(c net.Conn) {
		p := peers.NewH2(c)
		p.Greet()
		for id := p.Request(); id != 0; id = p.Request() {
			p.Headers(id, false, ":status", "200", "content-type", "application/grpc")
			p.Data(id, false, string([]byte{0, 0, 0, 0, byte(len(message))})+message)
			p.Headers(id, true, "grpc-status", status, "grpc-message", "a text of the server")
		}
	}
}

func TestTargetsOfAllKindsRunAtOnceAndAddUp(t *testing.T) {
	t.Parallel()
	web := newServer(t, ok)
	serving, failing := peers.Listen(t, answering("\x08\x01", "0")), peers.Listen(t, answering("", "14"))
	silent, answers := peers.Listen(t, peers.Silence), peers.Listen(t, peers.InTurn(peers.Saying(peers.OKAnswer), peers.Finish))
	file := fmt.Sprintf(`
defaults:
  interval: 10ms
  timeout: 1m
  burst: {requests: 4, concurrency: 2}
  connection: {connect_timeout: 1m}
targets:
  - {name: web, url: "%s"}
  - {name: port, url: "tcp://%s"}
  - {name: serving, url: "grpc://%s", expect: {message: {status: SERVING}}}
  - {name: failing, url: "grpc://%s"}
  - {name: no-grpc, url: "grpc://%s"}
`, web.target("web").URL, silent.Address(), serving.Address(), failing.Address(), answers.Address())
	cfg, err := config.Parse([]byte(file), "prober.yml")
	require.NoError(t, err)
	m := newTestManager(t)
	require.NoError(t, m.Apply(cfg))
	want := map[string]errcode.Code{
		"web": errcode.OK, "port": errcode.OK, "serving": errcode.OK, "failing": errcode.GRPCUnavailable, "no-grpc": errcode.HTTP2NotSpoken,
	}
	for name, code := range want {
		require.Eventually(t, func() bool {
			h := tallyOf(m, name).ByCode[code]
			return h != nil && h.Count() >= 8
		}, patience, time.Millisecond, name)
	}
	for name, code := range want {
		c := tallyOf(m, name)
		assertConserved(t, c)
		for other, h := range c.ByCode {
			assert.True(t, other == code || h.Count() == 0, "%s: %d", name, other)
		}
	}
	calls := tallyOf(m, "serving")
	assert.NotZero(t, calls.Messages)
	assert.LessOrEqual(t, calls.Messages, calls.ByCode[errcode.OK].Count())
	assert.NotZero(t, calls.Reused)
	text := exposition(t, m)
	assert.Contains(t, text, `prober_request_failures_total{error_code="2014",phase="none",target="failing"}`)
	assert.Contains(t, text, `prober_responses_total{http_version="2",status="200",target="failing"}`)
	assert.Contains(t, text, `prober_messages_received_total{target="serving"}`)
	assertSample(t, text, `prober_requests_total{error_code="2014",target="serving"}`, 0)
	assert.NotContains(t, text, `prober_requests_total{error_code="2014",target="web"}`)
	assert.NotContains(t, text, "a text of the server")
}

func TestAReloadTurnsAWebTargetIntoOneOfCalls(t *testing.T) {
	t.Parallel()
	s := newServer(t, ok)
	p := peers.Listen(t, answering("\x08\x01", "0"))
	m := newTestManager(t)
	parsed, err := config.Parse([]byte("targets: [{name: changes, url: 'grpc://"+p.Address()+"', interval: 10ms, timeout: 1m}]"), "prober.yml")
	require.NoError(t, err)
	web, calls := s.target("changes"), parsed.Targets[0]
	calls.Burst = web.Burst
	var before uint64
	for _, target := range []config.Target{web, calls, web, calls} {
		apply(t, m, target)
		awaitRequests(t, m, "changes", before+3)
		before = tallyOf(m, "changes").ByCode[errcode.OK].Count()
	}
	c := tallyOf(m, "changes")
	assertConserved(t, c)
	assert.NotZero(t, c.Messages)
	assert.Less(t, c.Messages, c.ByCode[errcode.OK].Count(), "pages have none")
}

func TestCallsShareConnectionsUnderTheCeiling(t *testing.T) {
	t.Parallel()
	p := peers.Listen(t, answering("\x08\x01", "0"))
	cfg, err := config.ParseOne(nil, "", config.Pick{Target: "grpc://" + p.Address(), Burst: map[string]string{"requests": "200", "concurrency": "20"}})
	require.NoError(t, err)
	o := Options{Log: slog.New(slog.DiscardHandler), Metrics: cfg.Metrics, Limits: load.Limits{Connections: 1}}
	shot, err := NewShot(o, cfg.Targets[0], cfg.Network)
	require.NoError(t, err)
	shot.Fire(t.Context(), context.Background())
	r := shot.Report()
	assert.EqualValues(t, 200, r.Succeeded, "%v", r.Codes)
	assert.Equal(t, 1, p.Connections())
	assert.EqualValues(t, 200, r.Messages)
}

func TestTargetsOfCallsHaveSeriesOfTheirOwn(t *testing.T) {
	t.Parallel()
	web, calls, secured := demandAt("http://name.test:80/"), demandAt("grpc://name.test:80"), demandAt("grpcs://name.test:80")
	assert.Less(t, calls.MostSeries, web.MostSeries, "one version of HTTP, and no code of HTTP/1")
	assert.Greater(t, secured.TypicalSeries, calls.TypicalSeries, "a phase and a certificate more")
	cfg, err := config.Parse([]byte("targets: [{name: a, url: 'grpc://name.test:80', burst: {requests: 20, concurrency: 5}}]"), "prober.yml")
	require.NoError(t, err)
	assert.Equal(t, 1, DemandOf(cfg, Shard{}).Connections, "calls share it")
}
