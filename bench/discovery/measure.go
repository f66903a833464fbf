package discovery

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"example.com/prober/bench/rig"
)

// run is a daemon under way, with its file of targets and its server.
type run struct {
	daemon     *rig.Daemon
	server     *server
	population *population
	file       string
	figures
}

// kind distinguishes the runs.
type kind struct{ onBoth, changes bool }

// measure runs a daemon for one run.
func measure(ctx context.Context, r *rig.Rig, k kind) (*figures, error) {
	dir, err := os.MkdirTemp("", "prober-bench-discovery-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	s := &run{population: newPopulation(targets), file: filepath.Join(dir, "found.json")}
	if s.server, err = startServer(ctx); err != nil {
		return nil, err
	}
	defer func() { _ = s.server.close() }() // its error does not matter
	if err := s.population.write(s.file); err != nil {
		return nil, err
	}
	start := r.StartDaemon
	if k.onBoth {
		start = r.StartDaemonOnBoth
	}
	if s.daemon, err = start(ctx, s.configuration(interval, true), "--log.level=debug"); err != nil {
		return nil, err
	}
	if err := errors.Join(s.daemon.AwaitReady(ctx), rig.Sleep(ctx, settling)); err != nil {
		return nil, err
	}
	from := time.Now()
	if err := s.watch(ctx, k.changes); err != nil {
		return nil, err
	}
	until := time.Now()
	if err := s.rest(ctx); err != nil {
		return nil, err
	}
	if err := s.daemon.Stop(ctx); err != nil {
		return nil, err
	}
	s.left = len(s.population.left)
	s.readLog(s.daemon.Log(), from, until)
	return &s.figures, nil
}

// configuration has the targets of the file with an interval, and a busy target if steady is set.
func (s *run) configuration(interval time.Duration, steady bool) string {
	written, burst := "365d", "{requests: 1, rate: 1}"
	if steady {
		written, burst = "1s", fmt.Sprintf("{rate: %d, duration: 1h, concurrency: 50}", rate)
	}
	return fmt.Sprintf(`
targets:
- {name: steady, url: '%[1]s/steady', interval: %[2]s, burst: %[3]s}
discover:
- name: file
  file_sd_configs: [{files: ['%[4]s']}]
  max_targets: 20000
  target:
    name: '{{ name }}'
    url: '%[1]s/{{ version }}/{{ name }}'
    labels: {team: 'team-{{ team }}'}
    interval: %[5]v
    burst: {requests: 1, rate: 1}
`, s.server.url, written, burst, s.file, interval)
}

// watch lets the time of a run pass. If withChanges is set, it keeps writing new versions of the file.
func (s *run) watch(ctx context.Context, withChanges bool) error {
	before, err := s.scrape(ctx)
	if err != nil {
		return err
	}
	start := time.Now()
	used, err := s.daemon.CPU()
	if err != nil {
		return err
	}
	after := before
	ticks := time.NewTicker(version)
	defer ticks.Stop()
	for i := 1; i <= int(span/version) && err == nil; i++ {
		<-ticks.C
		if withChanges {
			s.population.change()
			err = s.population.write(s.file)
		}
		if i%int(scraped/version) == 0 && err == nil {
			after, err = s.scrape(ctx)
		}
	}
	if err != nil {
		return err
	}
	now, err := s.daemon.CPU()
	s.cpu = (now - used).Seconds() / time.Since(start).Seconds()
	const lag = "prober_schedule_lag_seconds"
	s.lag = after.Histogram(lag).Since(before.Histogram(lag)).Quantiles()
	const dropped = "prober_requests_dropped_total"
	s.dropped = after.Value(dropped) - before.Value(dropped)
	return err
}

// scrape reads the metrics, checks the invariants of each scrape, and notes the memory.
func (s *run) scrape(ctx context.Context) (rig.Metrics, error) {
	m, err := s.daemon.Scrape(ctx)
	if err != nil {
		return nil, err
	}
	s.checkIdentity(m)
	resident, _, err := s.daemon.Memory()
	s.memory = append(s.memory, float64(resident))
	return m, err
}

// rest ends all bursts. It takes over the numbers when nothing is in flight and the targets are exactly those of the
// last version of the file.
func (s *run) rest(ctx context.Context) error {
	const found = "prober_discovered_targets"
	if _, err := s.await(ctx, func(m rig.Metrics) bool { return s.hasAll(m) && m.Value(found) == float64(len(s.population.there)) }); err != nil {
		return err
	}
	const loaded = "prober_config_last_reload_success_timestamp_seconds"
	before, err := s.daemon.Scrape(ctx)
	if err != nil {
		return err
	}
	if err := s.daemon.Reload(s.configuration(365*24*time.Hour, false)); err != nil {
		return err
	}
	m, err := s.await(ctx, func(m rig.Metrics) bool {
		return m.Value(loaded) > before.Value(loaded) && m.Value("prober_requests_in_flight")+m.Value("prober_requests_waiting") == 0
	})
	if err == nil {
		s.settle(m, s.server.received(), append(s.population.stayed(), "steady"))
	}
	return err
}

// hasAll reports whether the daemon has exactly the targets of the last version of the file, and the written one.
func (s *run) hasAll(m rig.Metrics) bool {
	there := m.ByTarget("prober_requests_total")
	for _, t := range s.population.there {
		if _, ok := there[t.name()]; !ok {
			return false
		}
	}
	return len(there) == len(s.population.there)+1
}

// await scrapes until is returns true.
func (s *run) await(ctx context.Context, is func(rig.Metrics) bool) (rig.Metrics, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, 2*time.Minute, errors.New("the numbers never became what they should be"))
	defer cancel()
	for {
		m, err := s.daemon.Scrape(ctx)
		if err != nil {
			return nil, err
		}
		s.checkIdentity(m)
		if is(m) {
			return m, nil
		}
		if err := rig.Sleep(ctx, time.Second); err != nil {
			return nil, err
		}
	}
}
