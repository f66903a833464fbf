package form

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"gopkg.in/yaml.v3"
)

// WholeNumber takes decimal digits: 010 is ten.
func WholeNumber(to *int, low, high int) Value {
	parse := func(n *yaml.Node) (int, error) {
		v, err := strconv.Atoi(n.Value)
		if isQuoted(n) || err != nil && !errors.Is(err, strconv.ErrRange) {
			return 0, errors.New("must be a whole number")
		}
		return v, inRange(v, low, high, strconv.Itoa)
	}
	return Scalar[int]{To: to, Parse: parse, Format: func(v int) *yaml.Node { return PlainNode(strconv.Itoa(v)) }, Written: func() Shape { return between("integer", low, high) }}
}

// Number takes a decimal number.
func Number(to *float64, low, high float64) Value {
	parse := func(n *yaml.Node) (float64, error) {
		v, err := ParseNumber(n)
		switch {
		case err != nil:
			return 0, err
		case v <= 0 && low > 0:
			return 0, errors.New("must be above 0")
		}
		return v, inRange(v, low, high, FormatNumber)
	}
	return Scalar[float64]{To: to, Parse: parse, Format: NumberNode, Written: func() Shape { return between("number", low, high) }}
}

// ParseNumber takes finite decimal numbers.
func ParseNumber(n *yaml.Node) (float64, error) {
	v, err := strconv.ParseFloat(n.Value, 64)
	unsigned := strings.ToLower(strings.TrimLeft(n.Value, "+-"))
	switch {
	case isQuoted(n):
		return 0, errors.New("must be a number")
	case unsigned == ".inf", unsigned == ".nan", errors.Is(err, strconv.ErrRange), math.IsInf(v, 0), math.IsNaN(v):
		return 0, errors.New("must be a finite number")
	case err != nil, strings.ContainsAny(n.Value, "xX_"):
		return 0, errors.New("must be a number")
	}
	return v, nil
}

// NumberNode returns v in a form that [Number] reads.
func NumberNode(v float64) *yaml.Node { return PlainNode(FormatNumber(v)) }

// FormatNumber spells v without an exponent.
func FormatNumber(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// Duration takes the spellings of Go (1.5s) and Prometheus (1d12h).
func Duration(to *time.Duration, low, high time.Duration) Value {
	parse := func(n *yaml.Node) (time.Duration, error) {
		d, err := parseDuration(n.Value)
		if err != nil {
			return 0, err
		}
		if d <= 0 && low > 0 {
			return 0, errors.New("must be above 0")
		}
		return d, inRange(d, low, high, FormatDuration)
	}
	format := func(d time.Duration) *yaml.Node { return PlainNode(FormatDuration(d)) }
	return Scalar[time.Duration]{To: to, Parse: parse, Format: format, Written: func() Shape { return durationShape(low) }}
}

func parseDuration(s string) (time.Duration, error) {
	if _, err := strconv.ParseFloat(s, 64); err == nil {
		return 0, errors.New("the unit is missing: write 10s for seconds or 10ms for milliseconds")
	}
	if d, err := time.ParseDuration(s); err == nil {
		return d, nil
	}
	d, err := model.ParseDuration(s)
	if err != nil {
		return 0, errors.New("must be a duration such as 500ms, 30s, 1m30s or 1d")
	}
	return time.Duration(d), nil
}

// FormatDuration returns d in a form that [Duration] reads.
func FormatDuration(d time.Duration) string {
	if d%time.Millisecond != 0 {
		return d.String()
	}
	return model.Duration(d).String()
}

var sizeUnits = []struct {
	name  string
	bytes int64
}{
	{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10},
	{"GB", 1e9}, {"MB", 1e6}, {"kB", 1e3}, {"KB", 1e3}, {"B", 1}, {"", 1},
}

// Size takes a number of bytes, with or without a unit.
func Size(to *int64, high int64) Value {
	parse := func(n *yaml.Node) (int64, error) {
		v, err := parseSize(n.Value, high)
		if err != nil {
			return 0, err
		}
		return v, inRange(v, 1, high, formatSize)
	}
	return Scalar[int64]{To: to, Parse: parse, Format: func(v int64) *yaml.Node { return PlainNode(formatSize(v)) }, Written: func() Shape { return sizeShape(high) }}
}

// parseSize returns a size above high as high+1.
func parseSize(s string, high int64) (int64, error) {
	digits := strings.TrimRight(s, "BKMGTPikmg")
	count, err := strconv.ParseUint(strings.TrimRight(digits, " "), 10, 64)
	tooBig := errors.Is(err, strconv.ErrRange)
	if err != nil && !tooBig {
		return 0, errors.New("must be a size such as 65536, 64KiB, 1MiB or 10MB")
	}
	for _, unit := range sizeUnits {
		if unit.name != s[len(digits):] {
			continue
		}
		if tooBig || count > uint64(high/unit.bytes) {
			return high + 1, nil
		}
		return int64(count) * unit.bytes, nil
	}
	return 0, errors.New("must have a unit of B, kB, KiB, MB, MiB, GB or GiB, or none")
}

func formatSize(n int64) string {
	for _, unit := range sizeUnits[:3] {
		if n%unit.bytes == 0 {
			return strconv.FormatInt(n/unit.bytes, 10) + unit.name
		}
	}
	return strconv.FormatInt(n, 10)
}

func inRange[T int | int64 | float64 | time.Duration](v, low, high T, format func(T) string) error {
	switch {
	case v < low:
		return fmt.Errorf("must be at least %s", format(low))
	case v > high:
		return fmt.Errorf("must be at most %s", format(high))
	}
	return nil
}
