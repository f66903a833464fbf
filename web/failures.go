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

// alike are failures that differ in nothing but their time, their address and the numbers in
// their text.
type alike struct {
	// Failure is the latest of them.
	numbers.Failure
	// First and Last are when they happened, of those that are kept.
	First, Last time.Time
	// Total is how many requests failed so, and Bursts in how many bursts.
	Total, Bursts uint64
	// Addresses is how many addresses they failed at.
	Addresses int
	// Links lead to the trace of the latest.
	Links []config.Link
	// Key tells one kind from all others of the target.
	Key string
}

// failureKey is what alike failures have in common.
type failureKey struct {
	code    errcode.Code
	phase   errcode.Phase
	status  int
	request string
	text    string
}

var digits = regexp.MustCompile(`[0-9]+`)

// groupFailures puts failures together that are alike. Both lists have the latest first.
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

// MoreAddresses returns at how many other addresses requests failed like the latest.
func (a *alike) MoreAddresses() int { return max(a.Addresses-1, 0) }
