package threshold

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Compared returns the measures that may be "worse by" a share.
func Compared() []Measure { return []Measure{P50, P90, P99, ErrorRate} }

// mostWorse bounds by how much a latency may be worse, as a share: ten thousand times.
const mostWorse = 10_000

// parseWorse reads a threshold such as "p99 worse by 10%". isOf is false for any other kind.
func parseWorse(text string) (t Threshold, isOf bool, err error) {
	words := strings.Fields(text)
	at := slices.Index(words, "worse")
	if at < 0 {
		return Threshold{}, false, nil
	}
	if at != 1 || len(words) < 4 || words[2] != "by" || !slices.Contains(Compared(), Measure(words[0])) {
		return Threshold{}, true, errors.New("must be p50, p90, p99 or error_rate, the words worse by, and a share, such as p99 worse by 10%")
	}
	limit := strings.Join(words[3:], " ")
	share, err := ParseShare(limit)
	t = Threshold{Measure: Measure(words[0]), Op: WorseBy, Limit: Limit{Share, share, limit}}
	switch {
	case err != nil || share > mostWorse:
		return Threshold{}, true, fmt.Errorf("the limit of %s must be a share such as 10%%", words[0])
	case t.Measure == ErrorRate && share > 1:
		return Threshold{}, true, errors.New("can never be broken")
	}
	return t, true, nil
}

// ParseShare reads a share such as 10% or 0.5 %, at least 0, as a fraction. It may be above 1.
func ParseShare(text string) (float64, error) {
	v, err := parseNumber(strings.TrimSpace(text), "%")
	return v / 100, err
}
