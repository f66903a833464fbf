package command

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/prober"
	"example.com/prober/prober/load"
)

// records returns the SRV records of some pods.
func records(pods ...string) []*net.SRV {
	all := make([]*net.SRV, 0, len(pods))
	for _, pod := range pods {
		all = append(all, &net.SRV{Target: pod + ".prober.ns.svc.cluster.local.", Port: 10115})
	}
	return all
}

// shardsUpTo returns the records of n pods.
func shardsUpTo(n int) []*net.SRV {
	var pods []string
	for i := range n {
		pods = append(pods, fmt.Sprintf("prober-%d", i))
	}
	return records(pods...)
}

func TestTheNumberOfShardsIsThatOfTheHighestPod(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		records []*net.SRV
		highest int
		err     string
	}{
		"all":                         {records("prober-0", "prober-1", "prober-2"), 2, ""},
		"one is being replaced":       {records("prober-0", "prober-3", "prober-1"), 3, ""},
		"one alone":                   {records("load-prober-0"), 0, ""},
		"a pod with two ports":        {records("prober-0", "prober-0", "prober-1"), 1, ""},
		"capital letters":             {records("Prober-1"), 1, ""},
		"ten and more":                {records("prober-9", "prober-10"), 10, ""},
		"none":                        {nil, 0, "there are none"},
		"pods without names":          {records("10-1-2-7", "10-1-2-8"), 0, `"10-1-2-7.prober.ns.svc.cluster.local." is named by its address`},
		"pods without names, of IPv6": {records("fd00--10-7"), 0, "is named by its address"},
		"no ordinal":                  {records("prober"), 0, "does not begin with the name of a pod"},
		"an ordinal with a zero":      {records("prober-01"), 0, "does not begin with the name of a pod"},
		"two sets":                    {records("prober-0", "other-1"), 0, `pods of two StatefulSets, "prober" and "other"`},
		"too many":                    {records("prober-10000"), 0, "there can be at most 10000 shards"},
		"a long name":                 {records(strings.Repeat("x", 300)), 0, `"` + strings.Repeat("x", 80) + `" does not begin`},
		"an odd name":                 {records("a\x1b[2Jb"), 0, `"a\x1b[2Jb.`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			highest, err := highestOrdinal(tt.records)
			if tt.err != "" {
				require.ErrorContains(t, err, tt.err)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, tt.highest, highest)
		})
	}
}

// dnsOfShards answers look-ups from a table by time.
type dnsOfShards struct {
	mu    sync.Mutex
	start time.Time
	steps []dnsStep
	asked int
}

// dnsStep is the answer from a time on. If shards is 0, nobody answers.
type dnsStep struct {
	from   time.Duration
	shards int
}

func (d *dnsOfShards) ask(ctx context.Context, _ string) ([]*net.SRV, error) {
	d.mu.Lock()
	d.asked++
	shards := 0
	for _, s := range d.steps {
		if time.Since(d.start) >= s.from {
			shards = s.shards
		}
	}
	d.mu.Unlock()
	switch {
	case shards > 0:
		return shardsUpTo(shards), nil
	case shards < 0:
		return nil, errors.New("server misbehaving")
	}
	<-ctx.Done()
	return nil, ctx.Err()
}

// look starts the look-up of a shard that asks d, and returns it with its log.
func (d *dnsOfShards) look(ordinal int) (*shardLookup, *strings.Builder) {
	var log strings.Builder
	l := &shardLookup{
		name: "_metrics._tcp.prober", ordinal: ordinal, interval: 10 * time.Second, ask: d.ask,
		log: slog.New(slog.NewTextHandler(&log, nil)), found: make(chan int, 1), meter: new(shardMeter),
	}
	l.start()
	return l, &log
}

// soFar returns the number found by now, 0 for none.
func soFar(l *shardLookup) int {
	synctest.Wait()
	select {
	case n := <-l.numbers():
		return n
	default:
		return 0
	}
}

func TestANumberOfShardsIsTakenWhenTwoLookUpsInARowFoundIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dns := &dnsOfShards{start: time.Now(), steps: []dnsStep{{0, 3}, {25 * time.Second, 5}, {35 * time.Second, 4}, {45 * time.Second, 5}}}
		l, _ := dns.look(0)
		defer l.close()
		assert.Zero(t, soFar(l), "one look-up is not enough")
		for _, want := range []int{3, 3, 0, 0, 0, 5, 5} { // after 10, 20, 30 s and so on
			time.Sleep(10 * time.Second)
			assert.Equal(t, want, soFar(l), "after %s", time.Since(dns.start))
		}
	})
}

func TestAFailedLookUpKeepsTheNumberAndIsCounted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dns := &dnsOfShards{start: time.Now(), steps: []dnsStep{{0, 3}, {15 * time.Second, 0}, {35 * time.Second, -1}, {55 * time.Second, 3}}}
		l, log := dns.look(0)
		time.Sleep(11 * time.Second)
		assert.Equal(t, 3, soFar(l))
		last := l.meter.success.Load()
		time.Sleep(40 * time.Second) // two look-ups without an answer, two that fail
		assert.Zero(t, soFar(l))
		assert.EqualValues(t, 4, l.meter.failures.Load())
		assert.Equal(t, last, l.meter.success.Load())
		time.Sleep(10 * time.Second)
		assert.Zero(t, soFar(l), "two in a row, and not one before and one after a failure")
		time.Sleep(10 * time.Second)
		assert.Equal(t, 3, soFar(l))
		l.close()
		assert.Equal(t, 2, strings.Count(log.String(), "the shards were not found"), "each reason is logged once: %s", log)
		assert.Contains(t, log.String(), `SRV records of \"_metrics._tcp.prober\": context deadline exceeded`)
		assert.Equal(t, 1, strings.Count(log.String(), "the shards are found again"))
	})
}

func TestAShardCountsItselfWhateverTheRecordsSay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l, _ := (&dnsOfShards{start: time.Now(), steps: []dnsStep{{0, 3}}}).look(4)
		defer l.close()
		time.Sleep(10 * time.Second)
		assert.Equal(t, 5, soFar(l))
	})
}

func TestTheFirstNumberIsWaitedForOnlySoLong(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		shards int
		why    string
	}{
		"silence": {0, "context deadline exceeded"}, "failures": {-1, "server misbehaving"}, "an unsteady number": {3, "never found the same number"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				steps := []dnsStep{{0, tt.shards}}
				for i := range 10 * min(1, max(tt.shards, 0)) {
					steps = append(steps, dnsStep{time.Duration(i) * 9 * time.Second, 3 + i})
				}
				l, _ := (&dnsOfShards{start: time.Now(), steps: steps}).look(0)
				defer l.close()
				ctx, cancel := context.WithTimeoutCause(t.Context(), shardsKnownWithin, errors.New("55s have passed"))
				defer cancel()
				_, err := l.first(ctx)
				require.ErrorContains(t, err, "--total-shards=auto: 55s have passed before the number of shards was known: ")
				require.ErrorContains(t, err, tt.why)
			})
		})
	}
}

// The first look-up of a new set comes before any record, and DNS may cache for 30 s that there is none.
func TestAStartOutlastsACachedAnswerWithoutRecords(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l, _ := (&dnsOfShards{start: time.Now(), steps: []dnsStep{{0, -1}, {30*time.Second + time.Millisecond, 3}}}).look(0)
		defer l.close()
		ctx, cancel := context.WithTimeout(t.Context(), shardsKnownWithin)
		defer cancel()
		n, err := l.first(ctx)
		require.NoError(t, err)
		require.Equal(t, 3, n)
	})
}

func TestALookUpThatNobodyAnswersEndsWithTheProber(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(*testing.T) {
		l, _ := (&dnsOfShards{start: time.Now(), steps: []dnsStep{{0, 0}}}).look(0)
		synctest.Wait()
		l.close() // otherwise the bubble complains of a running goroutine
	})
}

// believer records which numbers a shard believed, and since when.
type believer struct {
	since  []time.Duration
	totals []int
}

func (b *believer) at(when time.Duration) (total int) {
	for i, since := range b.since {
		if since <= when {
			total = b.totals[i]
		}
	}
	return total
}

// The answers to two shards at the same moment may differ by the time to live of a cache. docs/scaling.md promises an
// end of the disagreement after two look-ups and this time.
func TestShardsDisagreeForTwoLookUpsAndOneTimeToLive(t *testing.T) {
	t.Parallel()
	const (
		lookup, ttl = 10 * time.Second, 5 * time.Second
		interval    = 2*lookup + ttl // of a target: it has at most one burst in this time
		change, end = 5 * time.Minute, 10 * time.Minute
	)
	for _, numbers := range [][2]int{{3, 5}, {5, 2}, {1, 2}, {7, 6}} {
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			shards := make([]*believer, max(numbers[0], numbers[1]))
			var watching sync.WaitGroup
			for i := range shards {
				b := &believer{}
				shards[i] = b
				watching.Go(func() {
					began := time.Duration(i) * 3700 * time.Millisecond % lookup
					time.Sleep(began) // the shards make their look-ups at different moments
					lag := time.Duration(i) * 1300 * time.Millisecond % ttl
					dns := &dnsOfShards{start: start, steps: []dnsStep{{0, numbers[0]}, {change + lag, numbers[1]}}}
					l, _ := dns.look(i)
					defer l.close()
					for last := 0; time.Since(start) < end; {
						select {
						case n := <-l.numbers():
							if n != last {
								b.since, b.totals = append(b.since, time.Since(start)), append(b.totals, n)
							}
							last = n
						case <-time.After(time.Second):
						}
					}
				})
			}
			watching.Wait()
			for i := range 100 {
				name := fmt.Sprintf("target-%d", i)
				wrong := 0
				offset := time.Duration(i) * interval / 100
				for slot := time.Minute + offset; slot < end; slot += interval {
					if runners(shards, name, slot, change, numbers) != 1 {
						wrong++
					}
				}
				assert.LessOrEqual(t, wrong, 1, "%s of %v: slots with no shard, or two", name, numbers)
			}
		})
	}
}

// runners counts the shards that fire the burst of a target at a given moment. An added shard begins with the change; a
// removed one ends with it.
func runners(shards []*believer, name string, at, change time.Duration, numbers [2]int) (runs int) {
	for i, b := range shards {
		present := numbers[0]
		if at >= change {
			present = numbers[1]
		}
		s := prober.Shard{Ordinal: i, Total: b.at(at)}
		if i < present && s.Total > 0 && s.Runs(&load.Target{Name: name}) {
			runs++
		}
	}
	return runs
}
