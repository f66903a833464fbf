package rig

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// OpenMetrics is the content of an exposition in OpenMetrics text.
type OpenMetrics struct {
	// Samples are in the order of the exposition.
	Samples []Sample
	// Exemplars has the trace of a sample's exemplar by the sample's key.
	Exemplars map[string]string
}

// Sample is one line of an exposition.
type Sample struct {
	Name   string
	Labels []Label // in the order of their names
	Value  float64
}

// Label is one label of a sample. The number in le is as in the text format.
type Label struct{ Name, Value string }

// Key is the name with the labels, as in the text format.
func (s *Sample) Key() string {
	if len(s.Labels) == 0 {
		return s.Name
	}
	var b strings.Builder
	b.WriteString(s.Name)
	for i, l := range s.Labels {
		b.WriteByte("{,"[min(i, 1)])
		b.WriteString(l.Name + "=" + strconv.Quote(l.Value))
	}
	return b.String() + "}"
}

// Label returns the value of a label, or "" without the label.
func (s *Sample) Label(name string) string {
	for _, l := range s.Labels {
		if l.Name == name {
			return l.Value
		}
	}
	return ""
}

// ReadOpenMetrics reads a whole exposition. It refuses anything that the specification forbids: a missing end, families
// in several parts, samples with a wrong name for the type, exemplars in a wrong place, a series that occurs twice.
func ReadOpenMetrics(text string) (*OpenMetrics, error) {
	body, whole := strings.CutSuffix(text, "\n# EOF\n")
	if !whole {
		return nil, fmt.Errorf("the end is missing: %.100q", text[max(0, len(text)-100):])
	}
	r := omReader{m: &OpenMetrics{Exemplars: map[string]string{}}, families: map[string]bool{}, series: map[string]bool{}}
	for line := range strings.SplitSeq(body, "\n") {
		read := r.sample
		if strings.HasPrefix(line, "#") {
			read = r.metadata
		}
		if err := read(line); err != nil {
			return nil, fmt.Errorf("%w: %s", err, line)
		}
	}
	return r.m, nil
}

// The lines of the format, as far as the program under test writes them.
var (
	omMetadata = regexp.MustCompile(`^# (HELP|TYPE|UNIT) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.*)$`)
	omName     = regexp.MustCompile(`^[a-zA-Z_:][a-zA-Z0-9_:]*`)
	omLabel    = regexp.MustCompile(`^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"([,}])`)
	omExemplar = regexp.MustCompile(`^\{trace_id="([^"]*)"\} (\S+) \d+\.\d+(?:e\+\d+)?$`)
)

// omSuffixes returns the possible suffixes of the names of a family's samples.
func omSuffixes(kind string) []string {
	switch kind {
	case "counter":
		return []string{"_total"}
	case "gauge", "unknown":
		return []string{""}
	case "histogram":
		return []string{"_bucket", "_count", "_sum"}
	case "summary":
		return []string{"", "_count", "_sum"}
	default:
		return nil
	}
}

// omReader reads line after line.
type omReader struct {
	m            *OpenMetrics
	family, kind string
	families     map[string]bool
	series       map[string]bool // by the text before the value
}

func (r *omReader) metadata(line string) error {
	meta := omMetadata.FindStringSubmatch(line)
	if meta == nil {
		return errors.New("not a line about a family")
	}
	what, family := meta[1], meta[2]
	if family != r.family && r.families[family] {
		return errors.New("the family is torn apart")
	}
	r.family, r.families[family] = family, true
	if what != "TYPE" {
		return nil
	}
	r.kind = meta[3]
	if omSuffixes(r.kind) == nil {
		return errors.New("this type is unknown")
	}
	return nil
}

func (r *omReader) sample(line string) error {
	s := Sample{Name: omName.FindString(line)}
	suffix, ok := strings.CutPrefix(s.Name, r.family)
	if s.Name == "" || !ok || !slices.Contains(omSuffixes(r.kind), suffix) {
		return fmt.Errorf("not a name for a %s of the family %q", r.kind, r.family)
	}
	rest, err := s.readLabels(line[len(s.Name):])
	if err != nil {
		return err
	}
	value, exemplar, isExemplified := strings.Cut(strings.TrimPrefix(rest, " "), " # ")
	if !strings.HasPrefix(rest, " ") || strings.Contains(value, " ") {
		return errors.New("not a sample")
	}
	if s.Value, err = strconv.ParseFloat(value, 64); err != nil {
		return err
	}
	series := line[:len(line)-len(rest)]
	if r.series[series] {
		return errors.New("this series is there twice")
	}
	r.series[series] = true
	r.m.Samples = append(r.m.Samples, s)
	if isExemplified {
		return r.exemplar(&s, suffix, exemplar)
	}
	return nil
}

func (r *omReader) exemplar(s *Sample, suffix, text string) error {
	parts := omExemplar.FindStringSubmatch(text)
	if parts == nil || suffix != "_total" && suffix != "_bucket" {
		return errors.New("such a sample has no such exemplar")
	}
	r.m.Exemplars[s.Key()] = parts[1]
	_, err := strconv.ParseFloat(parts[2], 64)
	return err
}

// readLabels reads the labels at the start of text and returns the rest.
func (s *Sample) readLabels(text string) (rest string, err error) {
	rest, some := strings.CutPrefix(text, "{")
	if !some || strings.HasPrefix(rest, "}") {
		return strings.TrimPrefix(rest, "}"), nil
	}
	for end := ""; end != "}"; {
		at := omLabel.FindStringSubmatchIndex(rest)
		if at == nil {
			return "", errors.New("not labels")
		}
		l := Label{Name: rest[at[2]:at[3]], Value: rest[at[4]:at[5]]}
		end, rest = rest[at[6]:at[7]], rest[at[1]:]
		if strings.Contains(l.Value, `\`) {
			l.Value = strings.NewReplacer(`\\`, `\`, `\"`, `"`, `\n`, "\n").Replace(l.Value)
		}
		if bound, err := strconv.ParseFloat(l.Value, 64); l.Name == "le" && err == nil {
			l.Value = strconv.FormatFloat(bound, 'g', -1, 64)
		}
		s.Labels = append(s.Labels, l)
	}
	slices.SortFunc(s.Labels, func(a, b Label) int { return strings.Compare(a.Name, b.Name) })
	return rest, nil
}
