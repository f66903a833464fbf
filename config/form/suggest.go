package form

import (
	"fmt"
	"strings"

	"gopkg.in/yaml.v3"
)

// Vocabulary is the data for suggestions about unknown keys.
type Vocabulary struct {
	// Places are the parts of the file with keys of their own, likelier ones first.
	Places []Place
	// Foreign maps keys of other programs, in lower case without _ and -, to their counterparts here.
	Foreign map[string]string
}

// Place is one part of the file with its keys. Of completes "a key of".
type Place struct {
	Of   string
	Keys Section
}

// wording holds the messages about unknown keys so far, and the data for the next.
type wording struct {
	places  []keyEnds
	foreign map[string]string
	said    map[keyPlace]string
}

// keyEnds maps each end of the dotted paths of a part's keys to the path: rate and burst.rate both lead to burst.rate.
type keyEnds struct {
	of    string
	paths map[string]string
}

// keyPlace is a key of the file in a mapping. among is the first known key of the mapping.
type keyPlace struct {
	key   *yaml.Node
	among string
}

// unknownKey returns the message about a key that is not among siblings, with a suggestion. It remembers the messages:
// aliases can lead to the same key a million times.
func (r *Report) unknownKey(n *yaml.Node, siblings Section) string {
	if r.full() {
		return "unknown key"
	}
	if r.words == nil {
		r.words = newWording(r.newWords())
	}
	place := keyPlace{n, siblings[0].Name}
	said, ok := r.words.said[place]
	if !ok {
		said = r.words.unknownKey(n.Value, siblings)
		r.words.said[place] = said
	}
	return said
}

func newWording(v Vocabulary) *wording {
	w := &wording{foreign: v.Foreign, said: map[keyPlace]string{}}
	for _, p := range v.Places {
		w.places = append(w.places, keyEnds{p.Of, byEnd(p.Keys.Paths())})
	}
	return w
}

func (w *wording) unknownKey(key string, siblings Section) string {
	const misspelled = "unknown key, did you mean %q?"
	if siblings.Has(key + "_file") {
		return fmt.Sprintf(misspelled, key+"_file")
	}
	names := siblings.names()
	if best := Closest(key, names, 1); best != "" {
		return fmt.Sprintf(misspelled, best)
	}
	for _, place := range w.places {
		if path, ok := place.paths[key]; ok {
			return fmt.Sprintf("unknown key here, %s is a key of %s", path, place.of)
		}
	}
	plain := strings.ToLower(strings.NewReplacer("_", "", "-", "").Replace(key))
	if ours, ok := w.foreign[plain]; ok {
		return "unknown key, here it is " + ours
	}
	if best := Closest(key, names, 2); best != "" {
		return fmt.Sprintf(misspelled, best)
	}
	return "unknown key"
}

// byEnd prefers earlier paths.
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

// Closest returns the name probably meant by key, with at most the given number of mistakes, or "".
func Closest(key string, names []string, mistakes int) string {
	const longest = 40
	if len(key) > longest {
		return ""
	}
	best, bestDistance := "", mistakes+1
	for _, name := range names {
		d := distance(strings.ToLower(key), name)
		if d < bestDistance && d <= max(1, len(name)/3) {
			best, bestDistance = name, d
		}
	}
	return best
}

// distance counts the letters to insert, remove, replace or swap with their neighbour to turn a into b.
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
