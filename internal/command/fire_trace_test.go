package command

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"

	"example.com/prober/errcode"
	"example.com/prober/internal/docs"
	"example.com/prober/internal/peers"
	"example.com/prober/internal/peers/certs"
	"example.com/prober/internal/rig"
	"example.com/prober/prober"
	"example.com/prober/prober/numbers"
)

// exampleTrace is the trace in docs/fire.md.
func exampleTrace() (t *prober.Traced, r *numbers.Report) {
	var steps []prober.TracedStep
	for _, s := range []struct {
		micros     int
		mark, text string
	}{
		{61, "*", `looking up "staging.example.com" as the system does`},
		{140, "*", `asking 192.0.2.53:53 over UDP: AAAA "staging.example.com."`},
		{152, "*", `asking 192.0.2.53:53 over UDP: A "staging.example.com."`},
		{1320, "*", `192.0.2.53:53 answered A: 192.0.2.7, 192.0.2.8`},
		{1419, "*", `192.0.2.53:53, AAAA: the name has no address`},
		{1502, "*", `to be tried in this order: 192.0.2.7, 192.0.2.8`},
		{1510, "*", `connecting to 192.0.2.7:443 over TCP`},
		{1973, "*", `192.0.2.7:443: connect: connection refused`},
		{1980, "*", `connecting to 192.0.2.8:443 over TCP`},
		{2391, "*", `connected to 192.0.2.8:443 from 192.0.2.100:38418`},
		{2411, "*", `TLS handshake for "staging.example.com", offering ALPN h2, http/1.1`},
		{7940, "*", `TLS 1.3, TLS_AES_128_GCM_SHA256, X25519MLKEM768, ALPN "h2", not resumed`},
		{7951, "*", `certificate 0: subject "CN=staging.example.com", issuer "CN=Example Staging CA"`},
		{7953, "*", `  names: "staging.example.com", "www.staging.example.com"`},
		{7960, "*", `  valid from 2026-02-03 09:30:00 UTC to 2026-05-04 09:30:00 UTC, key ECDSA P-256, signature ECDSA-SHA256`},
		{7962, "*", `the certificate is verified for "staging.example.com" by connection.tls.ca_file`},
		{8830, "*", `stream 1 of the connection to 192.0.2.8:443`},
		{8841, ">", `POST /checkout?token=*** HTTP/2`},
		{8842, ">", `:authority: staging.example.com`},
		{8842, ">", `user-agent: prober`},
		{8843, ">", `content-type: application/json`},
		{8843, ">", `content-length: 9`},
		{8844, ">", `authorization: Bearer ***`},
		{8845, ">", `[a body of 9 bytes, not shown]`},
		{21007, "<", `HTTP/2 503`},
		{21009, "<", `server: nginx`},
		{21010, "<", `content-type: application/json`},
		{21011, "<", `content-length: 49`},
		{21012, "<", `retry-after: 30`},
		{21013, "<", `set-cookie: session=***; Path=/; HttpOnly`},
	} {
		steps = append(steps, prober.TracedStep{At: time.Duration(s.micros) * time.Microsecond, Mark: s.mark, Text: s.text})
	}
	steps = append(steps, prober.TracedStep{
		At: 21015 * time.Microsecond, Mark: "|", What: "a body", Text: `{"error": "no stock service", "token": "***"}` + "\n", Total: 49,
	})
	ms := func(phase errcode.Phase, took float64) prober.TracedPhase {
		return prober.TracedPhase{Phase: phase, Took: time.Duration(took * float64(time.Millisecond))}
	}
	return &prober.Traced{
		Target: "checkout", URL: "https://staging.example.com/checkout", Start: time.Date(2026, time.March, 4, 9, 30, 0, 0, time.UTC),
		Exchanges: []prober.TracedExchange{{
			Steps: steps, Took: 21100 * time.Microsecond, Code: errcode.FromStatus(503), Rule: "expect.status [200]: got 503",
			Phases: []prober.TracedPhase{
				ms(errcode.PhaseQueue, 0.058), ms(errcode.PhaseResolve, 1.45), ms(errcode.PhaseConnect, 0.893), ms(errcode.PhaseTLS, 5.55),
				ms(errcode.PhaseSend, 0.894), ms(errcode.PhaseProcessing, 12.2), ms(errcode.PhaseTransfer, 0.013),
			},
		}},
	}, &numbers.Report{}
}

func TestFirePageShowsATraceAsItIsPrinted(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	traced, report := exampleTrace()
	require.NoError(t, writeTrace(&text, traced, report))
	assert.Contains(t, docs.Blocks(docs.Page(t, "docs/fire.md"), ""), text.String())
}

func TestATraceGoesWithOneRequestOnly(t *testing.T) {
	t.Parallel()
	file := rig.WriteFile(t, t.TempDir(), "prober.yml", "%s", `
targets:
  - {name: one, url: 'http://127.0.0.1:1', burst: {requests: 1}}
  - {name: mix, url: 'http://127.0.0.1:1', burst: {requests: 1}, requests: [{name: good, path: /good}, {name: bad, path: /bad}]}
  - {name: journey, url: 'http://127.0.0.1:1', burst: {requests: 1}, journey: [{name: login, path: /login}]}
`)
	for args, want := range map[string]string{
		"one mix --trace":                      "--trace needs exactly one target, as a name or a URL",
		"--all --trace":                        "--trace needs exactly one target, as a name or a URL",
		"one --trace --burst.rate=5":           "--trace sends one request: it cannot be combined with flags for the burst",
		"one --trace -n 5":                     "--trace sends one request: it cannot be combined with flags for the burst",
		"one --trace --fail-if=dropped>0":      "--trace sends one request: it cannot be combined with --fail-if",
		"one --trace --report=burst.md":        "--trace prints what happens to one request: it cannot be combined with --report",
		"one --trace --against=http://old/":    "--trace sends one request: it cannot be combined with --compare and --against",
		"one --trace --output=json":            "--trace prints text: it cannot be combined with --output",
		"one --trace --trace-body=2MiB":        "--trace-body must be 0 to 1MiB",
		"one --trace-request=good":             "--trace-request needs --trace",
		"one --trace --trace-request=good":     `--trace-request: the target "one" has one request, without a name`,
		"mix --trace --trace-request=ugly":     `--trace-request: the target "mix" has no request "ugly": it has good, bad`,
		"journey --trace --trace-request=none": `--trace-request: the target "journey" has a journey, and its trace begins with the first step`,
	} {
		exit, stdout, stderr := fireAt(t.Context(), append(strings.Fields(args), "--config.file="+file)...)
		assert.Equal(t, ExitUsage, exit, args)
		assert.Empty(t, stdout, args)
		assert.Equal(t, "prober: "+want+"\n", stderr, args)
	}
}

// trace fires a URL with --trace, and returns the output.
func trace(t *testing.T, url string, args ...string) (exit int, text string) {
	t.Helper()
	exit, stdout, stderr := fireAt(t.Context(), append([]string{url, "--trace"}, args...)...)
	require.NotEqual(t, ExitUsage, exit, stderr)
	assertVisible(t, stdout)
	return exit, stdout
}

// assertVisible checks that a text has no control characters for a terminal.
func assertVisible(t *testing.T, text string) {
	t.Helper()
	assert.NotContains(t, strings.ReplaceAll(text, "\n", ""), "\x1b")
	for _, r := range text {
		if r != '\n' && (r < ' ' || 0x7f <= r && r < 0xa0 || r == '\u202e') {
			assert.Fail(t, "a control character is printed", "%q", r)
		}
	}
}

func TestATraceShowsWhatWasSaidInEachVersionOfHTTP(t *testing.T) {
	t.Parallel()
	for wire, want := range map[peers.Wire]struct {
		version string
		lines   []string
	}{
		peers.HTTP1:    {"1.1", []string{"> POST /cart?id=***&token=*** HTTP/1.1", "> Host: 127.0.0.1", "> X-Api-Key: ***", "< HTTP/1.1 200 OK", "< Server: shop"}},
		peers.HTTP1TLS: {"1.1", []string{"* TLS 1.3, ", `ALPN "http/1.1", not resumed`, "* certificate 0: subject ", "because insecure_skip_verify is true", "< HTTP/1.1 200 OK"}},
		peers.HTTP2:    {"2", []string{"* TLS 1.3, ", `ALPN "h2", not resumed`, "> POST /cart?id=***&token=*** HTTP/2", "> :authority: 127.0.0.1", "> x-api-key: ***", "< HTTP/2 200", "< server: shop"}},
		peers.H2C:      {"h2c", []string{"> POST /cart?id=***&token=*** HTTP/2", "< HTTP/2 200"}},
		peers.HTTP3:    {"3", []string{" over QUIC, with TLS for ", `ALPN "h3", not resumed`, "> POST /cart?id=***&token=*** HTTP/3", "> x-api-key: ***", "< HTTP/3 200", "< server: shop"}},
	} {
		site := peers.Serve(t, wire, func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			w.Header().Set("Server", "shop")
			w.Header().Set("Set-Cookie", "sid=cookie-secret; Path=/")
			w.Header().Set("X-Echo", r.Header.Get("Authorization"))
			fmt.Fprintf(w, "hello\n%s\n%s\n%s\n", body, r.URL.RawQuery, r.Header.Get("X-Api-Key"))
		})
		login := rig.WriteFile(t, t.TempDir(), "login", "bearer-secret-1")
		args := []string{
			"--http-version=" + want.version, "-X", "POST", "-d", `{"password":"body-secret"}`, "-H", "X-Api-Key: key-secret", "--bearer-file=" + login,
		}
		if strings.HasPrefix(site.URL, "https") {
			args = append(args, "--insecure")
		}
		exit, text := trace(t, site.URL+"/cart?id=7&token=query-secret", args...)
		assert.Equal(t, ExitOK, exit, text)
		for _, line := range append(want.lines, `* "127.0.0.1" is an address and not looked up`, "* connecting to 127.0.0.1:", "* connected to 127.0.0.1:",
			"[a body of 26 bytes, not shown]", "| hello\n", "PHASE", "code        0 ok: ", "expect.status is not set, which means below 400: got 200") {
			assert.Contains(t, text, line, want.version)
		}
		for _, secret := range []string{"cookie-secret", "bearer-secret", "key-secret", "query-secret", "body-secret"} {
			assert.NotContains(t, strings.ToLower(text), secret, want.version)
		}
	}
}

func TestATraceShowsWhatHadHappenedUntilItFailed(t *testing.T) {
	t.Parallel()
	listen := func(script peers.Script) string { return peers.Listen(t, script).Addr().String() }
	begun := func(c net.Conn) {
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nbegun")
		peers.Silence(c)
	}
	names := peers.NameServer(t, peers.NoNames(dnsmessage.RCodeNameError))
	file := rig.WriteFile(t, t.TempDir(), "prober.yml", "%s", fmt.Sprintf(`
targets:
  - {name: no-name, url: 'http://shop.test:1', burst: {requests: 1}, connection: {dns_server: '%s'}}
  - {name: no-server, url: 'http://shop.test:1', burst: {requests: 1}, connection: {dns_server: '%s'}}
`, names, peers.NameServer(t, peers.SilentNames)))
	expired := peers.Serve(t, peers.HTTP1TLS, func(http.ResponseWriter, *http.Request) {}, peers.Showing(certs.Issue(nil, certs.For("127.0.0.1"), certs.Lasting(-2*time.Hour, -time.Hour))))
	for name, c := range map[string]struct {
		target string
		args   []string
		code   string
		lines  []string
	}{
		"refused":   {"http://" + peers.ClosedPort(t), nil, "1212 refused", []string{"* connecting to 127.0.0.1:", ": connect: connection refused"}},
		"no name":   {"no-name", []string{"--config.file=" + file}, "1101 no_such_host", []string{`* looking up "shop.test", asking connection.dns_server ` + names, `over UDP: A "shop.test."`, "A: the name does not exist", "* the look-up failed: the name does not exist"}},
		"no server": {"no-server", []string{"--config.file=" + file, "--timeout=1s"}, "1105 dns_timeout", []string{`over UDP: A "shop.test."`, "failed in   resolve"}},
		"expired":   {expired.URL, nil, "13", []string{"* certificate 0: subject ", " valid from ", "* the handshake failed: tls: failed to verify certificate"}},
		"tls":       {"https://" + listen(peers.Silence), []string{"--timeout=1s"}, "1302 tls_timeout", []string{"* TLS handshake for ", "* the handshake failed: "}},
		"waiting":   {"http://" + listen(peers.Silence), []string{"--timeout=1s"}, "1050 request_timeout", []string{"> GET / HTTP/1.1", "failed in   processing"}},
		"body":      {"http://" + listen(begun), []string{"--timeout=1s"}, "1050 request_timeout", []string{"< Content-Length: 50", "* a body, 5 bytes:", "| begun", "failed in   transfer"}},
		"reset":     {"http://" + listen(peers.ResetAfterRequest), nil, "1220", []string{"> GET / HTTP/1.1", "connection reset by peer"}},
		"malformed": {"http://" + listen(peers.AnsweringOnce("SSH-2.0-x\r\n")), nil, "1801 http1_status_line", []string{"* what is no whole answer, 11 bytes:", "| SSH-2.0-x"}},
		"chunks":    {"http://" + listen(peers.AnsweringOnce("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n")), nil, "1807", []string{"< Transfer-Encoding: chunked", `decided by  the failure: malformed chunk size "xyz"`}},
		"h2":        {"http://" + listen(peers.AnsweringOnce("HTTP/1.1 400 Bad Request\r\n\r\n")), []string{"--http-version=h2c"}, "16", []string{"* connected to "}},
		"proxy":     {"https://shop.test/", []string{"--proxy=http://" + listen(peers.AnsweringOnce("HTTP/1.1 403 Forbidden\r\nServer: gate\r\n\r\n"))}, "1032 proxy_refused", []string{"* by way of the proxy ", "> CONNECT shop.test:443 HTTP/1.1", "< HTTP/1.1 403 Forbidden", "< Server: gate", "answered CONNECT with status 403"}},
		"status":    {peers.Serve(t, peers.HTTP1, http.NotFound).URL, []string{"--expect.status=200"}, "1404 http_404", []string{"decided by  expect.status [200]: got 404"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			exit, text := trace(t, c.target, c.args...)
			assert.Equal(t, ExitError, exit)
			if strings.Contains(text, "the prober itself did not run while the time") {
				c.code = "1001 cancelled" // a slow machine: the steps are the same
			}
			assert.Contains(t, text, "code        "+c.code)
			for _, line := range c.lines {
				assert.Contains(t, text, line)
			}
		})
	}
}

func TestATraceShowsAnAddressThatNobodyAnswersAt(t *testing.T) {
	t.Parallel()
	at, ok := peers.Swallow(t, netip.MustParseAddrPort("127.0.0.1:0"))
	if !ok {
		t.Skip("no queue of the system can be filled here")
	}
	exit, text := trace(t, "http://"+at.String(), "--timeout=1s")
	assert.Equal(t, ExitError, exit)
	for _, line := range []string{"* connecting to " + at.String() + " over TCP", "* " + at.String() + ": ", "failed in   connect"} {
		assert.Contains(t, text, line)
	}
}

func TestNoPeerReachesTheTerminal(t *testing.T) {
	t.Parallel()
	const evil = "\x1b[31mred\x1b]0;title\x07\u202e\u009b\xff\x00"
	for name, script := range map[string]peers.Script{
		"a reason":         peers.AnsweringOnce("HTTP/1.1 200 " + evil + "\r\n\r\n"),
		"no answer":        peers.AnsweringOnce(evil + "\r\n\r\n"),
		"a field":          peers.AnsweringOnce("HTTP/1.1 200 OK\r\nX-Evil: a\x1b[2J\u202eb\r\nContent-Length: 0\r\n\r\n"),
		"a body":           peers.AnsweringOnce("HTTP/1.1 200 OK\r\nContent-Length: " + fmt.Sprint(len(evil)) + "\r\n\r\n" + evil),
		"a line of 1 MiB":  peers.AnsweringOnce("HTTP/1.1 200 OK\r\nX-Long: " + strings.Repeat("y", 1<<20) + "\r\n\r\n"),
		"many fields":      peers.AnsweringOnce("HTTP/1.1 200 OK\r\n" + strings.Repeat("A: b\r\n", 10000) + "Content-Length: 0\r\n\r\n"),
		"an endless body":  peers.Endless("HTTP/1.1 200 OK\r\n\r\n", strings.Repeat("z", 1<<10)),
		"a line of a body": peers.AnsweringOnce("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + strings.Repeat("z", 100000)),
	} {
		_, text := trace(t, "http://"+peers.Listen(t, script).Addr().String(), "--timeout=2s")
		assert.Less(t, len(text), 256<<10, name)
	}
	cert := certs.Issue(nil, certs.For("127.0.0.1"), func(c *x509.Certificate) { c.Subject.CommonName = strings.ToValidUTF8(evil, "") })
	answer := peers.Within(&tls.Config{Certificates: []tls.Certificate{cert}}, peers.AnsweringOnce("HTTP/1.1 204 No Content\r\n\r\n"))
	_, text := trace(t, "https://"+peers.Listen(t, answer).Addr().String(), "--timeout=1m", "-k")
	assert.Contains(t, text, "certificate 0: subject")
}

func TestATraceOfAJourneyEndsWithTheFirstFailure(t *testing.T) {
	t.Parallel()
	site := peers.Serve(t, peers.HTTP1, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/cart" {
			w.WriteHeader(http.StatusBadGateway)
		}
		fmt.Fprintf(w, `{"token": "captured-%s"}`, "secret")
	})
	file := rig.WriteFile(t, t.TempDir(), "prober.yml", "%s", fmt.Sprintf(`
targets:
  - name: shop
    url: %s
    burst: {rate: 100, duration: 1s}
    data: {who: {values: [listed-secret]}}
    journey:
      - {name: login, path: '/login/{{ who }}', capture: {token: {json: token}}}
      - {name: cart, path: /cart, headers: {X-Say: 'so {{ token }}'}}
      - {name: pay, path: /pay}
  - {name: mix, url: '%s', burst: {requests: 9}, requests: [{name: good, path: /good}, {name: bad, path: /cart}]}
`, site.URL, site.URL))
	exit, text := trace(t, "shop", "--config.file="+file)
	assert.Equal(t, ExitError, exit)
	for _, line := range []string{
		"\nrequest login\n", "> GET /login/*** HTTP/1.1", "not shown: it may contain a secret", "\nrequest cart\n", "* on the open connection to ", "> X-Say: ***", "code        1502 http_502",
	} {
		assert.Contains(t, text, line)
	}
	assert.NotContains(t, text, "request pay")
	assert.NotContains(t, text, "captured-secret")
	assert.NotContains(t, text, "listed-secret")
	assert.EqualValues(t, 2, site.Requests())

	exit, text = trace(t, "mix", "--config.file="+file)
	assert.Equal(t, ExitOK, exit, text)
	assert.Contains(t, text, "request good\n")
	exit, text = trace(t, "mix", "--config.file="+file, "--trace-request=bad")
	assert.Equal(t, ExitError, exit, text)
	assert.Contains(t, text, "request bad\n")
	assert.EqualValues(t, 4, site.Requests())
}

func TestATraceOfWhatIsNoHTTP(t *testing.T) {
	t.Parallel()
	answer := peers.Addresses("192.0.2.1", "192.0.2.2")
	file := rig.WriteFile(t, t.TempDir(), "prober.yml", "%s", fmt.Sprintf(`
targets:
  - {name: names, url: 'dns://%s', burst: {requests: 1}, dns: {name: shop.test}, expect: {answers: {count: 3}}}
`, peers.NameServer(t, answer)))
	exit, text := trace(t, "names", "--config.file="+file)
	assert.Equal(t, ExitError, exit)
	for _, line := range []string{"> shop.test. A, id ", "< id ", " A 192.0.2.1\n", "decided by  expect.answers: the answer has 2 of 3 records"} {
		assert.Contains(t, text, line)
	}
	exit, text = trace(t, "tcp://"+peers.Listen(t, peers.Silence).Addr().String())
	assert.Equal(t, ExitOK, exit)
	assert.Contains(t, text, "decided by  a connection was open\n")
}

func TestAReportOfFailuresSaysHowToTrace(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "prober fire checkout --trace shows one request in full.\n", traceHint(exampleReport()))
	r := exampleReport()
	r.Name = "https://staging.example.com/?a=b"
	assert.Equal(t, "prober fire URL --trace shows one request in full.\n", traceHint(r))
	r.Codes = r.Codes[:1]
	assert.Empty(t, traceHint(r))
}
