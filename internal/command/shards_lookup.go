package command

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// lookupWithin bounds one look-up of the shards, with all tries of the resolver.
const lookupWithin = 5 * time.Second

// shardLookup repeatedly finds out how many shards there are: one more than the highest ordinal in the SRV records of a
// name. The number of records would not do: a pod has no record while it is replaced, and a wrong number would move the
// targets of all other shards.
type shardLookup struct {
	name     string
	ordinal  int // of this shard: it exists whatever the records say
	interval time.Duration
	ask      func(ctx context.Context, name string) ([]*net.SRV, error)
	log      *slog.Logger
	// found delivers a number whenever two look-ups in a row agree on it. A new number replaces one that nobody has
	// received.
	found chan int
	end   context.CancelFunc
	ended sync.WaitGroup

	seen  int // by the look-up before; 0 after a failure
	last  atomic.Pointer[string]
	meter *shardMeter
}

// startShardLookup starts the look-ups. They end with close.
func startShardLookup(f *shardFlags, ordinal int, meter *shardMeter, log *slog.Logger) *shardLookup {
	l := &shardLookup{
		name: f.srv, ordinal: ordinal, interval: f.interval, ask: resolverOf(f.server),
		log: log, found: make(chan int, 1), meter: meter,
	}
	l.start()
	return l
}

func (l *shardLookup) start() {
	ctx, end := context.WithCancel(context.Background())
	l.end = end
	l.ended.Go(func() { l.run(ctx) })
}

// close stops the current look-up and waits for its end. l may be nil.
func (l *shardLookup) close() {
	if l != nil {
		l.end()
		l.ended.Wait()
	}
}

// numbers returns the channel of found numbers, nil if l is nil.
func (l *shardLookup) numbers() <-chan int {
	if l == nil {
		return nil
	}
	return l.found
}

// first waits for the first number, until ctx ends.
func (l *shardLookup) first(ctx context.Context) (int, error) {
	select {
	case n := <-l.found:
		return n, nil
	case <-ctx.Done():
	}
	why := "two look-ups in a row never found the same number"
	if last := l.last.Load(); last != nil {
		why = *last
	}
	return 0, fmt.Errorf("--total-shards=auto: %w before the number of shards was known: %s", context.Cause(ctx), why)
}

func (l *shardLookup) run(ctx context.Context) {
	ticker := time.NewTicker(l.interval)
	defer ticker.Stop()
	for {
		l.look(ctx)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// look makes one look-up. It delivers a number found the second time in a row.
func (l *shardLookup) look(ctx context.Context) {
	within, cancel := context.WithTimeout(ctx, lookupWithin)
	defer cancel()
	n, err := l.count(within)
	if ctx.Err() != nil {
		return // an end is no failure
	}
	l.note(err)
	if err != nil {
		l.seen = 0
		return
	}
	l.meter.success.Store(time.Now().UnixMilli())
	if n == l.seen {
		select {
		// An older number that nobody has received makes room. This goroutine is the only sender, so the channel has
		// room then.
		case <-l.found:
		default:
		}
		l.found <- n
	}
	l.seen = n
}

// count returns the number of shards in the current records.
func (l *shardLookup) count(ctx context.Context) (int, error) {
	records, err := l.ask(ctx, l.name)
	if err != nil {
		return 0, fmt.Errorf("SRV records of %q: %w", l.name, err)
	}
	highest, err := highestOrdinal(records)
	if err != nil {
		return 0, fmt.Errorf("SRV records of %q: %w", l.name, err)
	}
	return max(highest, l.ordinal) + 1, nil
}

// note counts a failure. It logs the failure unless it is the same as before.
func (l *shardLookup) note(err error) {
	before := l.last.Load()
	if err == nil {
		if before != nil {
			l.log.Info("the shards are found again", "name", l.name)
			l.last.Store(nil)
		}
		return
	}
	l.meter.failures.Add(1)
	text := err.Error()
	l.last.Store(&text)
	if before == nil || *before != text {
		l.log.Error("the shards were not found; the last number stays", "err", err)
	}
}

// podName matches the name of a pod of a StatefulSet.
var podName = regexp.MustCompile(`^([a-z0-9](?:[a-z0-9-]*[a-z0-9])?)-(0|[1-9][0-9]{0,4})$`)

// highestOrdinal returns the highest ordinal of the pods in records. All pods must belong to one StatefulSet.
func highestOrdinal(records []*net.SRV) (int, error) {
	highest, set := -1, ""
	for _, r := range records {
		pod, _, _ := strings.Cut(strings.ToLower(r.Target), ".")
		m := podName.FindStringSubmatch(pod)
		switch {
		case isAddress(pod):
			return 0, fmt.Errorf("%.80q is named by its address, not by its pod: the Service must be the serviceName of the StatefulSet", r.Target)
		case m == nil:
			return 0, fmt.Errorf("%.80q does not begin with the name of a pod of a StatefulSet, such as prober-0", r.Target)
		case set != "" && m[1] != set:
			return 0, fmt.Errorf("they name pods of two StatefulSets, %.80q and %.80q", set, m[1])
		}
		set = m[1]
		ordinal, err := strconv.Atoi(m[2])
		if err != nil || ordinal >= maxShards {
			return 0, fmt.Errorf("%.80q: there can be at most %d shards", r.Target, maxShards)
		}
		highest = max(highest, ordinal)
	}
	if highest < 0 {
		return 0, errors.New("there are none")
	}
	return highest, nil
}

// isAddress reports whether a label is the name that a cluster gives to a pod without a name: its address with dashes.
// Its last part would look like an ordinal.
func isAddress(label string) bool {
	_, is4 := netip.ParseAddr(strings.ReplaceAll(label, "-", "."))
	_, is6 := netip.ParseAddr(strings.ReplaceAll(label, "-", ":"))
	return is4 == nil || is6 == nil
}

// resolverOf returns a function that asks the server or, if it is not valid, the system's servers.
func resolverOf(server netip.AddrPort) func(ctx context.Context, name string) ([]*net.SRV, error) {
	resolver := net.DefaultResolver
	if server.IsValid() {
		resolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, server.String())
		}}
	}
	return func(ctx context.Context, name string) ([]*net.SRV, error) {
		_, records, err := resolver.LookupSRV(ctx, "", "", name)
		return records, err
	}
}
