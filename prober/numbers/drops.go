package numbers

import "example.com/prober/prober/load"

// Drops counts the requests that were due and never started, by reason.
type Drops [load.NumDropReasons]uint64

// DropCount is how many requests were dropped for a reason, as in the label reason.
type DropCount struct {
	Reason string
	// Trouble tells that it was the prober that could not send them.
	Trouble bool
	Count   uint64
}

// Total returns how many requests never started.
func (d Drops) Total() (n uint64) {
	for _, of := range d {
		n += of
	}
	return n
}

// Held returns how many requests the prober held back by want of a worker, by a ceiling,
// or because it did not run.
func (d Drops) Held() (n uint64) {
	for reason, of := range d {
		if load.DropReason(reason).IsTrouble() {
			n += of
		}
	}
	return n
}

// ByReason returns the reasons that have occurred.
func (d Drops) ByReason() []DropCount {
	var all []DropCount
	for i, n := range d {
		if reason := load.DropReason(i); n > 0 {
			all = append(all, DropCount{reason.String(), reason.IsTrouble(), n})
		}
	}
	return all
}

// Skips counts the slots at which no burst started, by reason.
type Skips [load.NumSkipReasons]uint64

// Total returns how many slots were skipped.
func (s Skips) Total() (n uint64) {
	for _, of := range s {
		n += of
	}
	return n
}

// Late returns at how many of them the prober itself did not run.
func (s Skips) Late() uint64 { return s[load.SkipLate] }

// Overrun returns at how many of them the burst before was not over.
func (s Skips) Overrun() uint64 { return s[load.SkipOverrun] }

// Cut counts what of the plans of bursts was never due, because the bursts were ended
// before. It is not among the requests that were scheduled.
type Cut struct {
	// Bursts counts those that had requests left; Requests counts these, as far as the
	// burst is not bounded by its duration alone. On average, where arrivals are random.
	Bursts, Requests uint64
}

// Cuts counts what was cut, by reason. Only some reasons cut a burst.
type Cuts [load.NumDropReasons]Cut

// CutCount is how many bursts were ended for a reason, as in the label reason, before
// all of their requests were due, and how many of these were left, where that is known.
type CutCount struct {
	Reason           string
	Bursts, Requests uint64
}

// ByReason returns the reasons that have occurred.
func (c Cuts) ByReason() []CutCount {
	var all []CutCount
	for _, reason := range cutReasons {
		if of := c[reason]; of.Bursts > 0 {
			all = append(all, CutCount{reason.String(), of.Bursts, of.Requests})
		}
	}
	return all
}

// Requests returns how many requests were cut, as far as that is known.
func (c Cuts) Requests() (n uint64) {
	for _, of := range c {
		n += of.Requests
	}
	return n
}
