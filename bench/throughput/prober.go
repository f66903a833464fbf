package throughput

import (
	"context"
	"fmt"

	"example.com/prober/bench/closed"
	"example.com/prober/bench/rig"
)

// prober is the daemon with a closed burst, as its users run it.
type prober struct {
	// executable replaces the rig's prober, unless it is empty.
	executable string
}

func (p prober) name() string {
	if p.executable == "" {
		return "prober"
	}
	return beforeName
}

// beforeName is the name of another prober than the rig's.
const beforeName = "prober before"

func (prober) does(load) bool { return true }

func (p prober) start(ctx context.Context, b *bench, l load, _ string) (*closed.Attempt, error) {
	start := b.rig.StartDaemon
	if p.executable != "" {
		start = func(ctx context.Context, config string, flags ...string) (*rig.Daemon, error) {
			return b.rig.StartOther(ctx, p.executable, config, flags...)
		}
	}
	d, err := start(ctx, p.config(b, l))
	if err != nil {
		return nil, err
	}
	return closed.Prober(d, b.duration), nil
}

func (prober) config(b *bench, l load) string {
	_, url := b.servers.of(l)
	connection, request := "http_version: 1.1", ""
	switch {
	case l.http2 && l.tls:
		connection = "http_version: 2"
	case l.http2:
		connection = "http_version: h2c"
	}
	if l.http2 {
		connection += fmt.Sprintf(", streams_per_connection: %d", l.streams())
	}
	if l.perAnswer {
		connection += ", reuse: never"
	}
	if l.tls {
		connection += ", tls: {ca_file: " + b.servers.certificate() + "}"
	}
	if l.upload > 0 {
		request = "\n  request: {method: POST, body_file: " + b.servers.body(l.content) + "}"
	}
	return fmt.Sprintf(`targets:
- name: bench
  url: %s
  interval: %s
  burst: {duration: %s, concurrency: %d}
  connection: {%s}
  expect: {status: [200]}%s
`, url, b.duration+closed.Pause, b.duration, l.inFlight, connection, request)
}
