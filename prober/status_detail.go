package prober

import (
	"cmp"
	"crypto/tls"
	"slices"
	"time"

	"example.com/prober/config"
	"example.com/prober/prober/probe"
)

// Detail is all that is known about one target, of one moment.
type Detail struct {
	Status
	// History has the last bursts, the oldest first: at most 48.
	History []Burst
	// Failures has the last failures, the latest first: at most 16.
	Failures []Failure
	// Kinds counts all failures since the start, the commonest first.
	Kinds []FailureKind
	// Responses counts all response headers since the start, the commonest first.
	Responses []ResponseCount
	// DroppedBy counts the requests dropped since the start by reason, without those
	// that are 0.
	DroppedBy []DropCount
	// Cuts counts the bursts that were ended early since the start by reason, without
	// those that are 0.
	Cuts []CutCount
	// Skipped counts the slots at which no burst started. Missed are those of them at
	// which the prober itself did not run; at the others a burst was not over.
	Skipped, Missed uint64
	// PeakInFlight is of the last burst.
	PeakInFlight uint64
	// Bytes of HTTP, without TLS.
	Sent, Received uint64
	// Connections that were opened, requests on one that was open already, and
	// connections open now.
	Opened, Reused uint64
	// Resent counts the requests that were sent once more, because the server said
	// that it had not processed them.
	Resent      uint64
	Open        int
	BreakerOpen bool
	// TLS is nil before the first handshake.
	TLS *TLS
	// ClientNotAfter is the end of the client certificate, zero without one.
	ClientNotAfter time.Time
	// Config is shared with the running target and must not be changed.
	Config *config.Target
}

// ResponseCount is how many responses had a status and a version of HTTP.
type ResponseCount struct {
	Status  int
	Version string
	Count   uint64
}

// DropCount is how many requests were dropped for a reason, as in the label reason.
type DropCount struct {
	Reason string
	// Trouble tells that it was the prober that could not send them.
	Trouble bool
	Count   uint64
}

// CutCount is how many bursts were ended for a reason, as in the label reason, before
// all of their requests were due, and how many of these were left, where that is known.
type CutCount struct {
	Reason           string
	Bursts, Requests uint64
}

// TLS is what the last handshake agreed on, and the dates of the certificates that
// the server showed.
type TLS struct {
	Version, Cipher, ALPN string
	// Unverified tells that any certificate is accepted.
	Unverified bool
	// LeafNotAfter is the end of the server's own certificate, EarliestNotAfter that
	// of the one in its chain that ends first.
	LeafNotAfter, EarliestNotAfter time.Time
}

// Target returns what is known about the running target of that name.
func (m *Manager) Target(name string) (Detail, bool) {
	e, ok := m.entry(name)
	if !ok {
		return Detail{}, false
	}
	d := e.detail()
	d.Open = e.engines.open()
	d.ClientNotAfter = e.engine.ClientCertificateNotAfter()
	d.Config = &e.cfg
	return d, true
}

// Bursts returns the last bursts of the running target of that name, the oldest
// first; at most 48.
func (m *Manager) Bursts(name string) []Burst {
	e, ok := m.entry(name)
	if !ok {
		return nil
	}
	e.recorder.mu.Lock()
	defer e.recorder.mu.Unlock()
	return e.recorder.history.exportBursts()
}

// Failures returns the last failures of the running target of that name, the latest
// first; at most 16.
func (m *Manager) Failures(name string) []Failure {
	e, ok := m.entry(name)
	if !ok {
		return nil
	}
	e.recorder.mu.Lock()
	defer e.recorder.mu.Unlock()
	return e.recorder.history.exportFailures()
}

// Has tells whether a target of that name is running.
func (m *Manager) Has(name string) bool {
	_, ok := m.entry(name)
	return ok
}

func (e *entry) detail() Detail {
	r, about := e.recorder, e.subject()
	r.mu.Lock()
	defer r.mu.Unlock()
	return Detail{
		Status:       about.read(),
		History:      r.history.exportBursts(),
		Failures:     r.history.exportFailures(),
		Kinds:        kindsOf(r.failures),
		Responses:    responsesOf(r.responses),
		DroppedBy:    dropsOf(&r.dropped),
		Cuts:         countCuts(&r.cuts),
		Skipped:      r.skipped[skipOverrun] + r.skipped[skipLate] + r.skipped[skipStuck],
		Missed:       r.skipped[skipLate],
		PeakInFlight: r.lastPeak,
		Sent:         r.sent,
		Received:     r.received,
		Opened:       r.opened,
		Reused:       r.reused,
		Resent:       r.resent,
		BreakerOpen:  r.breaker.open(),
		TLS:          tlsOf(&r.tls),
	}
}

func kindsOf(counts map[failureKey]uint64) []FailureKind {
	var all []FailureKind
	for k, n := range counts {
		all = append(all, FailureKind{k.code, k.phase, n})
	}
	slices.SortFunc(all, func(a, b FailureKind) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Phase, b.Phase))
	})
	return all
}

func responsesOf(counts map[responseKey]uint64) []ResponseCount {
	var all []ResponseCount
	for k, n := range counts {
		all = append(all, ResponseCount{k.status, k.version.String(), n})
	}
	slices.SortFunc(all, func(a, b ResponseCount) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Status, b.Status), cmp.Compare(a.Version, b.Version))
	})
	return all
}

func dropsOf(counts *[numDropReasons]uint64) []DropCount {
	var all []DropCount
	for i, n := range counts {
		if reason := dropReason(i); n > 0 {
			all = append(all, DropCount{reason.String(), reason.isTrouble(), n})
		}
	}
	return all
}

func countCuts(counts *[numDropReasons]cuts) []CutCount {
	var all []CutCount
	for _, reason := range cutReasons {
		if c := counts[reason]; c.bursts > 0 {
			all = append(all, CutCount{reason.String(), c.bursts, c.requests})
		}
	}
	return all
}

func tlsOf(info *probe.TLSInfo) *TLS {
	if info.Version == 0 {
		return nil
	}
	return &TLS{
		Version:          tls.VersionName(info.Version),
		Cipher:           tls.CipherSuiteName(info.Cipher),
		ALPN:             info.ALPN,
		Unverified:       info.Unverified,
		LeafNotAfter:     info.LeafNotAfter,
		EarliestNotAfter: info.EarliestNotAfter,
	}
}
