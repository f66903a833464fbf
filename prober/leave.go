package prober

import "time"

// keptAfterMove is how long the counters of a target that another shard runs wait for a scrape:
// longer than the interval between any two scrapes that are of use.
const keptAfterMove = 5 * time.Minute

// remove lets the entry drain and forgets it then, unless its name has come back.
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
		if e.removed && e.run == last {
			e.reports.end()
			e.recorder.AddLags(&m.retired)
			e.recorder.KeepAnswers(nil)
			delete(m.entries, name)
			m.sorted = nil
		}
	})
}

// awaitScrape waits until a scrape has begun, so that nothing is lost that was counted before.
// Where nobody has ever scraped it waits for none. It reports false at the shutdown, whose last
// scrape is still to come.
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
