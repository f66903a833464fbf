package command

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"example.com/prober/prober"
)

// shardsKnownWithin is how long a prober waits at the start for the number of shards. Then it fails: with a guessed
// number it would send the load of other shards, and a prober that only waits is easily overlooked. It is less than a
// minute: a start in Kubernetes may take that long. Six look-ups fit into it: the first may come before a record is
// there, and a cluster's DNS may repeat that answer for 30 s.
const shardsKnownWithin = 55 * time.Second

// maxShardInterval is the longest time between two look-ups. The alert on failing look-ups depends on it.
const maxShardInterval = time.Minute

// shardFlags say where the number of shards comes from.
type shardFlags struct {
	// auto is set if the number is looked up.
	auto     bool
	srv      string
	server   netip.AddrPort // the system's servers if it is not valid
	interval time.Duration
}

// register registers the flags for the number of shards. A given number goes to total.
func (f *shardFlags) register(cmd *kingpin.CmdClause, total *int) {
	checked(cmd, "total-shards", "1", "How many probers share the load of this configuration, or auto to look that number up in DNS.", func(text string) (err error) {
		if f.auto = text == "auto"; f.auto {
			*total = 0
			return nil
		}
		if *total, err = parseWhole(text, 1, maxShards); err != nil {
			return fmt.Errorf("%w, or auto", err)
		}
		return nil
	})
	checked(cmd, "shards.srv", "", "DNS name for --total-shards=auto. Its SRV records list the pods of all shards. In Kubernetes it is _PORT._tcp.SERVICE.", func(text string) error {
		const longest = 253 // RFC 1035, section 2.3.4, as text
		if len(text) > longest {
			return fmt.Errorf("must have at most %d characters", longest)
		}
		f.srv = text
		return nil
	})
	checked(cmd, "shards.dns-server", "", "Address of the DNS server for this look-up. If empty, the prober asks the DNS servers of the system.", func(text string) (err error) {
		f.server, err = parseServer(text)
		return err
	})
	checked(cmd, "shards.lookup-interval", "10s", "Time between two look-ups. A number counts when two look-ups in a row have found it.", func(text string) (err error) {
		f.interval, err = parseLength(text)
		if err == nil && (f.interval < minInterval || f.interval > maxShardInterval) {
			return fmt.Errorf("must be %s to %s", minInterval, maxShardInterval)
		}
		return err
	})
}

// parseServer returns the address of a DNS server. The default port is 53.
func parseServer(text string) (netip.AddrPort, error) {
	if text == "" {
		return netip.AddrPort{}, nil
	}
	if at, err := netip.ParseAddrPort(text); err == nil {
		return at, nil
	}
	ip, err := netip.ParseAddr(text)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("must be an address such as 10.0.0.10 or 10.0.0.10:53, not %.80q", text)
	}
	return netip.AddrPortFrom(ip, 53), nil
}

// validate returns an error if the name to look up is needed and missing, or given and not needed.
func (f *shardFlags) validate(s prober.Shard) error {
	switch {
	case f.auto && f.srv == "":
		return errors.New("--total-shards=auto needs --shards.srv")
	case !f.auto && f.srv != "":
		return errors.New("--shards.srv needs --total-shards=auto")
	case f.auto:
		return nil
	}
	return s.Validate()
}

// findShard sets which shard the daemon is. If the number of shards is not given, it starts the look-up and waits for
// the first number.
func (d *daemon) findShard(ctx context.Context) error {
	d.shard = d.flags.shard
	if !d.flags.shards.auto {
		return nil
	}
	d.lookup = startShardLookup(&d.flags.shards, d.shard.Ordinal, &d.shards, d.log)
	d.log.Info("looking for the number of shards", "name", d.flags.shards.srv, "at_most", shardsKnownWithin)
	ctx, cancel := context.WithTimeoutCause(ctx, shardsKnownWithin, fmt.Errorf("%s have passed", shardsKnownWithin))
	defer cancel()
	total, err := d.lookup.first(ctx)
	if err != nil {
		d.lookup.close()
		return err
	}
	d.shard.Total = total
	d.log.Info("the number of shards is known", "shards", total)
	return nil
}

// divide switches to the targets of this shard among total shards. If it fails, everything stays as it is, and the next
// look-up leads to another try.
func (d *daemon) divide(total int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if total == d.shard.Total {
		return
	}
	next := prober.Shard{Ordinal: d.shard.Ordinal, Total: total}
	cfg := d.current.Load()
	refused, err := d.manager.Divide(next, cfg, d.discoveries.Targets(cfg.Targets))
	if err != nil {
		d.log.Error("the targets were not divided anew", "shards", d.shard.Total, "found", total, "err", err)
		return
	}
	d.discoveries.Refused(refused, reasonOf)
	d.log.Info("the targets were divided anew", "shards", total, "before", d.shard.Total)
	d.shard = next
	d.shards.changes.Add(1)
	warnOverruns(d.log, cfg, d.shard)
}
