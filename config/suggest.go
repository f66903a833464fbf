package config

import (
	"fmt"
	"strings"

	"gopkg.in/yaml.v3"
)

// unknownKey says what is wrong with a key that is not among siblings, and what may
// have been meant. Aliases can lead to the same key a million times.
func (r *report) unknownKey(n *yaml.Node, siblings section) string {
	if r.full() {
		return "unknown key"
	}
	if r.words == nil {
		r.words = newVocabulary()
	}
	place := keyPlace{n, siblings[0].key}
	said, ok := r.words.said[place]
	if !ok {
		said = r.words.unknownKey(n.Value, siblings)
		r.words.said[place] = said
	}
	return said
}

// keyPlace is a key of the file in a mapping whose keys are known by the first.
type keyPlace struct {
	key   *yaml.Node
	among string
}

func (v *vocabulary) unknownKey(key string, siblings section) string {
	const misspelled = "unknown key, did you mean %q?"
	if siblings.has(key + "_file") {
		return fmt.Sprintf(misspelled, key+"_file")
	}
	if best := closest(key, siblings, 1); best != "" {
		return fmt.Sprintf(misspelled, best)
	}
	if path, ok := v.ofTarget[key]; ok {
		return fmt.Sprintf("unknown key here, %s is a key of a target", path)
	}
	if path, ok := v.ofFile[key]; ok {
		return fmt.Sprintf("unknown key here, %s is a key of the whole file", path)
	}
	if hint := v.foreign(key); hint != "" {
		return "unknown key, " + hint
	}
	if best := closest(key, siblings, 2); best != "" {
		return fmt.Sprintf(misspelled, best)
	}
	return "unknown key"
}

// vocabulary holds the dotted paths of all keys by each of their ends: rate, and
// burst.rate, lead to burst.rate.
type vocabulary struct {
	ofTarget, ofFile map[string]string
	ofOthers         map[string]string   // as in foreignKeys
	said             map[keyPlace]string // about unknown keys
}

func newVocabulary() *vocabulary {
	return &vocabulary{
		ofTarget: byEnd(targetFields(new(Target)).paths()),
		ofFile:   byEnd(fileFields(new(Config)).paths()),
		ofOthers: foreignKeys(),
		said:     map[keyPlace]string{},
	}
}

// byEnd prefers the paths that come first.
func byEnd(paths []string) map[string]string {
	ends := map[string]string{}
	for _, path := range paths {
		for end, more := path, true; more; _, end, more = strings.Cut(end, ".") {
			if _, taken := ends[end]; !taken {
				ends[end] = path
			}
		}
	}
	return ends
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
