package rig

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Differing returns the lines that only one of two texts has. A sign before each says which text: - for want and + for
// got. The result is empty for equal texts. If only the order differs, it has the first misplaced line.
func Differing(want, got string) (lines []string) {
	if want == got {
		return nil
	}
	wanted, found := strings.Split(want, "\n"), strings.Split(got, "\n")
	count := map[string]int{}
	for _, line := range wanted {
		count[line]++
	}
	for _, line := range found {
		count[line]--
	}
	for _, side := range []struct {
		sign  string
		of    int
		lines []string
	}{{"-", 1, wanted}, {"+", -1, found}} {
		for _, line := range side.lines {
			if count[line]*side.of > 0 {
				count[line] -= side.of
				lines = append(lines, side.sign+line)
			}
		}
	}
	for i := 0; len(lines) == 0; i++ {
		if wanted[i] != found[i] {
			lines = []string{fmt.Sprintf("line %d is in another place: %s", i+1, wanted[i])}
		}
	}
	return lines
}

// DifferingSamples is [Differing] for samples by their series.
func DifferingSamples(want, got map[string]float64) []string {
	text := func(samples map[string]float64) string {
		var b strings.Builder
		for _, series := range slices.Sorted(maps.Keys(samples)) {
			fmt.Fprintf(&b, "%s %v\n", series, samples[series])
		}
		return b.String()
	}
	return Differing(text(want), text(got))
}

// LinesWith returns the lines of a text that contain a part.
func LinesWith(text, part string) (lines []string) {
	for line := range strings.Lines(text) {
		if strings.Contains(line, part) {
			lines = append(lines, strings.TrimSuffix(line, "\n"))
		}
	}
	return lines
}
