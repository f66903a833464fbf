// Package threshold reads the limits of a burst's results, such as "p99 > 500ms". A [Threshold] says
// what breaks a burst. The configuration and the command line share the syntax. This package
// measures nothing: its callers have the numbers, and compare them.
package threshold

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Threshold is a comparison that fails a burst if it holds. It is comparable.
type Threshold struct {
	// Measure says what is compared.
	Measure Measure
	// Codes are the error codes to count, as four digits or dots; empty except for [Code]. A dot stands
	// for any digit.
	Codes string
	Op    Op
	Limit Limit
}

// Limit is the number to compare a measured value with.
type Limit struct {
	Unit Unit
	// Value is in seconds, requests per second, requests or, for a share, a fraction from 0 to 1.
	Value float64
	// text is the value as it was written, with its unit.
	text string
}

// Measure is the compared quantity.
type Measure string

// The latencies are those of the requests, the rate is how many were sent. The others are counts, or
// shares of the total number.
const (
	P50                 Measure = "p50"
	P90                 Measure = "p90"
	P95                 Measure = "p95"
	P99                 Measure = "p99"
	P999                Measure = "p99.9"
	Max                 Measure = "max"
	Mean                Measure = "mean"
	ErrorRate           Measure = "error_rate"
	Rate                Measure = "rate"
	Code                Measure = "code"
	Dropped             Measure = "dropped"
	JourneysFailed      Measure = "journeys_failed"
	JourneysInterrupted Measure = "journeys_interrupted"
)

// Unit is the unit of a limit.
type Unit int

// A time in seconds, a rate in requests per second, a number of requests, or a share of them.
const (
	Seconds Unit = iota
	PerSecond
	Count
	Share
)

// Op compares a measured value with the limit.
type Op string

// The operators.
const (
	Above   Op = ">"
	AtLeast Op = ">="
	Below   Op = "<"
	AtMost  Op = "<="
	// WorseBy holds if a comparison finds the measure worse than before by the limit or more, and is sure
	// that it is worse at all.
	WorseBy Op = "worse by"
)

// rule says which limits a measure may have.
type rule struct {
	measure Measure
	// units are tried in turn, expected describes all of them.
	units    []Unit
	expected string
}

// rules has all measures, in the order of error messages.
func rules() []rule {
	latency := func(m Measure) rule { return rule{m, []Unit{Seconds}, "a time such as 500ms or 1.5s"} }
	counted := func(m Measure) rule { return rule{m, []Unit{Share, Count}, "a whole number or a share such as 1%"} }
	return []rule{
		latency(P50), latency(P90), latency(P95), latency(P99), latency(P999), latency(Max), latency(Mean),
		{ErrorRate, []Unit{Share}, "a share from 0% to 100%, such as 1%"},
		{Rate, []Unit{PerSecond}, "a rate such as 95/s"},
		counted(Code), counted(Dropped), counted(JourneysFailed), counted(JourneysInterrupted),
	}
}

// Parse reads a threshold: a measure, an operator and a limit. Spaces between them may be
// left out. An error says what is expected, and holds no part of text.
func Parse(text string) (Threshold, error) {
	if t, isOf, err := parseWorse(text); isOf {
		return t, err
	}
	name, op, limit, ok := split(text)
	if !ok {
		return Threshold{}, errors.New("must be a measure, one of >, >=, < and <=, and a limit, such as p99 > 500ms")
	}
	measure, codes, hasCodes := strings.Cut(name, ":")
	t := Threshold{Measure: Measure(measure), Codes: codes, Op: op}
	all := rules()
	i := slices.IndexFunc(all, func(r rule) bool { return r.measure == t.Measure && hasCodes == (t.Measure == Code) })
	switch {
	case i < 0:
		return Threshold{}, fmt.Errorf("must begin with %s", measures(all))
	case hasCodes && !isPattern(codes):
		return Threshold{}, errors.New("code: must have four digits after it, or dots for any digit, such as code:13.. > 0")
	}
	if err := t.Limit.parse(limit, all[i].units); err != nil {
		return Threshold{}, fmt.Errorf("the limit of %s must be %s", measure, all[i].expected)
	}
	return t, t.check()
}

// split returns the measure before the operator, the operator and the limit after it.
func split(text string) (measure string, op Op, limit string, ok bool) {
	const operators = "<>="
	from := strings.IndexAny(text, operators)
	if from < 0 {
		return "", "", "", false
	}
	limit = strings.TrimLeft(text[from:], operators)
	op = Op(text[from : len(text)-len(limit)])
	limit = strings.Join(strings.Fields(limit), " ")
	return strings.TrimSpace(text[:from]), op, limit, slices.Contains([]Op{Above, AtLeast, Below, AtMost}, op)
}

// check refuses thresholds that always hold, or never.
func (t Threshold) check() error {
	isLeast, isMost := t.Limit.Value == 0, t.Limit.Unit == Share && t.Limit.Value == 1
	switch {
	case isLeast && t.Op == Below, isMost && t.Op == Above:
		return errors.New("can never be broken")
	case isLeast && t.Op == AtLeast, isMost && t.Op == AtMost:
		return errors.New("is always broken")
	}
	return nil
}

// String returns the threshold in the syntax of [Parse], with one space around the operator.
func (t Threshold) String() string {
	measure := string(t.Measure)
	if t.Measure == Code {
		measure += ":" + t.Codes
	}
	return fmt.Sprintf("%s %s %s", measure, t.Op, t.Limit.text)
}

// Breaks reports whether a measured value, in the unit of the limit, breaks the threshold.
func (t Threshold) Breaks(measured float64) bool {
	switch t.Op {
	case Above:
		return measured > t.Limit.Value
	case AtLeast, WorseBy:
		return measured >= t.Limit.Value
	case Below:
		return measured < t.Limit.Value
	default:
		return measured <= t.Limit.Value
	}
}

// Counts reports whether a threshold on codes counts code.
func (t Threshold) Counts(code int) bool {
	digits := strconv.Itoa(code)
	if len(digits) != len(t.Codes) {
		return false
	}
	for i := range digits {
		if t.Codes[i] != '.' && t.Codes[i] != digits[i] {
			return false
		}
	}
	return true
}

func measures(all []rule) string {
	names := make([]string, len(all))
	for i, r := range all {
		names[i] = string(r.measure)
		if r.measure == Code {
			names[i] += ":"
		}
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " or " + names[last]
}

// isPattern reports whether s can match error codes, all above 999.
func isPattern(s string) bool {
	return len(s) == 4 && s[0] != '0' && strings.Trim(s, ".0123456789") == ""
}

// parse reads a limit in one of the units.
func (l *Limit) parse(text string, units []Unit) error {
	for _, unit := range units {
		v, err := unit.parse(text)
		if err == nil {
			*l = Limit{unit, v, text}
			return nil
		}
	}
	return errors.New("is not a limit in these units")
}

func (u Unit) parse(text string) (float64, error) {
	switch u {
	case Seconds:
		d, err := time.ParseDuration(text)
		return d.Seconds(), orNegative(err, d.Seconds())
	case PerSecond:
		return parseNumber(text, "/s")
	case Share:
		v, err := parseNumber(text, "%")
		if v > 100 {
			return 0, errors.New("is above 100%")
		}
		return v / 100, err
	default:
		v, err := strconv.ParseUint(text, 10, 53)
		return float64(v), err
	}
}

// parseNumber reads a number before a unit, with or without space between.
func parseNumber(text, unit string) (float64, error) {
	number, ok := strings.CutSuffix(text, unit)
	v, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if !ok || strings.ContainsAny(number, "xX_") || math.IsInf(v, 0) || math.IsNaN(v) {
		return 0, errors.New("is not a number with its unit")
	}
	return v, orNegative(err, v)
}

func orNegative(err error, v float64) error {
	if err == nil && (v < 0 || math.Signbit(v)) {
		return errors.New("is below 0")
	}
	return err
}
