package main

import (
	"bufio"
	"compress/gzip"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// past is the result of a whole history. Reading it shares no line with the code that judges the scrapes one by one.
type past struct {
	scrapes int
	series  map[string]*trace
	stays   map[string]*stay // by target
	kind    string           // of the current family
	group   string           // of the current histogram
	below   float64          // its bucket before
	wrong   []string         // what does not add up
	lost    []string         // what fell or vanished
}

// trace is one series through time.
type trace struct {
	name, key      string
	role           role
	code           string
	stay           *stay // nil if it is of no target
	part           *stay // the same of one request of the target; nil if it has no name
	isCumulative   bool
	group          string // of a histogram: the key without the bucket
	value, highest float64
	at, before     int // the scrapes that had it last
}

// stay is one target through time, or one of its requests. After an absence it begins again.
type stay struct {
	name      string
	since, at int // the scrapes that had it first and last
	sums      [numRoles]float64
}

// role is the part of a series in a sum.
type role int

const (
	roleNone role = iota
	roleScheduled
	roleOther // of the due requests: dropped, waiting or in flight
	roleSuccess
	roleFailed
	roleDuration
	roleUnsent // a failure before anything was sent
	roleSent   // a failure after that
	numRoles
)

// recall reads a history.
func recall(path string) (*past, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	p := &past{series: map[string]*trace{}, stays: map[string]*stay{}}
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if err := p.line(lines.Text()); err != nil {
			return nil, fmt.Errorf("scrape %d: %w", p.scrapes+1, err)
		}
	}
	return p, lines.Err()
}

// codes returns how many requests of a target had each code in its last scrape.
func (p *past) codes(target string) map[string]float64 {
	codes := map[string]float64{}
	for _, s := range p.series {
		if (s.role == roleSuccess || s.role == roleFailed) && s.stay.name == target && s.at == s.stay.at {
			codes[s.code] += s.value // by request as well
		}
	}
	return codes
}

// left returns how many requests of a target had left the daemon by then.
func (p *past) left(target string) float64 {
	f := p.stays[target]
	if f == nil {
		return 0
	}
	return f.sums[roleSuccess] + f.sums[roleFailed] - f.sums[roleUnsent]
}

func (p *past) line(line string) error {
	switch {
	case line == "# EOF":
		p.scrapes++
		p.judge()
		return nil
	case strings.HasPrefix(line, "# TYPE "):
		p.kind = line[strings.LastIndexByte(line, ' ')+1:]
		return nil
	case strings.HasPrefix(line, "#"):
		return nil
	}
	end := endOfKey(line)
	value, _, _ := strings.Cut(strings.TrimPrefix(line[end:], " "), " ")
	v, err := strconv.ParseFloat(value, 64)
	if err != nil {
		return err
	}
	s := p.series[line[:end]]
	if s == nil {
		s = p.meet(strings.Clone(line[:end]))
	}
	s.value, s.before, s.at = v, s.at, p.scrapes+1
	p.stack(s)
	return nil
}

// endOfKey returns where the name and the labels of a sample end.
func endOfKey(line string) int {
	quoted := false
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case c == ' ' && !quoted:
			return i
		}
	}
	return len(line)
}

// meet begins the trace of a series.
func (p *past) meet(key string) *trace {
	name, labels, _ := strings.Cut(key, "{")
	s := &trace{
		name: name, key: key, code: labelOf(labels, "error_code"),
		isCumulative: (p.kind == "counter" || p.kind == "histogram") && !strings.HasPrefix(name, "go_"),
	}
	p.series[key] = s
	if p.kind == "histogram" {
		before, after, _ := strings.Cut(labels, `le="`+labelOf(labels, "le")+`"`)
		s.group = name[:strings.LastIndexByte(name, '_')] + strings.Trim(before, ",}") + strings.TrimSuffix(after, "}")
	}
	if target := labelOf(labels, "target"); target != "" {
		if p.stays[target] == nil {
			p.stays[target] = &stay{name: target}
		}
		s.stay, s.role = p.stays[target], roleOf(name, labels)
		if request := labelOf(labels, "request"); request != "" {
			of := pageOf(target, request)
			if p.stays[of] == nil {
				p.stays[of] = &stay{name: of}
			}
			s.part = p.stays[of]
		}
	}
	return s
}

func roleOf(name, labels string) role {
	switch name {
	case "prober_requests_scheduled_total":
		return roleScheduled
	case "prober_requests_dropped_total", "prober_requests_waiting", "prober_requests_in_flight":
		return roleOther
	case "prober_requests_total":
		if labelOf(labels, "error_code") == "0" {
			return roleSuccess
		}
		return roleFailed
	case "prober_request_duration_seconds_count":
		return roleDuration
	case "prober_request_failures_total":
		if isUnsent(labelOf(labels, "error_code"), labelOf(labels, "phase")) {
			return roleUnsent
		}
		return roleSent
	default:
		return roleNone
	}
}

// labelOf returns the value of a label, as it is written.
func labelOf(labels, name string) string {
	_, rest, _ := strings.Cut(","+labels, ","+name+`="`)
	value, _, _ := strings.Cut(rest, `"`)
	return value
}

// stack compares a bucket of a histogram with the bucket before, and the count with the last bucket.
func (p *past) stack(s *trace) {
	if s.group != p.group {
		p.group, p.below = s.group, 0
	}
	if s.group == "" || strings.HasSuffix(s.name, "_sum") {
		return
	}
	if s.value < p.below || strings.HasSuffix(s.name, "_count") && s.value > p.below {
		p.wrong = append(p.wrong, fmt.Sprintf("scrape %d: %s is %v after %v", p.scrapes+1, s.key, s.value, p.below))
	}
	p.below = s.value
}

// judge adds up a complete scrape and compares it with all earlier ones.
func (p *past) judge() {
	for _, s := range p.series {
		if s.at != p.scrapes {
			continue
		}
		for _, f := range []*stay{s.stay, s.part} {
			if f != nil {
				f.sum(s, p.scrapes)
			}
		}
	}
	for _, s := range p.series {
		if s.isCumulative {
			p.follow(s)
		}
	}
	for _, f := range p.stays {
		n, requests := &f.sums, f.sums[roleSuccess]+f.sums[roleFailed]
		if f.at != p.scrapes {
			continue
		}
		if n[roleScheduled] != requests+n[roleOther] || n[roleDuration] != requests || n[roleUnsent]+n[roleSent] != n[roleFailed] {
			p.wrong = append(p.wrong, fmt.Sprintf("scrape %d: %s: %v", p.scrapes, f.name, *n))
		}
	}
}

// sum adds a series of the scrape with the given number.
func (f *stay) sum(s *trace, scrape int) {
	if f.at != scrape {
		if f.at < scrape-1 {
			f.since = scrape
		}
		f.at = scrape
		clear(f.sums[:])
	}
	f.sums[s.role] += s.value
}

// follow checks a series that may only grow against its earlier values.
func (p *past) follow(s *trace) {
	since := 1
	if s.stay != nil {
		since = s.stay.since
	}
	switch {
	case s.at == p.scrapes:
		if s.before < since {
			s.highest = 0
		}
		if s.value < s.highest {
			p.lost = append(p.lost, fmt.Sprintf("scrape %d: %s fell from %v to %v", p.scrapes, s.key, s.highest, s.value))
		}
		s.highest = max(s.highest, s.value)
	case s.at == p.scrapes-1 && s.at >= since && (s.stay == nil || s.stay.at == p.scrapes):
		p.lost = append(p.lost, fmt.Sprintf("scrape %d: %s vanished", p.scrapes, s.key))
	}
}
