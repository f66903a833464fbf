package config

import (
	"fmt"
	"strings"
)

// unknownKey says what is wrong with a key that is not among siblings, and
// what may have been meant.
func unknownKey(key string, siblings section) string {
	const misspelled = "unknown key, did you mean %q?"
	if siblings.has(key + "_file") {
		return fmt.Sprintf(misspelled, key+"_file")
	}
	if best := closest(key, siblings, 1); best != "" {
		return fmt.Sprintf(misspelled, best)
	}
	for _, path := range targetFields(new(Target)).paths() {
		if path == key || strings.HasSuffix(path, "."+key) {
			return fmt.Sprintf("unknown key here, %s is a key of a target", path)
		}
	}
	for _, path := range fileFields(new(Config)).paths() {
		if path == key || strings.HasSuffix(path, "."+key) {
			return fmt.Sprintf("unknown key here, %s is a key of the whole file", path)
		}
	}
	if best := closest(key, siblings, 2); best != "" {
		return fmt.Sprintf(misspelled, best)
	}
	return "unknown key"
}

// closest returns the sibling that key is probably a misspelling of, with so many
// wrong letters at most, or "".
func closest(key string, siblings section, mistakes int) string {
	const longest = 40
	if len(key) > longest {
		return ""
	}
	best, bestDistance := "", mistakes+1
	for _, f := range siblings {
		d := distance(strings.ToLower(key), f.key)
		if d < bestDistance && d <= max(1, len(f.key)/3) {
			best, bestDistance = f.key, d
		}
	}
	return best
}

// distance counts the letters to insert, remove, replace or swap with their
// neighbour to turn a into b.
func distance(a, b string) int {
	before, previous, current := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range previous {
		previous[j] = j
	}
	for i := 1; i <= len(a); i++ {
		current[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			current[j] = min(previous[j]+1, current[j-1]+1, previous[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				current[j] = min(current[j], before[j-2]+1)
			}
		}
		before, previous, current = previous, current, before
	}
	return previous[len(b)]
}
