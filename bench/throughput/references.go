package throughput

import (
	"context"
	"fmt"
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// references are what the others are compared with: written in C, one thread, no
// histograms by code.
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

func parseWrk(_ context.Context, _ task, printed string) (report, error) {
	f := finder{text: printed}
	r := report{
		requests: int(f.number(`(\d+) requests in`)),
		rate:     f.number(`Requests/sec:\s+([\d.]+)`),
		p50:      f.duration(`\b50%\s+([\d.]+\w+)`),
		p99:      f.duration(`\b99%\s+([\d.]+\w+)`),
	}
	if strings.Contains(printed, "Non-2xx") {
		r.failures = int(f.number(`Non-2xx or 3xx responses: (\d+)`))
	}
	return r, f.err
}

func h2loadArguments(t task) ([]string, error) {
	args := []string{"--threads=1", "--clients=1", "--max-concurrent-streams=" + t.workers(), "--duration=" + strconv.Itoa(t.seconds)}
	args = with(args, t.body != "", "--data="+t.body)
	return append(args, t.url), nil
}

// parseH2load finds no percentiles: h2load prints none.
func parseH2load(_ context.Context, _ task, printed string) (report, error) {
	f := finder{text: printed}
	return report{
		requests: int(f.number(`(\d+) done`)),
		rate:     f.number(`([\d.]+) req/s`),
		p50:      math.NaN(),
		p99:      math.NaN(),
		failures: int(f.number(`(\d+) failed`)),
	}, f.err
}

// finder reads figures from what a program has printed. The first that is not there is
// the error.
type finder struct {
	text string
	err  error
}

func (f *finder) find(pattern string) string {
	match := regexp.MustCompile(pattern).FindStringSubmatch(f.text)
	if match == nil {
		if f.err == nil {
			f.err = fmt.Errorf("no match for %s", pattern)
		}
		return "0"
	}
	return match[1]
}

func (f *finder) number(pattern string) float64 {
	n, err := strconv.ParseFloat(f.find(pattern), 64)
	if f.err == nil {
		f.err = err
	}
	return n
}

func (f *finder) duration(pattern string) float64 {
	d, err := time.ParseDuration(f.find(pattern))
	if f.err == nil {
		f.err = err
	}
	return d.Seconds()
}
