package command

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
	"time"

	"example.com/prober/compare"
	"example.com/prober/config"
)

const (
	// maxReport bounds a report of an earlier burst, in bytes.
	maxReport = 64 << 20
	// maxSlices bounds its slices: more than a burst has.
	maxSlices = 4096
)

// earlierReport is the part of an earlier burst's report needed for a comparison.
type earlierReport struct {
	url     string
	started time.Time
	sample  *compare.Sample
}

// words describes the report in a file.
func (r *earlierReport) words(file string) string {
	return fmt.Sprintf("%s: %s, fired %s", file, r.url, r.started.UTC().Format(time.DateTime+" UTC"))
}

// readFireReport reads the report of an earlier burst. Its target must be of the kind of scheme.
func readFireReport(file, scheme string) (*earlierReport, error) {
	text, err := readBounded(file)
	if err != nil {
		return nil, err
	}
	var j struct {
		Schema  *int             `json:"schema"`
		Targets *json.RawMessage `json:"targets"`
		URL     string           `json:"url"`
		Started time.Time        `json:"started"`
		Slices  []fireSliceJSON  `json:"slices"`
	}
	if err := json.Unmarshal(text, &j); err != nil {
		return nil, jsonTrouble(err)
	}
	oldScheme, _, _ := strings.Cut(j.URL, "://")
	switch {
	case j.Schema == nil:
		return nil, errors.New("schema: is missing: this is not a report of prober fire --output=json")
	case *j.Schema != fireSchema:
		return nil, fmt.Errorf("schema: is %d, but this prober reads %d", *j.Schema, fireSchema)
	case j.Targets != nil:
		return nil, errors.New("targets: this is the report of several targets; give a report of one target")
	case len(j.Slices) == 0:
		return nil, errors.New("slices: is missing or empty: no request ended, or an older prober wrote this report; fire the burst again")
	case len(j.Slices) > maxSlices:
		return nil, fmt.Errorf("slices: has %d entries, but at most %d are allowed", len(j.Slices), maxSlices)
	case kindOf(oldScheme) != kindOf(scheme):
		return nil, fmt.Errorf("url: has the scheme %.10q, but the target has %q: they are of different kinds", oldScheme, scheme)
	}
	r := &earlierReport{url: cutText(j.URL), started: j.Started, sample: new(compare.Sample)}
	for i, s := range j.Slices {
		one, err := compare.ParseSlice(s.Latencies, s.Failed)
		if err != nil {
			return nil, fmt.Errorf("slices[%d]: %w", i, err)
		}
		r.sample.Slices = append(r.sample.Slices, one)
	}
	return r, nil
}

// kindOf returns the kind of target for a scheme, with or without TLS; "" if there is none.
func kindOf(scheme string) config.Kind { return config.Target{URL: &url.URL{Scheme: scheme}}.Kind() }

// cutText returns a text from a file, shortened and with the control characters of a
// terminal escaped. The report may come from somebody else, and its text is printed.
func cutText(text string) string {
	const most = 200
	quoted := fmt.Sprintf("%.*q", most, text)
	return quoted[1 : len(quoted)-1]
}

func readBounded(file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fileTrouble(err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxReport+1))
	switch {
	case err != nil:
		return nil, fileTrouble(err)
	case len(text) > maxReport:
		return nil, fmt.Errorf("larger than %dMiB", maxReport>>20)
	}
	return text, nil
}

// fileTrouble returns the error without the path of the file: the caller names it.
func fileTrouble(err error) error {
	if of, ok := errors.AsType[*os.PathError](err); ok {
		return of.Err
	}
	return err
}

// jsonTrouble says why a text is not the JSON of a report.
func jsonTrouble(err error) error {
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Errorf("%s: must not be a JSON %s", wrong.Field, wrong.Value)
	}
	if wrong, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fmt.Errorf("is not JSON or was cut: %w at byte %d", wrong, wrong.Offset)
	}
	return fmt.Errorf("is not a report: %w", err)
}
