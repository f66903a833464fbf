package command

import (
	"fmt"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"example.com/prober/compare"
	"example.com/prober/config"
	"example.com/prober/threshold"
)

// compareFlags say what to compare the burst with.
type compareFlags struct {
	report  string // the path of the report of an earlier burst
	against string // the URL of another version, to fire at in turn
	margin  float64
	least   time.Duration
}

func (f *compareFlags) register(cmd *kingpin.CmdClause) {
	cmd.Flag("compare", "Compare with an earlier burst. The file has its report, as --output=json printed it.").PlaceHolder("FILE").StringVar(&f.report)
	cmd.Flag("against", "Send the same requests to this URL, in turn with the target, and compare the target with it.").PlaceHolder("URL").StringVar(&f.against)
	checked(cmd, "compare.margin", "10%", "The largest difference between two latencies that still counts as the same.", f.setMargin)
	checked(cmd, "compare.min-change", config.DefaultMinChange.String(), "A difference below this time counts as the same, even if it is above --compare.margin.", f.setLeast)
}

func (f *compareFlags) setMargin(text string) (err error) {
	f.margin, err = config.ParseMargin(text)
	return err
}

func (f *compareFlags) setLeast(text string) (err error) {
	f.least, err = config.ParseMinChange(text)
	return err
}

// isGiven reports whether there is something to compare with.
func (f *compareFlags) isGiven() bool { return f.report != "" || f.against != "" }

// comparison is a comparison of the burst with earlier data, and its result.
type comparison struct {
	// with describes the other side in full.
	with    string
	options compare.Options
	// old is the sample of the other side. With bursts in turn it is known once the first has ended.
	old *compare.Sample
	*compare.Result
}

// newComparison prepares the comparison for the flags, nil if there is none. It reads the report of an earlier burst
// now, before any request.
func (f *compareFlags) newComparison(cfg *config.Config) (*comparison, error) {
	options := compare.Options{Margin: f.margin, MinChange: f.least, Paired: f.against != ""}
	err := f.check(cfg.Targets)
	switch {
	case err != nil || !f.isGiven():
		return nil, err
	case f.against != "":
		return &comparison{with: config.RedactedURL(cfg.Targets[0].URL) + ", fired in turn", options: options}, nil
	}
	before, err := readFireReport(f.report, cfg.Targets[0].URL.Scheme)
	if err != nil {
		return nil, fmt.Errorf("--compare: %s: %w", f.report, err)
	}
	return &comparison{with: before.words(f.report), options: options, old: before.sample}, nil
}

// check finds thresholds and targets with nothing to compare them with.
func (f *compareFlags) check(targets []config.Target) error {
	if f.isGiven() {
		if f.report != "" && len(targets) > 1 {
			return fmt.Errorf("--compare: needs exactly one target, not %d", len(targets))
		}
		return nil
	}
	for i := range targets {
		for _, t := range targets[i].Thresholds {
			if t.Op == threshold.WorseBy {
				return fmt.Errorf("target %q: thresholds: %s: there is nothing to compare with: give --compare or --against", targets[i].Name, t)
			}
		}
	}
	return nil
}

// end compares the burst with the other side.
func (c *comparison) end(burst *compare.Sample) {
	c.Result = compare.Compare(c.old, burst, c.options)
}

// rowOf returns the row of the comparison for the measure of a threshold.
func (c *comparison) rowOf(m threshold.Measure) (r compare.Row, ok bool) {
	if c == nil || c.Result == nil {
		return r, false
	}
	for _, r := range c.Rows {
		if r.Name() == string(m) {
			return r, true
		}
	}
	return r, false
}

// words returns the result of the comparison in words.
func (c *comparison) words() string {
	switch c.Verdict {
	case compare.Same:
		return fmt.Sprintf("same, within %.4g %% or %s", 100*c.Margin, c.MinChange)
	case compare.CannotTell:
		return "cannot tell" + needWords(c.Needed)
	}
	return string(c.Verdict)
}

// needWords says how many requests would give a verdict.
func needWords(needed uint64) string {
	if needed == 0 {
		return ""
	}
	return fmt.Sprintf(": about %d requests on each side would", needed)
}

// isWorse reports whether the burst is worse than the other side.
func (c *comparison) isWorse() bool { return c != nil && c.Result != nil && c.Verdict == compare.Worse }

// trouble names the measures in which the burst is worse.
func (c *comparison) trouble() (all []string) {
	if !c.isWorse() {
		return nil
	}
	for i := range c.Rows {
		if r := &c.Rows[i]; r.Verdict == compare.Worse {
			all = append(all, fmt.Sprintf("%s is worse: %s", r.Name(), evidenceOf(r)))
		}
	}
	return all
}

// evidenceOf returns the numbers of a row in words.
func evidenceOf(r *compare.Row) string {
	return fmt.Sprintf("%s before, %s now, %s (%s to %s)", sideWords(r, r.Old), sideWords(r, r.New),
		changeWords(r, r.Change), changeWords(r, r.Low), changeWords(r, r.High))
}

// judgementOf checks the comparison against a threshold.
func (c *comparison) judgementOf(t threshold.Threshold) judgement {
	r, ok := c.rowOf(t.Measure)
	if !ok { // no request has ended on one side
		return judgement{Threshold: t}
	}
	return judgement{Threshold: t, measured: r.Change, isKnown: true, compared: &r, isLess: r.IsLess(c.MinChange)}
}

// evidence returns the compared numbers in words.
func (j judgement) evidence() string { return evidenceOf(j.compared) }

// comparedWords return the result for the measure of the threshold, and whether it keeps the threshold.
func (j judgement) comparedWords() (measured, word string) {
	word = "kept"
	switch {
	case j.isBroken():
		word = "broken"
	case j.compared.Verdict == compare.CannotTell:
		word = "kept: cannot tell" + needWords(j.compared.Needed)
	}
	return changeWords(j.compared, j.compared.Change), word
}
