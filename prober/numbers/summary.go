package numbers

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"example.com/prober/errcode"
)

// summary sums up requests: how many ended, how many ended with each code, ascending, and
// percentiles of the latency of all of them, 0 without any.
type summary struct {
	requests uint64
	codes    []CodeCount
	p50, p99 time.Duration
}

// summaryOf sums up one or several requests of a target. It reads the histograms in place:
// copying all of them would cost more than the rest. Most targets have only one code, so their
// histogram needs no merging.
func summaryOf(requests ...map[errcode.Code]*Histogram) (s summary) {
	var all, merged *Histogram
	for _, byCode := range requests {
		for _, code := range slices.Sorted(maps.Keys(byCode)) {
			h := byCode[code]
			switch {
			case h.count == 0:
				continue
			case all == nil:
				all = h
			default:
				if merged == nil {
					// all is the recorder's own, so the others are merged into a copy.
					copied := all.Clone()
					all, merged = &copied, &copied
				}
				merged.Merge(h)
			}
			s.requests += h.count
			s.codes = append(s.codes, CodeCount{code, h.count})
		}
	}
	if len(requests) > 1 {
		s.codes = addCodes(s.codes)
	}
	if all != nil {
		s.p50, s.p99 = all.Quantile(0.5), all.Quantile(0.99)
	}
	return s
}

// addCodes joins the counts of each code, in the order of the codes.
func addCodes(all []CodeCount) []CodeCount {
	slices.SortFunc(all, func(a, b CodeCount) int { return cmp.Compare(a.Code, b.Code) })
	return addUp(all, func(sum *CodeCount, next CodeCount) bool {
		same := sum.Code == next.Code
		if same {
			sum.Count += next.Count
		}
		return same
	})
}

// addKinds and addResponses do the same for sorted counts.
func addKinds(all []FailureKind) []FailureKind {
	return addUp(all, func(sum *FailureKind, next FailureKind) bool {
		same := sum.compare(next) == 0
		if same {
			sum.Count += next.Count
		}
		return same
	})
}

func addResponses(all []ResponseCount) []ResponseCount {
	return addUp(all, func(sum *ResponseCount, next ResponseCount) bool {
		same := sum.compare(next) == 0
		if same {
			sum.Count += next.Count
		}
		return same
	})
}

// addUp joins neighbouring counts of the same thing. add reports whether next counts the same
// as sum, and adds it if so.
func addUp[T any](all []T, add func(sum *T, next T) bool) []T {
	sums := all[:0]
	for _, next := range all {
		if len(sums) == 0 || !add(&sums[len(sums)-1], next) {
			sums = append(sums, next)
		}
	}
	return sums
}

// cloneHistograms returns a copy that shares nothing with byCode.
func cloneHistograms(byCode map[errcode.Code]*Histogram) map[errcode.Code]*Histogram {
	c := make(map[errcode.Code]*Histogram, len(byCode))
	for code, h := range byCode {
		copied := h.Clone()
		c[code] = &copied
	}
	return c
}

// mergeHistograms returns the sums over all requests. They share nothing with the requests.
func mergeHistograms(requests []RequestNumbers) map[errcode.Code]*Histogram {
	sums := make(map[errcode.Code]*Histogram)
	for i := range requests {
		for code, h := range requests[i].ByCode {
			sum := sums[code]
			if sum == nil {
				sum = &Histogram{created: h.created}
				sums[code] = sum
			}
			sum.Merge(h)
		}
	}
	return sums
}
