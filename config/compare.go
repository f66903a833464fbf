package config

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"time"

	"gopkg.in/yaml.v3"

	"example.com/prober/config/form"
	"example.com/prober/threshold"
)

// Compare says with which other target a target is compared.
type Compare struct {
	// With is the name of the other target, the old version.
	With string
	// Margin is by how much a latency may differ and still count as the same, as a share.
	Margin float64
	// MinChange is the least change of a latency that counts, however large a share it is.
	MinChange time.Duration
	// Window is how much time is compared, up to the last burst.
	Window time.Duration
}

const (
	defaultMargin = 0.1
	minMargin     = 0.02 // no more than the resolution of the latency buckets
	maxMargin     = 10
	minMinChange  = time.Microsecond
	maxMinChange  = time.Hour
	defaultWindow = 10 * time.Minute
	minWindow     = time.Minute
	// DefaultMinChange is the default for the least change of a latency that counts: on the same server the median
	// varies by less from one burst to the next.
	DefaultMinChange = time.Millisecond
)

func compareFields(c *Compare) form.Section {
	return form.Section{
		form.Key("with", form.Needed(name(&c.With))),
		form.Key("margin", share(&c.Margin)),
		form.Key("min_change", form.Duration(&c.MinChange, minMinChange, maxMinChange)),
		form.Key("window", form.Duration(&c.Window, minWindow, maxDuration)),
	}
}

const shareMistake = "must be a share from 2% to 1000%, such as 10%"

// shareWritten is a bit wider than what threshold.ParseShare takes.
var shareWritten = regexp.MustCompile(`^[0-9.]+([eE][+-]?[0-9]+)? *%$`)

// ParseMargin reads by how much a latency may differ and still count as the same, such as 10%. It returns a fraction.
func ParseMargin(text string) (float64, error) {
	v, err := threshold.ParseShare(text)
	if err != nil || v < minMargin || v > maxMargin {
		return 0, errors.New(shareMistake)
	}
	return v, nil
}

// ParseMinChange reads the least change of a latency that counts, such as 1ms.
func ParseMinChange(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil || d < minMinChange || d > maxMinChange {
		return 0, errors.New("must be a duration from 1us to 1h, such as 1ms")
	}
	return d, nil
}

// share returns the value for a share such as 10%.
func share(to *float64) form.Value {
	parse := func(n *yaml.Node) (float64, error) { return ParseMargin(n.Value) }
	format := func(v float64) *yaml.Node { return form.PlainNode(strconv.FormatFloat(100*v, 'g', 6, 64) + "%") }
	return form.Scalar[float64]{To: to, Parse: parse, Format: format, Written: func() form.Shape { return form.TextLike(shareWritten, shareMistake) }}
}

// checkNames checks every place that names a target. With on_error: keep it only warns of a mistake in a file of
// targets, and of a missing target that may stand in a wrong file: a file must not hurt the others.
func (l *loader) checkNames(main *form.Report) {
	targets := map[string]*Target{}
	for i := range l.config.Targets {
		targets[l.config.Targets[i].Name] = &l.config.Targets[i]
	}
	aside := main
	if l.config.OnError == OnErrorKeep && len(l.config.TargetFiles) > 0 {
		aside = form.NewReport("", words)
	}
	l.checkCompares(targets, main, aside)
	l.checkWindows(targets, aside)
	if errs, ok := errors.AsType[form.Errors](aside.Err()); ok && aside != main {
		l.config.Warnings = append(l.config.Warnings, errs...)
	}
}

// checkCompares finds targets that cannot be compared with the target they name.
func (l *loader) checkCompares(targets map[string]*Target, main, aside *form.Report) {
	files := l.config.FileOf()
	for _, name := range slices.Sorted(maps.Keys(l.compares)) {
		t := targets[name]
		if t == nil || t.Compare == nil {
			continue // taken back, or left aside with its file
		}
		r := main
		if _, isOfFile := files[name]; isOfFile || targets[t.Compare.With] == nil {
			r = aside
		}
		if msg := compareTrouble(t, targets); msg != "" {
			r.Add(l.compares[name], msg)
		}
	}
}

// compareTrouble says why t cannot be compared with the target it names. It returns "" if it can.
func compareTrouble(t *Target, targets map[string]*Target) string {
	other := targets[t.Compare.With]
	switch {
	case t.Compare.With == t.Name:
		return "must be another target"
	case other == nil:
		return fmt.Sprintf("there is no target %q", t.Compare.With) + closest(t.Compare.With, targets)
	case other.Compare != nil:
		return fmt.Sprintf("the target %q is itself compared with another target", other.Name)
	}
	// Without a kind the URL is missing or wrong, and that is reported already.
	if k := kindOf(other.URL); k != nil && t.Kind() != "" && k.name != t.Kind() {
		return fmt.Sprintf("the target %q is of another kind: it %s", other.Name, k.does)
	}
	return ""
}

func closest(name string, targets map[string]*Target) string {
	if best := form.Closest(name, slices.Sorted(maps.Keys(targets)), 2); best != "" {
		return fmt.Sprintf(", did you mean %q?", best)
	}
	return ""
}
