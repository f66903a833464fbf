package command

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/netip"
	"os"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/demo"
	"example.com/prober/errcode"
	"example.com/prober/internal/docs"
	"example.com/prober/internal/peers"
	"example.com/prober/internal/rig"
	"example.com/prober/prober"
	"example.com/prober/prober/load"
	"example.com/prober/prober/numbers"
)

// exampleReport is the report in docs/fire.md. It contains every kind of line.
func exampleReport() *numbers.Report {
	start := time.Date(2026, time.March, 4, 9, 30, 0, 0, time.UTC)
	r := &numbers.Report{
		Duration:  5240 * time.Millisecond,
		Plan:      prober.Plan{Requests: 500, Length: 5 * time.Second, Rate: 100},
		Succeeded: 480, Failed: 15,
		Rate: 99,
		Latency: numbers.Latency{
			Count: 495, Mean: 41200 * time.Microsecond, P50: 20300 * time.Microsecond, P90: 31200 * time.Microsecond,
			P95: 40500 * time.Microsecond, P99: time.Second, P999: time.Second, Max: time.Second,
			Widths: numbers.Widths{
				P50: 859 * time.Microsecond, P90: 1325 * time.Microsecond, P95: 1718 * time.Microsecond,
				P99: 42397 * time.Microsecond, P999: 42397 * time.Microsecond,
			},
		},
		Phases: []numbers.PhaseTime{
			{Phase: errcode.PhaseQueue, Count: 495, Mean: 310 * time.Microsecond, P99: 7500 * time.Microsecond},
			{Phase: errcode.PhaseResolve, Count: 20, Mean: 1200 * time.Microsecond, P99: 2100 * time.Microsecond},
			{Phase: errcode.PhaseConnect, Count: 20, Mean: 8100 * time.Microsecond, P99: 9600 * time.Microsecond},
			{Phase: errcode.PhaseTLS, Count: 20, Mean: 17300 * time.Microsecond, P99: 23100 * time.Microsecond},
			{Phase: errcode.PhaseSend, Count: 495, Mean: 21 * time.Microsecond, P99: 60 * time.Microsecond},
			{Phase: errcode.PhaseProcessing, Count: 495, Mean: 39100 * time.Microsecond, P99: time.Second},
			{Phase: errcode.PhaseTransfer, Count: 483, Mean: 460 * time.Microsecond, P99: 1200 * time.Microsecond},
		},
		LagP99:    140 * time.Microsecond,
		LateReads: numbers.LateReads{Count: 482, P50: 9 * time.Microsecond, P99: 85 * time.Microsecond},
	}
	r.Snapshot = numbers.Snapshot{
		About: numbers.About{
			Name: "checkout", URL: "https://staging.example.com/checkout",
			ClientNotAfter: start.AddDate(1, 0, 0),
		},
		Outcome: numbers.Complete,
		Codes:   []numbers.CodeCount{{Code: errcode.OK, Count: 480}, {Code: errcode.RequestTimeout, Count: 12}, {Code: errcode.FromStatus(503), Count: 3}},
		Responses: []numbers.ResponseCount{
			{Status: 200, Version: "1.1", Count: 480}, {Status: 503, Version: "1.1", Count: 3},
		},
		Failures: []numbers.Failure{
			{
				Time: start.Add(3210 * time.Millisecond), Code: errcode.RequestTimeout, Phase: errcode.PhaseProcessing, Count: 12,
				Duration: time.Second, Remote: netip.MustParseAddrPort("192.0.2.7:443"), Text: "i/o timeout",
			},
			{
				Time: start.Add(1020 * time.Millisecond), Code: errcode.FromStatus(503), Count: 3,
				Duration: 9300 * time.Microsecond, Status: 503, Remote: netip.MustParseAddrPort("192.0.2.8:443"),
			},
		},
		TLS: &numbers.TLS{
			Version: "TLS 1.3", Cipher: "TLS_AES_128_GCM_SHA256", ALPN: "http/1.1",
			LeafNotAfter: start.AddDate(0, 0, 61), EarliestNotAfter: start.AddDate(0, 0, 40),
		},
	}
	r.LastStart = start
	r.Counters = numbers.Counters{Scheduled: 500, Opened: 32, Reused: 463, Sent: 71775, Received: 412300, Untimed: 1}
	r.Dropped[load.DropTimeout] = 5
	r.Capacity, r.Starved = load.Capacity{Rate: 100, Answer: 64 * time.Millisecond, Has: 5}, 5
	r.Latency.Buckets = []numbers.Bucket{
		{Lower: 17_793_572, Upper: 18_581_361, Count: 180},
		{Lower: 19_404_028, Upper: 20_263_118, Count: 120},
		{Lower: 25_163_911, Upper: 26_278_012, Count: 90},
		{Lower: 29_925_102, Upper: 31_250_000, Count: 60},
		{Lower: 38_808_056, Upper: 40_526_236, Count: 33},
		{Lower: 957_603_280, Upper: 1_000_000_000, Count: 12},
	}
	r.Latency.Rows = []numbers.Bucket{
		{Lower: 15_625_000, Upper: 22_097_086, Count: 300},
		{Lower: 22_097_086, Upper: 31_250_000, Count: 150},
		{Lower: 31_250_000, Upper: 44_194_173, Count: 33},
		{Lower: 44_194_173, Upper: 62_500_000, Count: 0},
		{Lower: 62_500_000, Upper: 88_388_347, Count: 0},
		{Lower: 88_388_347, Upper: 125_000_000, Count: 0},
		{Lower: 125_000_000, Upper: 176_776_695, Count: 0},
		{Lower: 176_776_695, Upper: 250_000_000, Count: 0},
		{Lower: 250_000_000, Upper: 353_553_390, Count: 0},
		{Lower: 353_553_390, Upper: 500_000_000, Count: 0},
		{Lower: 500_000_000, Upper: 707_106_781, Count: 0},
		{Lower: 707_106_781, Upper: 1_000_000_000, Count: 12},
	}
	return r
}

// fireAt runs prober fire with args and returns the result.
func fireAt(ctx context.Context, args ...string) (code int, stdout, stderr string) {
	var out, err rig.Output
	code = Run(ctx, append([]string{"fire"}, args...), &out, &err)
	return code, out.String(), err.String()
}

func TestFirePageShowsTheReportAsItIsPrinted(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	require.NoError(t, writeFireText(&text, judge(exampleReport(), nil)))
	assert.Contains(t, docs.Blocks(docs.Page(t, "docs/fire.md"), ""), text.String())
	assert.NotContains(t, text.String(), " \n")
}

func TestTheReportOfADNSServerHasItsAnswer(t *testing.T) {
	t.Parallel()
	for want, d := range map[string]numbers.DNS{
		"": {},
		"answer\t2 records, TTL 1m0s, signatures verified by the server\n":        {Answered: true, Answers: 2, TTL: time.Minute, Authentic: true},
		"answer\t0 records\ncut\t3 answers, so the prober asked again over TCP\n": {Answered: true, Cut: 3},
	} {
		var text strings.Builder
		writeFireDNS(&text, &d)
		assert.Equal(t, want, text.String())
		assert.Equal(t, want == "", dnsJSON(&d) == nil)
	}
}

// documentedKeys returns the rows of the table of keys in docs/fire.md in
// order, and the allowed types of each key.
func documentedKeys(t *testing.T) (keys []string, types map[string][]string) {
	t.Helper()
	types = map[string][]string{}
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z_0-9.\\[\\]]+)` \\| ([a-z, ]+) \\|").FindAllStringSubmatch(docs.Page(t, "docs/fire.md"), -1) {
		keys = append(keys, m[1])
		types[m[1]] = strings.Split(m[2], ", ")
	}
	return keys, types
}

func TestFirePageListsEveryKeyOfTheReport(t *testing.T) {
	t.Parallel()
	var text bytes.Buffer
	full := exampleReport()
	full.DNS.Answered = true // of another kind of target
	addJourney(full)
	require.NoError(t, writeFireJSON(&text, judgeCompared(full, thresholdsOf(t, "p99 > 500ms"), exampleSample(1), exampleComparison())))
	keys, types := documentedKeys(t)
	require.NotEmpty(t, keys)
	assert.Equal(t, keys, slices.Compact(keysOf(t, text.Bytes(), types)))

	// A value that may be missing is null or empty, never left out.
	text.Reset()
	require.NoError(t, writeFireJSON(&text, judge(&numbers.Report{}, nil)))
	top := slices.DeleteFunc(slices.Clone(keys), func(key string) bool {
		return strings.Contains(key, "[]") || strings.HasPrefix(key, "latency.") || strings.HasPrefix(key, "dns.") || strings.HasPrefix(key, "tls.") || strings.HasPrefix(key, "too_few_workers.") ||
			strings.HasPrefix(key, "journey.") || strings.HasPrefix(key, "comparison.")
	})
	assert.Equal(t, top, keysOf(t, text.Bytes(), types))
}

// keysOf returns the paths of all keys of a JSON text in order, those of an
// array's items once. Each value must have one of the given types.
func keysOf(t *testing.T, text []byte, types map[string][]string) []string {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(text))
	var keys []string
	seen := map[string]bool{}
	var value func(path string)
	value = func(path string) {
		token, err := decoder.Token()
		require.NoError(t, err)
		if path != "" && !strings.HasSuffix(path, "[]") {
			assert.Contains(t, types[path], typeOf(token), path)
		}
		switch token {
		case json.Delim('{'):
			for decoder.More() {
				key, err := decoder.Token()
				require.NoError(t, err)
				inner := strings.TrimPrefix(path+"."+key.(string), ".")
				if !seen[inner] {
					seen[inner] = true
					keys = append(keys, inner)
				}
				value(inner)
			}
		case json.Delim('['):
			for decoder.More() {
				value(path + "[]")
			}
		default:
			return
		}
		_, err = decoder.Token()
		require.NoError(t, err)
	}
	value("")
	assert.False(t, decoder.More(), "more than one value")
	return keys
}

func typeOf(token json.Token) string {
	switch token := token.(type) {
	case json.Delim:
		return map[json.Delim]string{'{': "object", '[': "array"}[token]
	case string:
		return "string"
	case float64:
		return "number"
	case bool:
		return "boolean"
	default:
		return "null"
	}
}

func TestTheReportOfARealBurstHasTheDocumentedForm(t *testing.T) {
	t.Parallel()
	server, err := demo.Start()
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, server.Close()) })
	config, err := server.WriteConfig(t.TempDir())
	require.NoError(t, err)
	text, err := os.ReadFile(config)
	require.NoError(t, err)
	text = bytes.Replace(text, []byte("\n  timeout: 2s "), []byte("\n  timeout: 1m "), 1) // machines may be busy
	require.NoError(t, os.WriteFile(config, text, 0o600))
	require.Contains(t, string(text), "timeout: 1m")
	_, types := documentedKeys(t)
	for target, want := range map[string]struct {
		exit  int
		codes []errcode.Code
	}{
		"fast":                  {ExitOK, []errcode.Code{errcode.OK}},
		"tls":                   {ExitOK, []errcode.Code{errcode.OK}},
		"unavailable":           {ExitError, []errcode.Code{errcode.OK, errcode.FromStatus(503)}},
		"tls-expired":           {ExitError, []errcode.Code{errcode.CertExpired}},
		"refused":               {ExitError, []errcode.Code{errcode.Refused}},
		"http2":                 {ExitOK, []errcode.Code{errcode.OK}},
		"http3":                 {ExitOK, []errcode.Code{errcode.OK}},
		"grpc":                  {ExitOK, []errcode.Code{errcode.OK}},
		"grpc-not-serving":      {ExitError, []errcode.Code{errcode.GRPCNotServing}},
		"tcp":                   {ExitOK, []errcode.Code{errcode.OK}},
		"tls-handshake-expired": {ExitError, []errcode.Code{errcode.CertExpired}},
		"dns":                   {ExitOK, []errcode.Code{errcode.OK}},
		"dns-cut":               {ExitOK, []errcode.Code{errcode.OK}},
		"dns-too-few":           {ExitError, []errcode.Code{errcode.UnexpectedAnswers}},
	} {
		t.Run(target, func(t *testing.T) {
			t.Parallel()
			code, stdout, stderr := fireAt(t.Context(), target, "--config.file="+config, "--output=json", "--burst.rate=1000", "--burst.requests=10")
			assert.Equal(t, want.exit, code, stderr)
			keysOf(t, []byte(stdout), types)
			var report fireJSON
			decoder := json.NewDecoder(strings.NewReader(stdout))
			decoder.DisallowUnknownFields()
			require.NoError(t, decoder.Decode(&report))
			assert.Equal(t, target, report.Target)
			assert.Equal(t, want.exit == ExitOK, report.OK)
			assert.EqualValues(t, 10, report.Requests.Scheduled)
			assert.Equal(t, report.Requests.Scheduled, report.Requests.Succeeded+report.Requests.Failed+report.Requests.Dropped)
			assert.Equal(t, 1000.0, *report.Rate.Asked)
			var codes []errcode.Code
			for _, c := range report.Codes {
				codes = append(codes, c.Code)
			}
			assert.Equal(t, want.codes, codes)
			isSecure := strings.HasPrefix(target, "tls") || target == "http2" || target == "http3"
			assert.Equal(t, isSecure, report.TLS != nil)
		})
	}
}

func TestFireReportsWhatWasDoneWhenItIsInterrupted(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		grace string
		want  errcode.Code
	}{
		"the requests in flight may end": {"1m", errcode.OK},
		"and are cancelled after a time": {"1ms", errcode.Cancelled},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			arrived, release := make(chan struct{}, 2), make(chan struct{})
			server := peers.Serve(t, peers.HTTP1, func(_ http.ResponseWriter, r *http.Request) {
				arrived <- struct{}{}
				select {
				case <-release:
				case <-r.Context().Done():
				}
			})
			ctx, interrupt := context.WithCancel(t.Context())
			defer interrupt()
			var stdout, stderr rig.Output
			ended := make(chan int, 1)
			go func() {
				ended <- Run(ctx, []string{"fire", server.URL, "--burst.concurrency=2", "--output=json", "--shutdown.grace=" + c.grace}, &stdout, &stderr)
			}()
			<-arrived
			<-arrived
			interrupt()
			rig.Until(t, "fire waits", func() bool {
				return strings.Contains(stderr.String(), "prober: interrupted: waiting for 2 requests in flight, "+c.grace)
			})
			if c.want == errcode.OK {
				close(release)
			}
			assert.Equal(t, ExitSignal+int(syscall.SIGINT), <-ended)
			assert.Contains(t, stderr.String(), "the burst was interrupted\n")
			assert.Equal(t, c.want == errcode.Cancelled, strings.Contains(stderr.String(), "prober: cancelling 2 requests still in flight\n"))
			var report fireJSON
			require.NoError(t, json.Unmarshal([]byte(stdout.String()), &report))
			assert.Equal(t, numbers.Interrupted, report.Outcome)
			assert.EqualValues(t, 2, report.Requests.Scheduled)
			require.Len(t, report.Codes, 1)
			assert.Equal(t, c.want, report.Codes[0].Code)
		})
	}
}

func TestFirePrintsNothingThatCouldBeSecret(t *testing.T) {
	t.Parallel()
	server := peers.Serve(t, peers.HTTP1, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "http://canary:canary@shop.example/?canary")
		w.WriteHeader(http.StatusFound)
		_, _ = w.Write([]byte("canary"))
	})
	config := rig.WriteFile(t, t.TempDir(), "prober.yml", `
defaults: {request: {headers: {X-Key: canary}, body: canary}, expect: {body: {contains: shop}}}
targets: []
`)
	for _, args := range [][]string{
		{server.URL + "/?canary=canary", "--config.file=" + config},
		{server.URL + "/?canary=canary", "--config.file=" + config, "--output=json"},
		{"http://127.0.0.1:1/?canary"},
		{"http://user:canary@127.0.0.1/"},
		{"ftp://user:canary@127.0.0.1/", "--config.file=" + config},
		{server.URL, "--burst.stages=canary"},
	} {
		_, stdout, stderr := fireAt(t.Context(), args...)
		assert.NotEmpty(t, stdout+stderr)
		assert.NotContains(t, stdout+stderr, "canary", "%s", args)
	}
}

func TestProgressWithoutATerminalIsALine(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	v := newFireView(&out, 0, "checkout", prober.Plan{Requests: 500})
	v.show(prober.Progress{Elapsed: 100 * time.Millisecond, InFlight: 1})
	p := prober.Progress{Elapsed: 10040 * time.Millisecond, Ended: 123, Failed: 4, InFlight: 2, P50: 20 * time.Millisecond, P99: time.Second}
	p.Codes = []numbers.CodeCount{{Code: errcode.OK, Count: 119}, {Code: errcode.FromStatus(503), Count: 4}}
	v.show(p)
	v.plan.Requests = 0
	v.show(prober.Progress{Elapsed: 20 * time.Second, Ended: 1, Failed: 1, Dropped: 1, Codes: []numbers.CodeCount{{Code: errcode.Refused, Count: 1}}})
	v.interrupt(prober.Progress{InFlight: 3}, time.Minute)
	v.show(prober.Progress{Elapsed: 21 * time.Second, InFlight: 1})
	v.cancel(prober.Progress{InFlight: 1})
	v.end()
	assert.Equal(t, `prober: checkout: 0 of 500 requests, 0 failed, 0s
prober: checkout: 123 of 500 requests, 4 failed, 10s; 12.45/s, p50 20ms, p99 1s, 0 ok: 119, 1503 http_503: 4
prober: checkout: 1 requests, 1 failed, 1 dropped, 20s; 1212 refused: 1
prober: interrupted: waiting for 3 requests in flight, 1m0s at most; a second Ctrl-C ends at once
prober: checkout: waiting for 1 request in flight, 1m0s left
prober: cancelling 1 request still in flight
`, out.String())
	out.Reset()
	newFireView(&out, 0, "checkout", prober.Plan{}).interrupt(prober.Progress{}, time.Minute)
	assert.Equal(t, "prober: interrupted: no request is in flight\n", out.String())
}

func TestProgressOnATerminalIsABarAndARow(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	v := newFireView(&out, 72, "checkout", prober.Plan{Requests: 10})
	p := prober.Progress{Elapsed: time.Second, Ended: 10, P50: 20 * time.Millisecond, P99: time.Second}
	for code := range errcode.All() {
		p.Codes = append(p.Codes, numbers.CodeCount{Code: code, Count: 1})
	}
	v.show(p)
	v.end()
	text := out.String()
	assert.Contains(t, text, "90% [")
	assert.Contains(t, text, "]  10 of 10 requests, 0 failed, 1s")
	assert.Contains(t, text, "10/s, p50 20ms, p99 1s, 0 ok: 1, ")
	assert.True(t, strings.HasSuffix(text, eraseBelow), "nothing of it stays")
	for _, line := range strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' || r == '\x1b' }) {
		assert.LessOrEqual(t, len(line), 72, "%q", line)
	}
}

func TestATableHasOneUnit(t *testing.T) {
	t.Parallel()
	all := func(d *time.Duration) []time.Duration { return []time.Duration{*d} }
	for want, durations := range map[string][]time.Duration{
		"- 0.00123ms 20.3ms 1000ms 9990ms":  {0, 1234, 20_300_000, time.Second, 9990 * time.Millisecond},
		"0.000988s 0.0203s 1.23s 10s 3723s": {988_400, 20_300_000, 1234 * time.Millisecond, 10 * time.Second, 3723 * time.Second},
	} {
		in := unitOf(durations, all)
		var got []string
		for _, d := range durations {
			got = append(got, in.format(d))
		}
		assert.Equal(t, want, strings.Join(got, " "))
	}
}

func TestDurationsHaveThreeDigits(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		0:                         "-",
		1234 * time.Nanosecond:    "0.00123ms",
		98765 * time.Nanosecond:   "0.0988ms",
		999499 * time.Microsecond: "999ms",
		999600 * time.Microsecond: "1s",
		12345 * time.Millisecond:  "12.3s",
		99960 * time.Millisecond:  "1m40s",
		3723 * time.Second:        "1h2m3s",
	} {
		assert.Equal(t, want, shortDuration(d))
	}
}
