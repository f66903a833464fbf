package throughput

import (
	"context"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"

	"example.com/prober/bench/closed"
)

// references are the yardsticks: written in C, one thread, no histograms by code.
func references() []client {
	return []client{
		tool{label: "wrk", program: "wrk", speaks: func(l load) bool { return !l.http2 }, arguments: wrkArguments, parse: parseWrk},
		tool{label: "h2load", program: "h2load", speaks: func(l load) bool { return l.http2 }, arguments: h2loadArguments, parse: parseH2load},
	}
}

func wrkArguments(t task) ([]string, error) {
	args := []string{"--threads", "1", "--connections", t.workers(), "--duration", t.duration(), "--latency"}
	args = with(args, t.perAnswer, "--header", "Connection: close")
	if t.body != "" {
		script := t.path("upload.lua")
		content := fmt.Sprintf("wrk.method = \"POST\"\nwrk.body = string.rep(\"x\", %d)\n", t.upload)
		if err := os.WriteFile(script, []byte(content), 0o600); err != nil {
			return nil, err
		}
		args = append(args, "--script", script)
	}
	return append(args, t.url), nil
}

func parseWrk(_ context.Context, _ task, printed string) (closed.Report, error) {
	f := closed.Finder{Text: printed}
	r := closed.Report{
		Requests: int(f.Number(`(\d+) requests in`)),
		Rate:     f.Number(`Requests/sec:\s+([\d.]+)`),
		P50:      f.Duration(`\b50%\s+([\d.]+\w+)`),
		P99:      f.Duration(`\b99%\s+([\d.]+\w+)`),
	}
	if strings.Contains(printed, "Non-2xx") {
		r.Failures = int(f.Number(`Non-2xx or 3xx responses: (\d+)`))
	}
	return r, f.Err
}

func h2loadArguments(t task) ([]string, error) {
	clients, streams := strconv.Itoa(max(t.connections, 1)), strconv.Itoa(t.streams())
	args := []string{"--threads=1", "--clients=" + clients, "--max-concurrent-streams=" + streams, "--duration=" + strconv.Itoa(t.seconds)}
	args = with(args, t.body != "", "--data="+t.body)
	return append(args, t.url), nil
}

// parseH2load finds no percentiles: h2load prints none.
func parseH2load(_ context.Context, _ task, printed string) (closed.Report, error) {
	f := closed.Finder{Text: printed}
	return closed.Report{
		Requests: int(f.Number(`(\d+) done`)),
		Rate:     f.Number(`([\d.]+) req/s`),
		P50:      math.NaN(),
		P99:      math.NaN(),
		Failures: int(f.Number(`(\d+) failed`)),
	}, f.Err
}
