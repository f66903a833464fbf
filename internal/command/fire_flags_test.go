package command

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kingpin/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/config"
	"example.com/prober/demo"
	"example.com/prober/internal/peers"
	"example.com/prober/internal/rig"
)

func TestFireHasEachFlagThatTheConfigurationKnows(t *testing.T) {
	t.Parallel()
	app := kingpin.New("prober", "")
	_, _ = fireCommand(app)
	var names []string
	for _, f := range app.GetCommand("fire").Model().Flags {
		names = append(names, f.Name)
	}
	for _, name := range config.PickFlags() {
		assert.Contains(t, names, name)
	}
}

func TestFlagsSayWhatIsSentToAURL(t *testing.T) {
	t.Parallel()
	sent := make(chan string, 10)
	server := peers.Serve(t, peers.HTTP1, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		sent <- strings.Join([]string{r.Method, r.Host, r.Header.Get("X-A"), strings.Join(r.Header["X-B"], "+"), r.Header.Get("Authorization"), string(body)}, " ")
		w.WriteHeader(http.StatusTeapot)
		_, _ = io.WriteString(w, "short and stout")
	})
	folder := t.TempDir()
	token, login, body := rig.WriteFile(t, folder, "token", "t0ken\n"), rig.WriteFile(t, folder, "login", "u:p"), rig.WriteFile(t, folder, "body", "from a file")
	common := []string{server.URL, "-n1", "-c", "1", "--expect.status=418", "--expect.body=stout", "--timeout=1m", "--expect.latency=1m"}
	for want, args := range map[string][]string{
		`POST shop.example 1 2+3 Bearer t0ken {"sku":1}`: {"-X", "POST", "-H", "Host: shop.example", "-H", "X-A: 1", "-HX-B:2", "-H", "x-b: 3", "--bearer-file", token, "-d", `{"sku":1}`},
		"PUT shop.example   Basic dTpw from a file":      {"--method=PUT", "--header=Host: shop.example", "--basic-auth-file=" + login, "--data-file=" + body},
	} {
		exit, _, stderr := fireAt(t.Context(), slices.Concat(common, args)...)
		assert.Equal(t, ExitOK, exit, stderr)
		assert.Equal(t, want, <-sent)
	}
	exit, _, stderr := fireAt(t.Context(), server.URL, "-n", "1", "--expect.status=418", "--expect.body=tall")
	assert.Equal(t, ExitError, exit)
	assert.Equal(t, "prober: 1 of 1 requests failed\n", stderr)
}

func TestFlagsOfABurstHaveShortNames(t *testing.T) {
	t.Parallel()
	server := peers.Serve(t, peers.HTTP1, func(http.ResponseWriter, *http.Request) {})
	exit, stdout, stderr := fireAt(t.Context(), server.URL, "-n", "7", "-r", "1000", "-z", "1m", "-c", "3", "--output=json")
	require.Equal(t, ExitOK, exit, stderr)
	var report fireJSON
	require.NoError(t, json.Unmarshal([]byte(stdout), &report))
	assert.EqualValues(t, 7, report.Requests.Scheduled)
	assert.Equal(t, 1000.0, *report.Rate.Asked)
}

func TestAnyCertificateIsAcceptedWithAWarningOnly(t *testing.T) {
	t.Parallel()
	server, err := demo.Start()
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, server.Close()) })
	file, err := server.WriteConfig(t.TempDir())
	require.NoError(t, err)
	args := []string{"tls-expired", "--config.file=" + file, "-n", "2", "--rate=null", "--timeout=1m"}
	exit, _, stderr := fireAt(t.Context(), args...)
	assert.Equal(t, ExitError, exit)
	assert.NotContains(t, stderr, "certificate is accepted")
	exit, stdout, stderr := fireAt(t.Context(), append(args, "-k")...)
	assert.Equal(t, ExitOK, exit, stderr)
	assert.Contains(t, stderr, `msg="any certificate is accepted, because of --insecure" target=tls-expired`)
	assert.Contains(t, stdout, "not verified, because insecure_skip_verify is true")
}

func TestNoSecretStandsOnTheCommandLine(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	lines := rig.WriteFile(t, folder, "lines", "canary\ncanary: canary\n")
	for _, args := range [][]string{
		{"-H", "Authorization: Bearer canary"},
		{"-H", "canary"},
		{"-H", "Proxy-Authorization: canary"},
		{"-d", "canary"},
		{"-X", "POST", "-d", "@" + lines},
		{"--data", "@" + lines},
		{"-H", "@" + lines},
		{"--bearer-file=" + lines},
		{"--basic-auth-file", "@" + lines},
		{"--proxy=http://user:canary@127.0.0.1"},
		{"--expect.body=canary", "--http-version=canary"},
		{"--resolve=canary"},
	} {
		exit, stdout, stderr := fireAt(t.Context(), append([]string{"http://127.0.0.1:1/"}, args...)...)
		assert.Equal(t, ExitUsage, exit, args)
		assert.Contains(t, stderr, "prober: --", args)
		assert.NotContains(t, stdout+stderr, "canary", args)
	}
}

func TestAConfigurationMayComeFromStandardInput(t *testing.T) {
	t.Parallel()
	read := func(text string) (*config.Config, error) {
		f := fireFlags{target: config.Pick{Target: "shop"}, stdin: strings.NewReader(text)}
		f.configFile, f.given = "-", true
		return f.read()
	}
	c, err := read("targets: [{name: shop, url: http://shop.example/}]")
	require.NoError(t, err)
	assert.Equal(t, "shop", c.Targets[0].Name)
	_, err = read("targets:\n- {name: shop, url: http://shop.example/, timeout: 5}")
	require.EqualError(t, err, `standard input:2: targets[0] "shop": timeout: the unit is missing: write 10s for seconds or 10ms for milliseconds`)
	_, err = read("targets: []\n#" + strings.Repeat("x", maxConfig))
	require.EqualError(t, err, "read configuration from standard input: larger than 16MiB")
}
