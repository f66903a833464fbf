package prober

import "time"

// keptAfterMove is how long the counters of a target that has moved to another shard wait for a
// scrape. It is longer than any useful scrape interval.
const keptAfterMove = 5 * time.Minute

// remove lets the entry drain. Then it forgets the entry, unless its name has come back.
func (m *Manager) remove(name string, e *entry) {
	e.removed = true
	last, moves := e.run, m.dividing
	last.stop(errReload)
	m.ended.Go(func() {
		<-last.done
		if moves && !m.awaitScrape() {
			return
		}
		m.mu.Lock()
		defer m.mu.Unlock()
		// The name may have come back meanwhile, and then the entry and its counters go on.
		if e.removed && e.run == last {
			e.reports.end()
			// The lags of all are a counter of the process: they must not fall when a
			// target goes.
			e.recorder.AddLags(&m.retired)
			e.recorder.KeepAnswers(nil)
			delete(m.entries, name)
			m.sorted = nil
		}
	})
}

// awaitScrape waits until a scrape has begun, so no count from before is lost. If nobody has
// ever scraped, it does not wait. It returns false at the shutdown: the last scrape is still to
// come.
func (m *Manager) awaitScrape() bool {
	m.mu.Lock()
	scraped, isScraped := m.scraped, m.scrapes > 0
	m.mu.Unlock()
	if !isScraped {
		return true
	}
	timeout := time.NewTimer(keptAfterMove)
	defer timeout.Stop()
	select {
	case <-scraped:
	case <-timeout.C:
	case <-m.stopping:
		return false
	}
	return true
}
