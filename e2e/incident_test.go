package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/internal/rig"
)

// The incidents: first no faults, then faults for 70 minutes, then no faults for two hours.
const (
	breaks = 40 * time.Minute
	heals  = breaks + 70*time.Minute
	ends   = heals + 2*time.Hour
)

// TestAnIncidentIsToldOfInAFewNotifications plays incidents through Prometheus and Alertmanager and counts the
// notifications. The longest time of a rule is three days, but none of these incidents needs a longer history than it
// has. `make e2e` runs it by itself, without the race detector: its time passes sixty times as fast.
func TestAnIncidentIsToldOfInAFewNotifications(t *testing.T) {
	worlds := []*world{threeFaults(t), flapping(t), slow(t), silentNameServer(t), path(t, "fra", true), path(t, "lon", false)}
	mail := &mailbox{started: time.Now()}
	p := mail.watch(t, worlds)
	mail.started = time.Now()
	text, err := incidentRules().RuleFile()
	require.NoError(t, err)
	gap := play(mail.started, worlds, func(metric string) bool { return strings.Contains(string(text), metric) })
	skipIfTheMachineIsTooBusy(t, p, gap)

	for job, most := range map[string]int{"incident": 8, "flapping": 2, "slow": 2, "nameserver": 2, "path": 2} {
		messages := mail.of(job)
		for _, m := range messages {
			t.Logf("%s: %s", job, m)
			assert.Equal(t, job == "slow" || job == "path", m.receiver == "tickets", "%s: %s", job, m)
		}
		assert.NotEmpty(t, messages, "%s: nobody is told", job)
		assert.LessOrEqual(t, len(messages), most, "%s: too many notifications", job)
		assertTheyEnd(t, job, messages)
	}
	(&alerting{prometheus: p}).assertRulesAreWell(t)
}

// assertTheyEnd asserts that each firing alert is resolved, and that no alert fires again after the faults.
func assertTheyEnd(t *testing.T, job string, messages []message) {
	t.Helper()
	last, first := map[string]string{}, map[string]time.Duration{}
	for _, m := range messages {
		for _, a := range m.Alerts {
			identity := m.receiver + " " + a.Fingerprint
			if _, known := first[identity]; !known {
				first[identity] = m.at
				assert.Equal(t, "firing", a.Status, "%s: an end without a beginning: %s", job, m)
				assert.Less(t, m.at, heals+5*time.Minute, "%s: all is well, and yet: %s", job, m)
			}
			last[identity] = a.Status
		}
	}
	for identity, status := range last {
		assert.Equal(t, "resolved", status, "%s: the end of %s is not told", job, identity)
	}
}

// skipIfTheMachineIsTooBusy skips the test if the machine was too slow for the compressed time. After late bursts or
// late evaluations of rules, the played incidents were not these.
func skipIfTheMachineIsTooBusy(t *testing.T, p *prometheus, gap time.Duration) {
	t.Helper()
	m, err := rig.Scrape(t.Context(), p.url+"/metrics")
	require.NoError(t, err)
	missed := m.Sum("prometheus_rule_group_iterations_missed_total") / m.Sum("prometheus_rule_group_iterations_total")
	t.Logf("bursts were up to %v apart, and Prometheus missed %.0f %% of its evaluations", gap, 100*missed)
	if gap > 4*everyBurst || missed > 0.1 {
		t.Skipf("the machine is too busy for time that passes %d times as fast", compressed)
	}
}

// play fires the bursts of all worlds until the end of the incidents, and exposes the results. It returns the longest
// time between the bursts of a target.
func play(started time.Time, worlds []*world, isRead func(metric string) bool) (gap time.Duration) {
	const turns = 5
	ticker := time.NewTicker(everyBurst / compressed / turns)
	defer ticker.Stop()
	var last [turns]time.Duration // times of the bursts of each turn
	for turn := 0; ; turn++ {
		at := time.Since(started) * compressed
		if at > ends {
			return gap
		}
		gap, last[turn%turns] = max(gap, at-last[turn%turns]), at
		for _, w := range worlds {
			w.burst(at, turn%turns, turns)
			if turn%(2*turns) == 0 { // once for each scrape
				w.expose(isRead)
			}
		}
		<-ticker.C
	}
}

// threeFaults are two hundred targets and three faults at once: a certificate has ended; a dependency of forty targets
// fails, for half of them with 503 and for half with refused connections; and the name server of ten targets fails.
func threeFaults(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, "incident", "")
	for i := range 200 {
		f := fault(well)
		switch {
		case i == 0:
			f = always(errcode.CertExpired)
		case i <= 20:
			f = always(errcode.FromStatus(503))
		case i <= 40:
			f = always(errcode.Refused)
		case i <= 50:
			f = always(errcode.DNSServfail)
		}
		w.add(fmt.Sprintf("target-%03d", i), fmt.Sprintf("host-%03d.example", i), during(breaks, heals, f))
	}
	return w
}

// flapping is a target that fails for four minutes out of nine.
func flapping(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, "flapping", "")
	fails := always(errcode.FromStatus(503))
	w.add("flapping", "flapping.example", during(breaks, heals, func(at time.Duration, burst int) []errcode.Code {
		if (at-breaks)%(9*time.Minute) < 4*time.Minute {
			return fails(at, burst)
		}
		return nil
	}))
	return w
}

// slow is a target with one failure in fifty requests, for longer than the other faults last: a ticket needs half an
// hour of it.
func slow(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, "slow", "")
	w.add("slow", "slow.example", during(breaks/4, heals, func(_ time.Duration, burst int) []errcode.Code {
		if burst%5 == 0 {
			return []errcode.Code{errcode.FromStatus(500)}
		}
		return nil
	}))
	return w
}

// silentNameServer is a name server that does not answer: bursts last longer than their interval.
func silentNameServer(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, "nameserver", "")
	for i := range 10 {
		w.add(fmt.Sprintf("named-%d", i), fmt.Sprintf("named-%d.example", i), during(breaks, heals, always(errcode.DNSTimeout))).overruns = true
	}
	return w
}

// path is a target that is probed from two locations, and reached from only one.
func path(t *testing.T, location string, broken bool) *world {
	t.Helper()
	w := newWorld(t, "path", location)
	f := fault(well)
	if broken {
		f = always(errcode.DialTimeout)
	}
	w.add("checkout", "checkout.example", during(breaks, heals, f))
	return w
}
