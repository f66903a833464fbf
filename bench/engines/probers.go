package engines

import (
	"context"
	"fmt"

	"example.com/prober/bench/closed"
)

// prober is the daemon with one closed burst of a target. keys returns the rest of its keys.
func (b *bench) prober(name string, m closed.Meter, inFlight int, keys func() string) closed.Client {
	return closed.Client{Name: name, Meter: m, Start: func(ctx context.Context) (*closed.Attempt, error) {
		d := b.options.Duration
		config := fmt.Sprintf("targets:\n- name: bench\n  interval: %s\n  burst: {duration: %s, concurrency: %d}\n%s",
			d+closed.Pause, d, inFlight, keys())
		daemon, err := b.rig.StartDaemon(ctx, config)
		if err != nil {
			return nil, err
		}
		return closed.Prober(daemon, d), nil
	}}
}

// web sends requests by a version of HTTP over TLS.
func (b *bench) web(name, version string, inFlight int, anew bool) closed.Client {
	return b.prober(name, b.servers.counted(), inFlight, func() string {
		reuse := "always"
		if anew {
			reuse = "never"
		}
		return fmt.Sprintf("  url: https://%s/\n  connection: {http_version: %s, streams_per_connection: %d, reuse: %s, tls: {ca_file: %s}}\n  expect: {status: [200]}\n",
			b.servers.web, version, inFlight, reuse, b.servers.certificate())
	})
}

func (b *bench) grpc(inFlight int) closed.Client {
	return b.prober(ownName, b.servers.grpcWritten(), inFlight, func() string {
		return fmt.Sprintf("  url: grpc://%s\n  connection: {streams_per_connection: %d}\n", b.servers.grpc, inFlight)
	})
}

// grpcAsHTTP2 sends the parts of a call as a request of HTTP/2.
func (b *bench) grpcAsHTTP2(inFlight int) closed.Client {
	return b.prober(http2Name, b.servers.grpcWritten(), inFlight, func() string {
		return fmt.Sprintf("  url: http://%s/%s\n  connection: {http_version: h2c, streams_per_connection: %d}\n  expect: {status: [200]}\n"+
			"  request: {method: POST, headers: {content-type: application/grpc}, body_file: %s}\n",
			b.servers.grpc, method, inFlight, b.servers.message())
	})
}

// method is the called method.
const method = "grpc.health.v1.Health/Check"

func (b *bench) dns(inFlight int) closed.Client {
	return b.prober(ownName, datagrams(), inFlight, func() string {
		return fmt.Sprintf("  url: dns://%s\n  dns: {name: %s, type: A}\n", b.servers.dns, hostname)
	})
}

func (b *bench) tcp(inFlight int) closed.Client {
	return b.prober(ownName, b.servers.counted(), inFlight, func() string {
		return fmt.Sprintf("  url: tcp://%s\n", b.servers.bare)
	})
}
