package main

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	dto "github.com/prometheus/client_model/go"
)

// openMetrics is what an exposition in OpenMetrics text holds.
type openMetrics struct {
	samples   map[string]float64
	exemplars map[string]string // the trace of a sample's exemplar
}

// The lines of the format, as far as this program writes them.
var (
	omName     = `[a-zA-Z_:][a-zA-Z0-9_:]*`
	omLabels   = `\{(?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"(?:,|\}))+|\{\}|`
	omMetadata = regexp.MustCompile(`^# (HELP|TYPE|UNIT) (` + omName + `) (.*)$`)
	omSample   = regexp.MustCompile(`^(` + omName + `)(` + omLabels + `) (\S+)( # \{trace_id="([^"]*)"\} (\S+) (\d+\.\d+(?:e\+\d+)?))?$`)
	omLabel    = regexp.MustCompile(`([a-zA-Z0-9_]+)="((?:[^"\\]|\\.)*)"[,}]`)
	omSuffixes = map[string][]string{
		"counter":   {"_total"},
		"gauge":     {""},
		"histogram": {"_bucket", "_count", "_sum"},
		"summary":   {"", "_count", "_sum"},
		"unknown":   {""},
	}
)

// readOpenMetrics reads a whole exposition, and refuses what the specification
// forbids: a missing end, families that are torn apart, samples whose name does not
// fit the type, exemplars where there can be none.
func readOpenMetrics(text string) (*openMetrics, error) {
	body, whole := strings.CutSuffix(text, "\n# EOF\n")
	if !whole {
		return nil, fmt.Errorf("the end is missing: %.100q", text[max(0, len(text)-100):])
	}
	m := &openMetrics{samples: map[string]float64{}, exemplars: map[string]string{}}
	seen := map[string]bool{}
	family, kind := "", ""
	for line := range strings.SplitSeq(body, "\n") {
		meta := omMetadata.FindStringSubmatch(line)
		var err error
		switch {
		case meta == nil:
			err = m.sample(line, family, kind)
		case meta[2] != family && seen[meta[2]]:
			err = fmt.Errorf("the family is torn apart")
		case meta[1] == "TYPE" && omSuffixes[meta[3]] == nil:
			err = fmt.Errorf("this type is unknown")
		case meta[1] == "TYPE":
			family, kind = meta[2], meta[3]
		default:
			family = meta[2]
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %s", err, line)
		}
		seen[family] = true
	}
	return m, nil
}

func (m *openMetrics) sample(line, family, kind string) error {
	parts := omSample.FindStringSubmatch(line)
	if parts == nil {
		return fmt.Errorf("not a sample")
	}
	name, exemplar := parts[1], parts[4] != ""
	suffix, ok := strings.CutPrefix(name, family)
	if !ok || !slices.Contains(omSuffixes[kind], suffix) {
		return fmt.Errorf("not a name for a %s of the family %q", kind, family)
	}
	if exemplar && suffix != "_total" && suffix != "_bucket" {
		return fmt.Errorf("such a sample has no exemplar")
	}
	key := name + labelsOf(omPairs(parts[2]))
	if _, twice := m.samples[key]; twice {
		return fmt.Errorf("this series is there twice")
	}
	var err error
	if m.samples[key], err = strconv.ParseFloat(parts[3], 64); err != nil {
		return err
	}
	if exemplar {
		m.exemplars[key] = parts[5]
		_, err = strconv.ParseFloat(parts[6], 64)
	}
	return err
}

// omPairs returns labels with the numbers in le as the text format has them.
func omPairs(labels string) (pairs []*dto.LabelPair) {
	for _, label := range omLabel.FindAllStringSubmatch(labels, -1) {
		name, value := label[1], strings.NewReplacer(`\\`, `\`, `\"`, `"`, `\n`, "\n").Replace(label[2])
		if bound, err := strconv.ParseFloat(value, 64); name == "le" && err == nil {
			value = strconv.FormatFloat(bound, 'g', -1, 64)
		}
		pairs = append(pairs, &dto.LabelPair{Name: &name, Value: &value})
	}
	return pairs
}
