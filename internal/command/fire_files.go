package command

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/common/version"

	"example.com/prober/config"
	"example.com/prober/internal/report"
	"example.com/prober/prober"
)

// registerReports registers the flag for reports in files.
func (f *fireFlags) registerReports(cmd *kingpin.CmdClause) {
	cmd.Flag("report", "Also write the report to this file. The end of its name says the format: "+report.Endings()+". Repeat it for more.").
		PlaceHolder("FILE").SetValue(reportFlag{&f.reports})
}

// reportFlag is a flag for the files of reports.
type reportFlag struct{ to *[]string }

// Set implements kingpin.Value.
func (r reportFlag) Set(text string) error {
	if err := report.Check(text); err != nil {
		return fmt.Errorf("--report: %w", err)
	}
	*r.to = append(*r.to, text)
	return nil
}

// String implements kingpin.Value.
func (r reportFlag) String() string { return "" }

// IsCumulative makes kingpin accept the flag more than once.
func (r reportFlag) IsCumulative() bool { return true }

// fireFiles are the reports of bursts in files.
type fireFiles struct {
	*report.Set

	flags   *fireFlags
	signals chan os.Signal
	done    chan struct{} // closed once the files are complete or gone
	watched sync.WaitGroup
}

// openReports begins the reports in files. It fails if it cannot begin one of them.
func (f *fireFlags) openReports() (*fireFiles, error) {
	set, err := report.Open(f.reports)
	if err != nil {
		return nil, usageError{fmt.Errorf("--report: %w", err)}
	}
	files := &fireFiles{Set: set, flags: f, signals: make(chan os.Signal, 2), done: make(chan struct{})}
	if len(f.reports) > 0 {
		signal.Notify(files.signals, os.Interrupt, syscall.SIGTERM)
		files.watched.Go(files.watch)
	}
	return files, nil
}

// watch waits for a second signal. Then it removes the files and ends the program at once, as the signal does without
// files.
func (f *fireFiles) watch() {
	defer signal.Stop(f.signals)
	for isFirst := true; ; isFirst = false {
		select {
		case <-f.done:
			return
		case s := <-f.signals:
			if !isFirst { // the first one ends the burst
				f.Discard()
				endBy(s)
				return
			}
		}
	}
}

// endBy ends this process as the signal does by default.
func endBy(s os.Signal) {
	signal.Reset(s)
	self, err := os.FindProcess(os.Getpid())
	if err == nil && self.Signal(s) != nil { // Windows has no signals to send
		_ = self.Kill() // there is no other way
	}
}

// close removes incomplete files.
func (f *fireFiles) close() {
	f.Discard()
	close(f.done)
	f.watched.Wait()
}

// observe connects the reports to the requests of the bursts. The bursts must not have begun.
func (f *fireFiles) observe(shots []*prober.Shot, targets []config.Target) {
	sources := make([]report.Source, len(shots))
	for i := range targets {
		t := &targets[i]
		sources[i] = report.Source{Name: t.Name, IsJourney: len(t.Journey) > 0}
		for _, item := range t.Items() {
			sources[i].Requests = append(sources[i].Requests, item.Name)
		}
	}
	for i, o := range f.Observers(sources) {
		shots[i].Observe(prober.Observer(o))
	}
}

// finish completes the files with the results of the bursts.
func (f *fireFiles) finish(all []*judgedReport, targets []config.Target) error {
	if len(f.flags.reports) == 0 {
		return nil
	}
	result := &report.Result{OK: areOK(all), Latency: totalOf(all).latency, Version: version.Version}
	result.JSON = func(out io.Writer) error {
		asJSON := *f.flags
		asJSON.output = "json"
		return asJSON.write(out, all)
	}
	for i, r := range all {
		t := report.Target{Report: r.Report, OK: r.isOK(), Think: targets[i].Think, Thresholds: list(r.thresholds, reportedThreshold), Comparison: r.comparison.reported()}
		if err := verdict(r); err != nil {
			t.Trouble = err.Error()
		}
		result.Targets = append(result.Targets, t)
	}
	if err := f.Finish(result); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

func reportedThreshold(j judgement) report.Threshold {
	t := report.Threshold{Text: j.Threshold.String(), OK: !j.isBroken()}
	if j.isKnown {
		t.Measured = j.value()
	}
	return t
}

// also returns both errors, each on its own line, as the program prints it.
func also(err, other error) error {
	if err == nil || other == nil {
		return errors.Join(err, other)
	}
	return fmt.Errorf("%w\nprober: %w", err, other)
}
