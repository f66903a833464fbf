package throughput

import (
	"context"
	"io"
	"os"
	"time"

	"example.com/prober/bench/closed"
	"example.com/prober/bench/rig"
)

// client keeps a number of requests in flight for a while, as fast as they are answered.
type client interface {
	name() string
	does(l load) bool
	start(ctx context.Context, b *bench, l load, dir string) (*closed.Attempt, error)
}

// bench is the common part of the measurements.
type bench struct {
	rig      *rig.Rig
	servers  *servers
	duration time.Duration // of a load
}

// compare lets each client make a load once per round, in rotating order.
func (b *bench) compare(ctx context.Context, o Options, l load, progress io.Writer) (comparison, error) {
	var clients []closed.Client
	for _, one := range b.clients(o, l) {
		if one.does(l) {
			clients = append(clients, b.entrant(one, l))
		}
	}
	results, err := closed.Compare(ctx, "throughput, "+l.String(), clients, o.Rounds, b.duration, progress)
	return comparison{load: l, results: results}, err
}

// entrant returns a client that makes a load. The meter is the written bytes of the load's server.
func (b *bench) entrant(c client, l load) closed.Client {
	const start = 64 << 10
	server, _ := b.servers.of(l)
	return closed.Client{
		Name: c.name(), Meter: closed.Meter{Read: server.process.Written, Start: start},
		Start: func(ctx context.Context) (*closed.Attempt, error) {
			b.servers.turn()
			dir, err := os.MkdirTemp(b.servers.dir, "run-")
			if err != nil {
				return nil, err
			}
			return c.start(ctx, b, l, dir)
		},
	}
}

func (b *bench) clients(o Options, l load) []client {
	all := append([]client{prober{}}, references()...)
	if o.Before != "" {
		all = append(all, prober{o.Before})
	}
	if o.Peers && l.isCentral() {
		all = append(all, peers(b.rig.Peer)...)
	}
	return all
}
