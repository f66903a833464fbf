package engines

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"example.com/prober/bench/closed"
)

// other is a client that ends by itself.
func (b *bench) other(name string, m closed.Meter, command func(dir string) []string, parse func(printed string) (closed.Report, error)) closed.Client {
	return closed.Client{Name: name, Meter: m, Start: func(ctx context.Context) (*closed.Attempt, error) {
		dir, err := os.MkdirTemp(b.dir, "run-")
		if err != nil {
			return nil, err
		}
		return closed.Program(ctx, b.rig, dir, command(dir), func(_ context.Context, printed string) (closed.Report, error) { return parse(printed) })
	}}
}

func (b *bench) http3Loop(inFlight int, anew bool) closed.Client {
	return b.other(loopName, b.servers.counted(), func(string) []string {
		return append(b.loop(inFlight), fmt.Sprintf("-new=%t", anew), "-url=https://"+b.servers.web+"/", "-authority="+b.servers.certificate())
	}, parseLoop)
}

func (b *bench) tcpLoop(inFlight int) closed.Client {
	return b.other(loopName, b.servers.counted(), func(string) []string {
		return append(b.loop(inFlight), "-connect="+b.servers.bare)
	}, parseLoop)
}

func (b *bench) loop(inFlight int) []string {
	return []string{b.options.Programs.Loop, "-workers=" + strconv.Itoa(inFlight), "-duration=" + b.options.Duration.String()}
}

// parseLoop finds no latencies: the loop measures none.
func parseLoop(printed string) (closed.Report, error) {
	f := closed.Finder{Text: printed}
	r := closed.Report{
		Requests: int(f.Number(`(\d+) requests`)), Failures: int(f.Number(`(\d+) failures`)),
		P50: math.NaN(), P99: math.NaN(),
	}
	const micro = 1e-6
	r.Rate = float64(r.Requests) / (f.Number(`(\d+) microseconds`) * micro)
	return r, f.Err
}

const ghzName = "ghz"

// ghz asks the server for its types first. Without its templates it takes a third of the time.
func (b *bench) ghz(inFlight int) closed.Client {
	return b.other(ghzName, b.servers.grpcWritten(), func(string) []string {
		return []string{
			b.rig.Peer(ghzName), "--insecure", "--call", method, "--connections", "1", "--concurrency", strconv.Itoa(inFlight),
			"--duration", b.options.Duration.String(), "--duration-stop", "wait", "--format", "summary",
			"--disable-template-functions", "--disable-template-data", b.servers.grpc,
		}
	}, parseGhz)
}

func parseGhz(printed string) (closed.Report, error) {
	f := closed.Finder{Text: regexp.MustCompile(`([\d.]+) ([nµm]?s)\b`).ReplaceAllString(printed, "$1$2")}
	r := closed.Report{
		Requests: int(f.Number(`Count:\s+(\d+)`)), Rate: f.Number(`Requests/sec:\s+([\d.]+)`),
		P50: f.Duration(`\b50 % in (\S+)`), P99: f.Duration(`\b99 % in (\S+)`),
	}
	r.Failures = r.Requests
	if strings.Contains(printed, "[OK]") {
		r.Failures -= int(f.Number(`\[OK\]\s+(\d+) responses`))
	}
	return r, f.Err
}

const dnsperfName = "dnsperf"

// dnsperf asks the same question again and again.
func (b *bench) dnsperf(inFlight int) closed.Client {
	return b.other(dnsperfName, datagrams(), func(dir string) []string {
		host, port, _ := strings.Cut(b.servers.dns, ":")
		return []string{
			"sh", "-c", `echo "$1 A" >"$2"; shift; questions=$1; shift; exec "$@" -d "$questions"`, "sh", hostname, filepath.Join(dir, "questions"),
			dnsperfName, "-s", host, "-p", port, "-c", "1", "-T", "1", "-q", strconv.Itoa(inFlight),
			"-l", strconv.Itoa(int(b.options.Duration.Seconds())),
		}
	}, parseDnsperf)
}

// parseDnsperf finds no percentiles: dnsperf prints none.
func parseDnsperf(printed string) (closed.Report, error) {
	f := closed.Finder{Text: printed}
	r := closed.Report{
		Requests: int(f.Number(`Queries completed:\s+(\d+)`)), Rate: f.Number(`Queries per second:\s+([\d.]+)`),
		P50: math.NaN(), P99: math.NaN(),
	}
	r.Failures = r.Requests + int(f.Number(`Queries lost:\s+(\d+)`))
	if strings.Contains(printed, "NOERROR") {
		r.Failures -= int(f.Number(`NOERROR (\d+)`))
	}
	return r, f.Err
}
