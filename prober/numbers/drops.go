package numbers

import "example.com/prober/prober/load"

// Drops counts the requests that were due and never started, by reason.
type Drops [load.NumDropReasons]uint64

// DropCount is how many requests were dropped for a reason, as in the label reason.
type DropCount struct {
	Reason string
	// Trouble means that the prober was not able to send them.
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

// Held returns how many requests the prober held back for want of a worker, by a ceiling,
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

// Late returns how many slots were skipped because the prober itself did not run.
func (s Skips) Late() uint64 { return s[load.SkipLate] }

// Overrun returns how many slots were skipped because the burst before had not ended.
func (s Skips) Overrun() uint64 { return s[load.SkipOverrun] }

// Cut counts bursts that ended early, and their requests that were never due. These
// requests do not count as scheduled.
type Cut struct {
	// Bursts counts bursts with requests left. Requests counts these requests, on average
	// if arrivals are random. A burst that is bounded by its duration alone has no such
	// number.
	Bursts, Requests uint64
}

// Cuts counts early ends of bursts by reason. Only some reasons cut a burst.
type Cuts [load.NumDropReasons]Cut

// CutCount is how many bursts ended for a reason before all of their requests were due.
// The reason is as in the label reason. Requests is how many of their requests were left,
// as far as known.
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

// Requests returns how many requests were cut, as far as known.
func (c Cuts) Requests() (n uint64) {
	for _, of := range c {
		n += of.Requests
	}
	return n
}
