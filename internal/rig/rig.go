// Package rig is the basis of the tests of the whole program and of the gauntlet. It builds the program, starts it as a
// child, waits for it, and reads its metrics and its log as users do.
package rig

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	// patience is how long a test waits for a certain event.
	patience = 2 * time.Minute
	// tick is the time between two looks.
	tick = 20 * time.Millisecond
)

// ManyAtOnce sets the number of parallel tests to eight, or to the number of processors if it is larger, unless a flag
// sets it. Most tests use no processor for most of their time: they wait for a peer, a deadline or a slot. Call it in
// TestMain.
func ManyAtOnce() {
	_ = flag.Set("test.parallel", strconv.Itoa(max(8, runtime.GOMAXPROCS(0)))) // the flag is there: package testing has it
}

// Until waits until is holds. It looks on the goroutine of the test, so is may end the test.
func Until(t *testing.T, what string, is func() bool) {
	t.Helper()
	// The context of the test would end too early for cleanups.
	require.NoError(t, Poll(context.Background(), patience, what, is))
}

// Poll looks until is holds. It ends after patience, or with ctx.
func Poll(ctx context.Context, patience time.Duration, what string, is func() bool) error {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	timeout := time.After(patience)
	for !is() {
		select {
		case <-ticker.C:
		case <-timeout:
			return errors.New("this never came: " + what)
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// Fetch sends a request without a body, on a connection of its own. It returns the status and the body of the answer.
func Fetch(ctx context.Context, method, url string) (status int, body []byte, err error) {
	return FetchAs(ctx, method, url, "")
}

// FetchAs is [Fetch] with accept as the wanted format of the answer, or "" for any.
func FetchAs(ctx context.Context, method, url, accept string) (status int, body []byte, err error) {
	req, err := http.NewRequestWithContext(ctx, method, url, http.NoBody)
	if err != nil {
		return 0, nil, err
	}
	if accept != "" {
		req.Header.Set("Accept", accept)
	}
	client := http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	body, err = io.ReadAll(resp.Body)
	return resp.StatusCode, body, err
}

// FreePort returns a port of loopback for a program without a choice of its own. The port lies below the range for
// outgoing connections: one of these could take the port before the program does. It lies above the ports that browsers
// refuse.
func FreePort(t *testing.T) string {
	t.Helper()
	for range 100 {
		port := strconv.Itoa(11_000 + rand.IntN(20_000))
		ln, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", port))
		if err == nil {
			require.NoError(t, ln.Close())
			return port
		}
	}
	require.FailNow(t, "no port is free")
	return ""
}

// WriteFile writes a file into the folder dir and returns its path.
func WriteFile(t *testing.T, dir, name, format string, args ...any) string {
	t.Helper()
	path := filepath.Join(dir, name)
	require.NoError(t, os.WriteFile(path, fmt.Appendf(nil, format, args...), 0o600))
	return path
}
