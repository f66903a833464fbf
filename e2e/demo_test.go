package e2e

import (
	"bytes"
	"errors"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/demo"
	"example.com/prober/errcode"
	"example.com/prober/internal/rig"
)

// startDemo starts the demo and returns the address of its web interface. The interface answers by then.
func startDemo(t *testing.T, flags ...string) (p *rig.Process, address string) {
	t.Helper()
	args := append([]string{"demo", "--web.listen-address=127.0.0.1:0"}, flags...)
	p = rig.Start(t, exec.CommandContext(t.Context(), prober, args...))
	address = p.Await(`status page +http://(\S+)/\n`)
	rig.Until(t, "the demo serves metrics", func() bool {
		_, err := rig.Scrape(t.Context(), "http://"+address+"/metrics")
		return err == nil
	})
	return p, address
}

func TestTheDemoShowsEveryBehaviourAndNoOther(t *testing.T) {
	want := codesOfTheDemo(t)
	p, address := startDemo(t, "--demo.table-interval=1s")
	url := "http://" + address + "/metrics"
	rig.Until(t, "every target has shown its codes", func() bool {
		m, err := rig.Scrape(t.Context(), url)
		require.NoError(t, err)
		m.RequireBalanced(t)
		missing := false
		for target, codes := range want {
			got := m.Codes(target)
			maps.DeleteFunc(got, func(code string, _ float64) bool { return isOwn(t, code) })
			for code := range got {
				require.Contains(t, codes, code, "codes of %s", target)
			}
			missing = missing || len(got) < len(codes)
		}
		return !missing
	})
	t.Run("promtool finds no fault with its metrics", func(t *testing.T) { checkMetrics(t, url) })

	p.Signal(os.Interrupt)
	assert.Zero(t, p.Wait().ExitCode())
	assert.Regexp(t, `(?m)^TARGET +REQUESTS +RATE/S +P50 +P99 +CODES$`, p.Output())
}

// isOwn reports whether a code is for the prober's own trouble, for example on a busy machine. That is no behaviour of
// a server.
func isOwn(t *testing.T, code string) bool {
	t.Helper()
	number, err := strconv.Atoi(code)
	require.NoError(t, err)
	return errcode.Code(number).IsOwn()
}

// codesOfTheDemo returns the codes of each of its targets, ascending. Without DNS, the codes of the unresolvable name
// depend on the machine.
func codesOfTheDemo(t *testing.T) map[string][]string {
	t.Helper()
	server, err := demo.Start()
	require.NoError(t, err)
	want := map[string][]string{}
	for _, b := range server.Behaviours() {
		for _, code := range b.Codes {
			want[b.Name] = append(want[b.Name], strconv.Itoa(code))
		}
	}
	require.NoError(t, server.Close())

	_, err = net.DefaultResolver.LookupHost(t.Context(), "does-not-exist.invalid")
	var answer *net.DNSError
	if !errors.As(err, &answer) || !answer.IsNotFound {
		t.Logf("no DNS server says that a name does not exist: %v", err)
		delete(want, "no-such-host")
	}
	return want
}

func checkMetrics(t *testing.T, url string) {
	t.Helper()
	promtool := rig.Program(t, "promtool", "prometheus")
	_, text, err := rig.Fetch(t.Context(), http.MethodGet, url)
	require.NoError(t, err)
	check := exec.CommandContext(t.Context(), promtool, "check", "metrics")
	check.Stdin = bytes.NewReader(text)
	out, err := check.CombinedOutput()
	assert.NoError(t, err, string(out))
	assert.Empty(t, string(out))
}
