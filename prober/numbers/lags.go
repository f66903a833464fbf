package numbers

import "time"

// lagBounds suit the lateness of sending, receiveBounds the lateness of reading. Reading is
// late by microseconds, sending by fractions of a millisecond, so each has bounds of its
// own.
var (
	lagBounds     = NewBounds([]float64{5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1})
	receiveBounds = NewBounds([]float64{5e-6, 1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 0.01, 0.025, 0.05, 0.1, 1})
)

// Lags are the prober's own lateness.
type Lags struct {
	// Lag is the time from when requests were due to when they were sent, as far as the
	// prober is the cause.
	Lag Histogram
	// ReceiveLag is the time from the arrival of an answer's last byte, by the kernel's
	// clock, to when the prober had read it. Latencies do not include it.
	ReceiveLag Histogram
}

// NewLags returns lags that count since created.
func NewLags(created time.Time) Lags {
	return Lags{Lag: NewHistogram(created), ReceiveLag: NewHistogram(created)}
}

// Merge adds the counts of other.
func (l *Lags) Merge(other *Lags) {
	l.Lag.Merge(&other.Lag)
	l.ReceiveLag.Merge(&other.ReceiveLag)
}

// Clone returns a copy that shares nothing with l.
func (l *Lags) Clone() Lags {
	return Lags{Lag: l.Lag.Clone(), ReceiveLag: l.ReceiveLag.Clone()}
}

// LagP50 returns the median of the lag.
func (l *Lags) LagP50() time.Duration { return l.Lag.Quantile(0.5) }

// LagP99 returns the 99th percentile of the lag.
func (l *Lags) LagP99() time.Duration { return l.Lag.Quantile(0.99) }

// ReceiveLagP99 returns the 99th percentile of the receive lag.
func (l *Lags) ReceiveLagP99() time.Duration { return l.ReceiveLag.Quantile(0.99) }
