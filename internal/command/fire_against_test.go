package command

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/internal/peers"
	"example.com/prober/internal/rig"
)

// twoVersions starts two servers. They note their requests in one common order.
func twoVersions(t *testing.T, status int) (old, add string, seen func() []string) {
	t.Helper()
	var mu sync.Mutex
	var all []string
	serve := func(name string, status int) string {
		return peers.Serve(t, peers.HTTP1, func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			defer mu.Unlock()
			all = append(all, name+" "+r.Method+" "+r.URL.RequestURI()+" "+r.Header.Get("Authorization"))
			w.WriteHeader(status)
		}).URL
	}
	return serve("old", http.StatusOK), serve("new", status), func() []string {
		mu.Lock()
		defer mu.Unlock()
		return all
	}
}

func TestTwoVersionsAreFiredAtInTurn(t *testing.T) {
	t.Parallel()
	old, add, seen := twoVersions(t, http.StatusTeapot)
	login := rig.WriteFile(t, t.TempDir(), "token", "t0ken")
	exit, stdout, stderr := fireAt(t.Context(), add+"/cart?a=b", "--against="+old, "-X", "POST", "-n", "50", "-c", "1", "--timeout=1m",
		"--bearer-file="+login, "--fail-if=error_rate worse by 50%", "--output=json")
	assert.Equal(t, ExitError, exit)
	assert.Contains(t, stderr, "error_rate worse by 50%: 0 % before, 100 % now")
	assert.NotContains(t, stderr, old+": ", "the old version keeps its thresholds")

	all := seen()
	require.Len(t, all, 100)
	ahead := map[string]int{}
	for _, one := range all {
		assert.Equal(t, " POST /cart?a=b Bearer t0ken", one[3:])
		ahead[one[:3]]++
		assert.LessOrEqual(t, max(ahead["old"]-ahead["new"], ahead["new"]-ahead["old"]), 2, "a request of each waits for the one before")
	}

	var report fireSeveralJSON
	require.NoError(t, json.Unmarshal([]byte(stdout), &report))
	require.Len(t, report.Targets, 2)
	assert.Equal(t, old+"/cart", report.Targets[0].Target)
	assert.Nil(t, report.Targets[0].Comparison)
	assert.Equal(t, old+"/cart, fired in turn", report.Targets[1].Comparison.With)
	assert.Equal(t, fireSideJSON{50, 50}, report.Targets[1].Comparison.New)
}

func TestVersionsOfATargetOfTheFileMayBeJourneysAndMixes(t *testing.T) {
	t.Parallel()
	old, add, seen := twoVersions(t, http.StatusOK)
	file := rig.WriteFile(t, t.TempDir(), "prober.yml", `
targets:
  - name: shop
    url: %s
    timeout: 1m
    burst: {requests: 8, concurrency: 1}
    data: {sku: {values: [a, b, c]}}
    requests:
      - {name: one, weight: 1, path: '/one/{{sku}}'}
      - {name: two, weight: 1, path: '/two/{{sku}}'}
  - name: visit
    url: %s
    timeout: 1m
    burst: {requests: 6, concurrency: 1}
    journey:
      - {name: in, path: /in}
      - {name: out, path: /out}
`, add, add)
	for target, want := range map[string]int{"shop": 16, "visit": 24} {
		before := len(seen())
		exit, stdout, stderr := fireAt(t.Context(), target, "--config.file="+file, "--against="+old, "--compare.margin=1000%")
		assert.Equal(t, ExitOK, exit, stderr+stdout)
		assert.Contains(t, stdout, "compared with "+old+", fired in turn\n")
		sent := map[string][]string{}
		for _, one := range seen()[before:] {
			sent[one[:3]] = append(sent[one[:3]], one[3:])
		}
		assert.Len(t, sent["old"], want/2)
		assert.Equal(t, sent["old"], sent["new"], "the same requests with the same data")
	}
}

func TestWhatCannotBeFiredInTurnIsAMistakeOfTheCommandLine(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"http://127.0.0.1:1/", "http://127.0.0.1:2/", "--against=http://127.0.0.1:3/"}, "--against: needs exactly one target, as a name or a URL"},
		{[]string{"http://127.0.0.1:1/", "--against=http://127.0.0.1:3/", "--compare=old.json"}, "--against: cannot be combined with --compare: a burst is compared with one other burst"},
		{[]string{"http://127.0.0.1:1/", "--against=tcp://127.0.0.1:3"}, "--against: must be a URL of the same kind as the target, whose URL begins with http://"},
		{[]string{"http://127.0.0.1:1/", "--against=http://u:s3cret@127.0.0.1:3/"}, "--against: "},
		{[]string{"http://127.0.0.1:1/", "--against=ftp://127.0.0.1:3/"}, "--against: "},
	} {
		exit, stdout, stderr := fireAt(t.Context(), c.args...)
		assert.Equal(t, ExitUsage, exit, c.args)
		assert.Empty(t, stdout)
		assert.True(t, strings.HasPrefix(stderr, "prober: "+c.want), stderr)
		assert.NotContains(t, stderr, "s3cret")
	}
}

func TestAnotherVersionHasThePathOfTheTargetUnlessItSaysAnother(t *testing.T) {
	t.Parallel()
	target, err := url.Parse("https://a.example/cart%2Fx?b=c")
	require.NoError(t, err)
	for text, want := range map[string]string{
		"https://b.example":       "https://b.example/cart%2Fx?b=c",
		"https://b.example/":      "https://b.example/",
		"https://b.example/other": "https://b.example/other",
		"https://b.example?d":     "https://b.example?d",
		"::":                      "::",
	} {
		assert.Equal(t, want, likeTarget(text, target))
	}
}
