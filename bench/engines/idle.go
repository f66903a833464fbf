package engines

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"example.com/prober/bench/rig"
)

const (
	idleLoad = "HTTP/3, idle connections"
	// idleConnections is the number of held connections. The memory of a client with a single connection does not
	// count.
	idleConnections = 1000
	// rest is the idle time before the memory is read.
	rest = 2 * time.Second

	kibi, mebi = 1 << 10, 1 << 20
)

// holding is the memory of a client with one connection, and with many.
type holding struct {
	client    string
	one, many float64 // bytes
}

// perConnection returns the memory of one more connection.
func (h holding) perConnection() float64 { return (h.many - h.one) / (idleConnections - 1) }

// holder is a client that holds connections. It returns its process, and a check of their number.
type holder struct {
	name  string
	start func(ctx context.Context, connections int) (p *rig.Process, check func() error, err error)
}

func (b *bench) measureIdle(ctx context.Context, progress io.Writer) (all []holding, err error) {
	clients := []holder{{ownName, b.holdingProber("3")}, {loopName, b.holdLoop}, {http2Name, b.holdingProber("2")}}
	for _, c := range clients {
		one, oneErr := b.hold(ctx, c, 1)
		many, manyErr := b.hold(ctx, c, idleConnections)
		if err := errors.Join(oneErr, manyErr); err != nil {
			return nil, fmt.Errorf("%s: %s: %w", idleLoad, c.name, err)
		}
		fmt.Fprintf(progress, "engines, %s, %s: %.1f MiB with one, %.1f MiB with %d\n", idleLoad, c.name, one/mebi, many/mebi, idleConnections)
		all = append(all, holding{c.name, one, many})
	}
	return all, nil
}

// hold returns the memory of a client that holds connections.
func (b *bench) hold(ctx context.Context, c holder, connections int) (memory float64, err error) {
	const allowance = time.Minute
	ctx, cancel := context.WithTimeoutCause(ctx, allowance, errors.New("it took too long"))
	defer cancel()
	meter := b.servers.counted()
	before, err := meter.Read()
	if err != nil {
		return 0, err
	}
	p, check, err := c.start(ctx, connections)
	if err != nil {
		return 0, err
	}
	for done := before; done < before+int64(connections); {
		if err := rig.Sleep(ctx, rest/10); err != nil {
			return 0, fmt.Errorf("%d of %d requests were answered: %w", done-before, connections, err)
		}
		if done, err = meter.Read(); err != nil {
			return 0, err
		}
	}
	if err := rig.Sleep(ctx, rest); err != nil {
		return 0, err
	}
	resident, _, err := p.Memory()
	return float64(resident), errors.Join(err, check(), p.Kill(ctx))
}

// holdingProber sends one burst and keeps the connections for the next. The answers are so late that each request needs
// a connection of its own.
func (b *bench) holdingProber(version string) func(context.Context, int) (*rig.Process, func() error, error) {
	return func(ctx context.Context, connections int) (*rig.Process, func() error, error) {
		config := fmt.Sprintf(`targets:
- name: bench
  url: https://%s/later
  interval: 20s
  timeout: 15s
  burst: {requests: %d, concurrency: %[2]d}
  connection: {http_version: %s, streams_per_connection: 1, connect_timeout: 15s, tls_timeout: 15s, tls: {ca_file: %s}}
`, b.servers.web, connections, version, b.servers.certificate())
		d, err := b.rig.StartDaemon(ctx, config)
		if err != nil {
			return nil, nil, err
		}
		check := func() error {
			m, err := d.Scrape(ctx)
			if open := int(m.Value("prober_connections_open")); err == nil && open != connections {
				err = fmt.Errorf("%d connections are open in place of %d", open, connections)
			}
			return err
		}
		return d.Process, check, nil
	}
}

// holdLoop makes each worker of the loop hold a connection.
func (b *bench) holdLoop(ctx context.Context, connections int) (*rig.Process, func() error, error) {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return nil, nil, err
	}
	defer null.Close()
	p, err := b.rig.StartClient(ctx, null, b.options.Programs.Loop, "-workers="+strconv.Itoa(connections), "-hold", "-duration=1m",
		"-url=https://"+b.servers.web+"/later", "-authority="+b.servers.certificate())
	return p, func() error { return nil }, err
}
