// Package report writes the results of bursts by hand into files. The ending of a file's name decides the format.
//
// A [Set] has the files of one command. [Open] begins them before the burst, so that a bad path is known by then.
// [Set.Observers] gives formats with a row for each request what they need while the burst runs. [Set.Finish] writes
// a [Result] and gives the files their names: a file with its name is complete.
package report

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"example.com/prober/errcode"
	"example.com/prober/prober/probe"
)

// Observer is called with each request of a burst after its end, and with its code. Several goroutines call it at once.
// It keeps nothing of r.
type Observer func(r *probe.Result, code errcode.Code)

// Source is a target with observed requests.
type Source struct {
	Name string
	// Requests are the names of the requests of a mix, or the steps of a journey. It is empty for a single request without
	// a name.
	Requests  []string
	IsJourney bool
}

// format is a way to write a report.
type format struct {
	ending string
	open   func(out io.Writer) writer
}

// formats are all formats, in the order of the lists.
var formats = []format{
	{".json", newJSON},
	{".html", newPage},
	{".xml", newJUnit},
	{".md", newComment},
	{".csv", newTable},
	{".hgrm", newPercentiles},
	{".hlog", newIntervals},
	{".hdr", newIntervals},
}

// writer writes one report. It is used for one set of bursts.
type writer interface {
	// observers returns an observer for each source. It returns none if the report does not need the single requests.
	observers(of []Source) []Observer
	// finish writes the rest of the report, and ends the work that observers began.
	finish(r *Result) error
	// abandon makes the observers do nothing from now on. It does not wait.
	abandon()
}

// Endings lists the possible endings of the name of a report.
func Endings() string {
	all := make([]string, len(formats))
	for i, f := range formats {
		all[i] = f.ending
	}
	return strings.Join(all[:len(all)-1], ", ") + " or " + all[len(all)-1]
}

func formatOf(name string) (format, error) {
	ending := strings.ToLower(filepath.Ext(name))
	i := slices.IndexFunc(formats, func(f format) bool { return f.ending == ending })
	if i < 0 {
		return format{}, fmt.Errorf("%q: the name of a report must end with %s", name, Endings())
	}
	return formats[i], nil
}

// Set are the reports of one set of bursts.
type Set struct {
	mu  sync.Mutex
	all []report // neither complete nor discarded
}

type report struct {
	*file
	writer
}

// Check returns an error if name is no name of a report. It looks at no file.
func Check(name string) error {
	_, err := formatOf(name)
	return err
}

// Open begins a report in each of the named files. If it cannot begin one, it begins none.
func Open(names []string) (*Set, error) {
	s := &Set{}
	for _, name := range names {
		if err := s.open(name); err != nil {
			s.Discard()
			return nil, err
		}
	}
	return s, nil
}

func (s *Set) open(name string) error {
	format, err := formatOf(name)
	if err != nil {
		return err
	}
	f, err := create(name)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(s.all, func(r report) bool { return r.path == f.path }) {
		f.discard()
		return fmt.Errorf("%q: two reports cannot have the same file", name)
	}
	s.all = append(s.all, report{f, format.open(f.out)})
	return nil
}

// Observers returns an observer for the requests of each source, or none at all. Call it just before the requests start
// to come.
func (s *Set) Observers(of []Source) []Observer {
	s.mu.Lock()
	reports := s.all
	s.mu.Unlock()
	var all [][]Observer
	for _, r := range reports {
		if observers := r.observers(of); observers != nil {
			all = append(all, observers)
		}
	}
	if len(all) == 0 {
		return nil
	}
	joined := make([]Observer, len(of))
	for i := range joined {
		joined[i] = func(r *probe.Result, code errcode.Code) {
			for _, observers := range all {
				observers[i](r, code)
			}
		}
	}
	return joined
}

// Finish completes the reports and gives their files their names. A failing report does not affect the others; the
// errors name its file. No request may be observed any more.
func (s *Set) Finish(r *Result) error {
	defer s.take()
	s.mu.Lock()
	reports := s.all
	s.mu.Unlock()
	var all []error
	for _, report := range reports {
		err := report.finish(r)
		if _, incomplete := errors.AsType[*incompleteError](err); err == nil || incomplete {
			err = errors.Join(err, report.commit())
		} else {
			report.discard()
		}
		if err != nil {
			all = append(all, fmt.Errorf("report %q: %w", report.name, err))
		}
	}
	return errors.Join(all...)
}

// Discard ends all incomplete reports and leaves nothing of them. It may be called at any time: while requests are
// observed, during Finish, and after it. After Finish it does nothing.
func (s *Set) Discard() {
	for _, r := range s.take() {
		r.abandon()
		r.discard()
	}
}

// take removes all reports from the set and returns them.
func (s *Set) take() []report {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.all
	s.all = nil
	return all
}

// incompleteError says that a report lacks something, but is still useful.
type incompleteError struct{ text string }

func (e *incompleteError) Error() string { return e.text }

// blind is a writer without observers.
type blind struct{}

func (blind) observers([]Source) []Observer { return nil }
func (blind) abandon()                      {}
