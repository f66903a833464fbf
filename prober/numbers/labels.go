package numbers

import (
	"cmp"
	"crypto/tls"
	"slices"
	"time"

	"example.com/prober/errcode"
	"example.com/prober/prober/probe"
)

// CodeCount is how many requests ended with a code.
type CodeCount struct {
	Code  errcode.Code
	Count uint64
}

// FailureKind counts failures with the same code in the same phase.
type FailureKind struct {
	Code  errcode.Code
	Phase errcode.Phase
	Count uint64
	// Request is the name of the failed request, if only one of the target's requests failed
	// so. It is "" for a target with one request, and outside [Snapshot.Trouble].
	Request string
}

func (k FailureKind) compare(other FailureKind) int {
	return cmp.Or(cmp.Compare(k.Code, other.Code), cmp.Compare(k.Phase, other.Phase))
}

// KindsByCount returns the kinds of failures, the commonest first.
func (s *Snapshot) KindsByCount() []FailureKind {
	all := slices.Clone(s.Kinds)
	slices.SortStableFunc(all, func(a, b FailureKind) int { return cmp.Compare(b.Count, a.Count) })
	return all
}

// ResponseCount is how many responses had a status and a version of HTTP.
type ResponseCount struct {
	Status  int
	Version string
	Count   uint64
}

func (c ResponseCount) compare(other ResponseCount) int {
	return cmp.Or(cmp.Compare(c.Status, other.Status), cmp.Compare(c.Version, other.Version))
}

// ResponsesByCount returns the responses, the commonest first.
func (s *Snapshot) ResponsesByCount() []ResponseCount {
	all := slices.Clone(s.Responses)
	slices.SortStableFunc(all, func(a, b ResponseCount) int { return cmp.Compare(b.Count, a.Count) })
	return all
}

type (
	failureKey struct {
		code  errcode.Code
		phase errcode.Phase
	}
	responseKey struct {
		status  int
		version probe.Version
	}
)

func kindsOf(counts map[failureKey]uint64) []FailureKind {
	all := make([]FailureKind, 0, len(counts))
	for k, n := range counts {
		all = append(all, FailureKind{Code: k.code, Phase: k.phase, Count: n})
	}
	return all
}

func responsesOf(counts map[responseKey]uint64) []ResponseCount {
	all := make([]ResponseCount, 0, len(counts))
	for k, n := range counts {
		all = append(all, ResponseCount{k.status, k.version.String(), n})
	}
	return all
}

// TLS describes the last handshake, and has the dates of the server's certificates.
type TLS struct {
	Version, Cipher, ALPN string
	// Unverified means that any certificate is accepted.
	Unverified bool
	// LeafNotAfter is the end of the server's own certificate. EarliestNotAfter is the earliest
	// end of a certificate in its chain.
	LeafNotAfter, EarliestNotAfter time.Time
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
