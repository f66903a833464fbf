//go:build unix

package transport

import (
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/option"
	"example.com/prober/prober/wire"
)

// childVariable marks a process of the test's own program as the one that runs out of
// resources.
const childVariable = "PROBER_TEST_WITHOUT_DESCRIPTORS"

func TestOutOfFileDescriptors(t *testing.T) {
	if os.Getenv(childVariable) != "" {
		withoutDescriptors(t)
		return
	}
	t.Parallel()
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestOutOfFileDescriptors$", "-test.v")
	child.Env = append(os.Environ(), childVariable+"=yes")
	output, err := child.CombinedOutput()
	require.NoError(t, err, "%s", output)
	require.Contains(t, string(output), "--- PASS: TestOutOfFileDescriptors", "the child has run it")
}

func withoutDescriptors(t *testing.T) {
	t.Helper()
	transports := map[string]*Transport{}
	name, address := &url.URL{Scheme: "http", Host: "name.test"}, &url.URL{Scheme: "http", Host: "127.0.0.1:9"}
	for what, cfg := range map[string]Config{
		"an address":           {URL: address},
		"a name of the system": {URL: name},
		"a name of a server":   {URL: name, Dial: option.Dial{DNSServer: netip.MustParseAddrPort("127.0.0.1:9")}},
		"an address, HTTP/3":   overHTTP3("127.0.0.1:9"),
		"a proxy":              {URL: name, Proxy: wire.ProxyOptions{URL: address}},
		"the name of a proxy":  {URL: name, Proxy: wire.ProxyOptions{URL: name}},
	} {
		transports[what] = newTransport(t, cfg)
	}
	exhaust(t)
	for what, tr := range transports {
		r := do(tr, patience)
		assert.Equal(t, errcode.LocalResources, errcode.FromError(r.Err), "%s: %v", what, r.Err)
	}
}

// exhaust opens files until the process has no file descriptor left.
func exhaust(t *testing.T) {
	t.Helper()
	require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: 64, Max: 64}))
	for range 100 {
		file, err := os.Open(os.DevNull)
		if err != nil {
			return
		}
		t.Cleanup(func() { _ = file.Close() })
	}
	require.Fail(t, "more files could be opened than the limit allows")
}
