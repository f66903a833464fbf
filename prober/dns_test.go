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
	"golang.org/x/net/dns/dnsmessage"

	"example.com/prober/config"
	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/internal/peers/certs"
	"example.com/prober/prober/load"
	"example.com/prober/prober/probe"
)

// namesOf answers questions by their names. Long answers are cut in datagrams.
func namesOf(q peers.Asked) peers.Said {
	var asked dnsmessage.Message
	if asked.Unpack(q.Query) != nil || len(asked.Questions) != 1 {
		return peers.Said{}
	}
	name := asked.Questions[0].Name
	head := dnsmessage.ResourceHeader{Name: name, Class: dnsmessage.ClassINET, TTL: 300}
	record := dnsmessage.Resource{Header: head, Body: &dnsmessage.AResource{A: [4]byte{192, 0, 2, 1}}}
	switch answer := func(fill func(*dnsmessage.Message)) peers.Said {
		return peers.SayingDNS(peers.AnswerDNS(q.Query, fill))
	}; name.String() {
	case "silent.test.":
		return peers.Said{}
	case "none.test.":
		return answer(func(m *dnsmessage.Message) { m.RCode = dnsmessage.RCodeNameError })
	case "long.test.":
		if !q.Stream {
			return answer(func(m *dnsmessage.Message) { m.Truncated = true })
		}
		fallthrough
	default:
		return answer(func(m *dnsmessage.Message) {
			m.AuthenticData = asked.AuthenticData
			m.Answers = []dnsmessage.Resource{record, record}
		})
	}
}

func TestDNSServersGoFromTheFileToTheMetrics(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	cert := certs.Issue(nil)
	require.NoError(t, os.WriteFile(filepath.Join(folder, "ca.pem"), certs.PEM(cert), 0o600))
	s := peers.ServeDNS(t, cert, namesOf)
	file := fmt.Sprintf(`
defaults:
  interval: 10ms
  timeout: 1m
  burst: {requests: 2, concurrency: 2}
  request: {method: POST, body: x}
  connection: {connect_timeout: 1m, tls_timeout: 1m, tls: {ca_file: ca.pem}}
  expect: {status: [200]}
targets:
  - {name: udp, url: "dns://%[1]s", dns: {name: name.test, dnssec: true}}
  - {name: tcp, url: "dns://%[1]s", dns: {name: name.test, transport: tcp}}
  - {name: tls, url: "dns://%[2]s", dns: {name: name.test, transport: tls}}
  - {name: long, url: "dns://%[1]s", dns: {name: long.test}}
  - {name: none, url: "dns://%[1]s", dns: {name: none.test}}
  - {name: none-as-it-should, url: "dns://%[1]s", dns: {name: none.test}, expect: {rcode: NXDOMAIN}}
  - {name: too-few, url: "dns://%[1]s", dns: {name: name.test}, expect: {answers: {count: 3}}}
  - {name: silent, url: "dns://%[1]s", dns: {name: silent.test}, timeout: 100ms}
  - {name: closed, url: "dns://%[3]s"}
`, s.Address, s.Secured, peers.ClosedPacketPort(t))
	cfg, err := config.Parse([]byte(file), filepath.Join(folder, "prober.yml"))
	require.NoError(t, err)
	m := newTestManager(t)
	require.NoError(t, m.Apply(cfg))
	for name, code := range map[string]errcode.Code{
		"udp": errcode.OK, "tcp": errcode.OK, "tls": errcode.OK, "long": errcode.OK, "none-as-it-should": errcode.OK, "none": errcode.NoSuchHost,
		"too-few": errcode.UnexpectedAnswers, "silent": errcode.DNSTimeout, "closed": errcode.DNSUnreachable,
	} {
		awaitCode(t, m, name, code, 4)
	}
	for _, target := range cfg.Targets {
		c := tallyOf(m, target.Name)
		assertConserved(t, c)
		assert.Empty(t, c.Responses)
	}
	long := tallyOf(m, "long")
	assert.Equal(t, long.ByCode[errcode.OK].Count(), long.DNS.Cut)
	assert.Equal(t, 2*long.DNS.Cut, long.Opened+long.Reused, "a socket and a connection for each request")

	text := exposition(t, m)
	assertSample(t, text, `prober_dns_answer_records{target="udp"}`, 2)
	assertSample(t, text, `prober_dns_answer_ttl_seconds{target="tcp"}`, 300)
	assertSample(t, text, `prober_dns_answer_authentic{target="udp"}`, 1)
	assertSample(t, text, `prober_dns_answer_authentic{target="tcp"}`, 0)
	assertSample(t, text, `prober_dns_answers_cut_total{target="udp"}`, 0)
	assertSample(t, text, `prober_dns_answer_records{target="none"}`, 0)
	assert.NotContains(t, text, `prober_dns_answer_ttl_seconds{target="none"}`)
	assert.NotContains(t, text, `prober_dns_answer_records{target="silent"}`)
	assertSample(t, text, `prober_dns_answers_cut_total{target="silent"}`, 0)
	assertSample(t, text, `prober_requests_total{error_code="1105",target="udp"}`, 0)
	assert.Contains(t, text, `prober_request_failures_total{error_code="1105",phase="processing",target="silent"}`)
	assert.Contains(t, text, `prober_request_failures_total{error_code="1108",phase="processing",target="closed"}`)
	assert.Contains(t, text, `prober_request_failures_total{error_code="1101",phase="none",target="none"}`)
	assert.Contains(t, text, `prober_tls_info{alpn="",cipher="TLS_AES_128_GCM_SHA256",target="tls",version="TLS 1.3"} 1`)
	assert.NotContains(t, text, `prober_responses_total{`)
	assert.NotContains(t, text, `name.test`, "nothing that was asked is in a label")
}

// A request whose question was asked counts, though it gets no connection to ask again.
func TestAQuestionThatWasAskedOnceWasSent(t *testing.T) {
	t.Parallel()
	assert.True(t, wasSent(&probe.Result{DNS: &probe.DNS{Cut: true}}))
	assert.False(t, wasSent(&probe.Result{DNS: &probe.DNS{}}))
}

func awaitCode(t *testing.T, m *Manager, name string, code errcode.Code, n uint64) {
	t.Helper()
	assert.Eventually(t, func() bool {
		h := tallyOf(m, name).ByCode[code]
		return h != nil && h.Count() >= n
	}, patience, time.Millisecond, "%s: %s", name, code)
}

func TestAnswersThatAreCutKeepToTheCeilingOfConnections(t *testing.T) {
	t.Parallel()
	s := peers.ServeDNS(t, certs.Issue(nil), namesOf)
	file := fmt.Sprintf("targets: [{name: long, url: 'dns://%s', dns: {name: long.test}, burst: {requests: 200, concurrency: 10}, timeout: 1m, connection: {connect_timeout: 1m}}]", s.Address)
	cfg, err := config.Parse([]byte(file), "prober.yml")
	require.NoError(t, err)
	o := Options{Log: slog.New(slog.DiscardHandler), Metrics: cfg.Metrics, Limits: load.Limits{Connections: 3}}
	shot, err := NewShot(o, cfg.Targets[0], cfg.Network)
	require.NoError(t, err)
	shot.Fire(t.Context(), context.Background())
	r := shot.Report()
	assert.EqualValues(t, 200, r.Succeeded, "%v", r.Codes)
	assert.EqualValues(t, 200, r.DNS.Cut)
	assert.EqualValues(t, 400, r.Opened+r.Reused)
}
