package web

import (
	"fmt"
	"hash/fnv"
	"net/netip"
	"regexp"
	"slices"
	"time"

	"example.com/prober/config"
	"example.com/prober/errcode"
	"example.com/prober/prober/numbers"
)

// alike are failures that differ only in their time, their address and the numbers in their
// text. The same cause fails in each burst, and would fill the list with one failure.
type alike struct {
	// Failure is the latest of them.
	numbers.Failure
	// First and Last are the times of the first and the last kept failure.
	First, Last time.Time
	// Total is the number of requests, and Bursts the number of bursts with such a failure.
	Total, Bursts uint64
	// Addresses is the number of different addresses in these failures.
	Addresses int
	// Links lead to the trace of the latest.
	Links []config.Link
	// Key is unique among the kinds of failures of the target.
	Key string
}

// failureKey holds the common properties of alike failures.
type failureKey struct {
	code    errcode.Code
	phase   errcode.Phase
	status  int
	request string
	text    string
}

var digits = regexp.MustCompile(`[0-9]+`)

// groupFailures groups failures that are alike. Both lists begin with the latest.
func groupFailures(all []numbers.Failure) []alike {
	var groups []alike
	places, addresses := map[failureKey]int{}, map[failureKey][]netip.AddrPort{}
	for _, f := range all {
		// Numbers differ from one failure to the next: ports of the prober, times, counts.
		k := failureKey{f.Code, f.Phase, f.Status, f.Request, digits.ReplaceAllString(f.Text, "0")}
		i, known := places[k]
		if !known {
			i = len(groups)
			places[k] = i
			groups = append(groups, alike{Failure: f, Last: f.Time, Key: k.String()})
		}
		g := &groups[i]
		g.First = f.Time
		g.Total += f.Count
		g.Bursts++
		if f.Remote.IsValid() && !slices.Contains(addresses[k], f.Remote) {
			addresses[k] = append(addresses[k], f.Remote)
		}
		g.Addresses = len(addresses[k])
	}
	return groups
}

// String returns a short text that differs from one key to another.
func (k failureKey) String() string {
	h := fnv.New64a()
	_, _ = fmt.Fprintf(h, "%d %q %q", k.status, k.request, k.text) // never fails
	return fmt.Sprintf("failure-%s-%s-%016x", k.code, k.phase, h.Sum64())
}

// MoreAddresses returns the number of addresses besides the latest.
func (a *alike) MoreAddresses() int { return max(a.Addresses-1, 0) }
