package command

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"github.com/alecthomas/units"
)

// Bounds of the values of flags.
const (
	// maxLimit is more than any machine can reach.
	maxLimit = 1_000_000_000
	// minLimitRate and maxLimitRate are in requests per second, as in a configuration. The prober remembers all starts
	// within a second, in 8 bytes each.
	minLimitRate = 0.001
	maxLimitRate = 1_000_000
	maxShards    = 10_000
	// maxSize is in bytes, and fits an int of 32 bits.
	maxSize = 1 << 30
	// minInterval keeps repeated checks from using a whole processor.
	minInterval = time.Millisecond
)

// flags registers flags: it is the program or one of its commands.
type flags interface {
	Flag(name, help string) *kingpin.FlagClause
}

// checkedFlag is a flag with its name in its error messages. The errors of kingpin do not name the flag.
type checkedFlag struct {
	name string
	set  func(text string) error
	text string
}

// Set implements kingpin.Value.
func (f *checkedFlag) Set(text string) error {
	if err := f.set(text); err != nil {
		return fmt.Errorf("--%s: %w", f.name, err)
	}
	f.text = text
	return nil
}

// String implements kingpin.Value.
func (f *checkedFlag) String() string { return f.text }

// checked registers a flag and returns it. set takes the value.
func checked(on flags, name, byDefault, help string, set func(text string) error) *kingpin.FlagClause {
	flag := on.Flag(name, help).Default(byDefault)
	flag.SetValue(&checkedFlag{name: name, set: set})
	return flag
}

// wholeFlag registers a flag for a whole number from low to high.
func wholeFlag(on flags, name, byDefault, help string, to *int, low, high int) {
	checked(on, name, byDefault, help, func(text string) (err error) {
		*to, err = parseWhole(text, low, high)
		return err
	})
}

func parseWhole(text string, low, high int) (int, error) {
	n, err := strconv.Atoi(text)
	switch {
	case err != nil && !errors.Is(err, strconv.ErrRange):
		return 0, fmt.Errorf("must be a whole number, not %.40q", text)
	case n < low:
		return 0, fmt.Errorf("must be at least %d", low)
	case n > high:
		return 0, fmt.Errorf("must be at most %d", high)
	}
	return n, nil
}

// ceilingFlag registers a flag for the greatest number of something, 0 for no limit.
func ceilingFlag(on flags, name, help string, to *int) {
	wholeFlag(on, name, "0", help, to, 0, maxLimit)
}

// limitRateFlag registers a flag for a number of requests per second, 0 for no limit.
func limitRateFlag(on flags, name, help string, to *float64) {
	checked(on, name, "0", help, func(text string) error {
		v, err := strconv.ParseFloat(text, 64)
		switch {
		case err != nil || math.IsNaN(v) || math.IsInf(v, 0):
			return fmt.Errorf("must be a number, not %.40q", text)
		case v != 0 && v < minLimitRate:
			return fmt.Errorf("must be 0 or at least %g", minLimitRate)
		case v > maxLimitRate:
			return fmt.Errorf("must be at most %d", maxLimitRate)
		}
		*to = v
		return nil
	})
}

// sizeFlag registers a flag for a number of bytes, 0 for no limit.
func sizeFlag(on flags, name, byDefault, help string, to *int) {
	checked(on, name, byDefault, help, func(text string) error {
		size, err := units.ParseStrictBytes(text)
		if err != nil {
			size, err = strconv.ParseInt(text, 10, 64)
		}
		switch {
		case err != nil:
			return fmt.Errorf("must be a size such as 10MiB, not %.40q", text)
		case size < 0 || size > maxSize:
			return fmt.Errorf("must be 0 to %dGiB", maxSize>>30)
		}
		*to = int(size)
		return nil
	})
}

// shardFlag registers the flag for the ordinal of a shard. The name of a StatefulSet's pod ends in the ordinal, and
// users easily give this name instead.
func shardFlag(on flags, name, byDefault, help string, to *int) {
	pod := regexp.MustCompile(`^[a-z0-9.-]{1,200}-([0-9]{1,5})$`)
	checked(on, name, byDefault, help, func(text string) (err error) {
		*to, err = parseWhole(text, 0, maxShards-1)
		if m := pod.FindStringSubmatch(text); err != nil && m != nil {
			return fmt.Errorf("%w; the ordinal of the pod %s is --%s=%s", err, text, name, m[1])
		}
		return err
	})
}

// lengthFlag registers a flag for a time of at least low.
func lengthFlag(on flags, name, byDefault, help string, to *time.Duration, low time.Duration) {
	checked(on, name, byDefault, help, func(text string) (err error) {
		*to, err = parseLength(text)
		if err == nil && *to < low {
			return fmt.Errorf("must be at least %s", low)
		}
		return err
	})
}

// intervalFlag registers a flag for how often to do something, 0 for never.
func intervalFlag(on flags, name, byDefault, help string, to *time.Duration) {
	checked(on, name, byDefault, help, func(text string) (err error) {
		*to, err = parseLength(text)
		if err == nil && *to != 0 && *to < minInterval {
			return fmt.Errorf("must be 0 or at least %s", minInterval)
		}
		return err
	})
}

func parseLength(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0, fmt.Errorf("must be a time such as 500ms, 30s or 1m30s, not %.40q", text)
	}
	return d, nil
}

// choiceFlag registers a flag for one of several words.
func choiceFlag(on flags, name, byDefault, help string, to *string, words ...string) {
	checked(on, name, byDefault, help, func(text string) error {
		if !slices.Contains(words, text) {
			return fmt.Errorf("must be %s, not %.40q", strings.Join(words, " or "), text)
		}
		*to = text
		return nil
	}).HintOptions(words...)
}

// unexpanded returns args with each value that begins with @ joined to its flag. Otherwise kingpin would replace the
// value with the lines of a file, and show them in its errors.
func unexpanded(args []string) []string {
	var joined []string
	short, long := regexp.MustCompile(`^-[a-zA-Z]$`), regexp.MustCompile(`^--[a-z][a-z.-]*$`)
	for i, arg := range args {
		isValue := i > 0 && strings.HasPrefix(arg, "@")
		switch {
		case isValue && short.MatchString(args[i-1]):
			joined[len(joined)-1] += arg
		case isValue && long.MatchString(args[i-1]):
			joined[len(joined)-1] += "=" + arg
		default:
			joined = append(joined, arg)
		}
	}
	return joined
}

// namingFlag returns err. If err is about a value for a flag without values, such as --web.enable-pprof=true, it
// returns an error that says so.
func namingFlag(err error, args []string) error {
	for _, arg := range args {
		flag, value, ok := strings.Cut(arg, "=")
		if ok && strings.HasPrefix(flag, "--") && err.Error() == "unexpected "+value { // the words of kingpin
			return fmt.Errorf("%s takes no value; --no-%s switches it off", flag, strings.TrimPrefix(flag, "--"))
		}
	}
	return err
}
