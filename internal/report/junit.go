package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"example.com/prober/errcode"
	"example.com/prober/prober/numbers"
	"example.com/prober/web/chart"
)

// junit is the report for Jenkins, GitLab and others, in the format of a report of tests.
type junit struct {
	blind

	out io.Writer
}

func newJUnit(out io.Writer) writer { return &junit{out: out} }

// The elements are from the schema of Jenkins' plugin xunit, junit-10.xsd. Times are seconds.
type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Name     string       `xml:"name,attr"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Errors   int          `xml:"errors,attr"`
		Time     string       `xml:"time,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name       string          `xml:"name,attr"`
		Tests      int             `xml:"tests,attr"`
		Failures   int             `xml:"failures,attr"`
		Errors     int             `xml:"errors,attr"`
		Skipped    int             `xml:"skipped,attr"`
		Time       string          `xml:"time,attr"`
		Timestamp  string          `xml:"timestamp,attr"`
		Properties []junitProperty `xml:"properties>property"`
		Cases      []junitCase     `xml:"testcase"`
	}
	junitProperty struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
	}
	junitCase struct {
		Name    string        `xml:"name,attr"`
		Class   string        `xml:"classname,attr"`
		Time    string        `xml:"time,attr"`
		Failure *junitFailure `xml:"failure"`
	}
	junitFailure struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr"`
		Text    string `xml:",chardata"`
	}
)

func (j *junit) finish(r *Result) error {
	all := junitSuites{Name: "prober fire"}
	var longest time.Duration
	for i := range r.Targets {
		s := suiteOf(&r.Targets[i])
		all.Suites = append(all.Suites, s)
		all.Tests += s.Tests
		all.Failures += s.Failures
		longest = max(longest, r.Targets[i].Duration) // all targets are fired together
	}
	all.Time = seconds(longest)
	if _, err := io.WriteString(j.out, xml.Header); err != nil {
		return err
	}
	encoder := xml.NewEncoder(j.out)
	encoder.Indent("", "  ")
	if err := encoder.Encode(all); err != nil {
		return err
	}
	_, err := io.WriteString(j.out, "\n")
	return err
}

func suiteOf(t *Target) junitSuite {
	s := junitSuite{
		Name:       t.Name,
		Time:       seconds(t.Duration),
		Timestamp:  t.LastStart.UTC().Format("2006-01-02T15:04:05"),
		Properties: propertiesOf(t),
		Cases:      casesOf(t),
	}
	for i := range s.Cases {
		c := &s.Cases[i]
		c.Class, c.Time = t.Name, "0.000"
		s.Tests++
		if c.Failure != nil {
			s.Failures++
		}
	}
	s.Cases[0].Time = s.Time // the sum of the cases is the time of the suite
	return s
}

// casesOf returns a case for each threshold, and one for the burst as a whole.
func casesOf(t *Target) []junitCase {
	if len(t.Thresholds) == 0 {
		c := junitCase{Name: "every request succeeds"}
		if !t.OK {
			c.Failure = &junitFailure{Message: t.Trouble, Type: "requests", Text: failureText(t)}
		}
		return []junitCase{c}
	}
	whole := junitCase{Name: "the burst goes through"}
	if t.Outcome != numbers.Complete {
		message := t.Outcome.Words() + " " + chart.Latency(t.Duration)
		whole.Failure = &junitFailure{Message: message, Type: "burst", Text: failureText(t)}
	}
	cases := []junitCase{whole}
	for _, threshold := range t.Thresholds {
		c := junitCase{Name: "fail if " + threshold.Text}
		if !threshold.OK {
			message := threshold.Text + ": cannot tell, because there is nothing to measure"
			if threshold.Measured != "" {
				message = threshold.Text + ": measured " + threshold.Measured
			}
			c.Failure = &junitFailure{Message: message, Type: "threshold", Text: failureText(t)}
		}
		cases = append(cases, c)
	}
	return cases
}

// failureText has the measured values and the codes of failed requests.
func failureText(t *Target) string {
	var b strings.Builder
	n := t.Counted()
	fmt.Fprintf(&b, "%d requests due: %d succeeded, %d failed, %d dropped\n", n.Due, n.Succeeded, n.Failed, n.Dropped)
	if l := &t.Latency; l.Count > 0 {
		fmt.Fprintf(&b, "latency: p50 %s, p90 %s, p95 %s, p99 %s, max %s\n", short(l.P50), short(l.P90), short(l.P95), short(l.P99), short(l.Max))
	}
	for _, d := range t.Dropped.ByReason() {
		fmt.Fprintf(&b, "dropped: %d for %s\n", d.Count, d.Reason)
	}
	for _, c := range t.Codes {
		if c.Code != errcode.OK {
			fmt.Fprintf(&b, "%s %s: %d requests: %s\n", c.Code, c.Code.Name(), c.Count, c.Code.Meaning())
		}
	}
	for _, f := range t.Failures {
		if f.Text != "" {
			fmt.Fprintf(&b, "first %s in phase %s: %q\n", f.Code, f.Phase, f.Text)
		}
	}
	return b.String()
}

func propertiesOf(t *Target) []junitProperty {
	n := t.Counted()
	all := []junitProperty{
		{"url", t.URL}, {"outcome", string(t.Outcome)}, {"started", t.LastStart.UTC().Format(time.RFC3339Nano)},
		{"requests.scheduled", count(n.Due)}, {"requests.succeeded", count(n.Succeeded)},
		{"requests.failed", count(n.Failed)}, {"requests.dropped", count(n.Dropped)},
	}
	if t.Rate > 0 {
		all = append(all, junitProperty{"rate.achieved", strconv.FormatFloat(t.Rate, 'g', 6, 64)})
	}
	if l := &t.Latency; l.Count > 0 {
		for _, p := range []struct {
			name string
			d    time.Duration
		}{{"mean", l.Mean}, {"p50", l.P50}, {"p90", l.P90}, {"p95", l.P95}, {"p99", l.P99}, {"p999", l.P999}, {"max", l.Max}} {
			all = append(all, junitProperty{"latency." + p.name, strconv.FormatFloat(p.d.Seconds(), 'g', -1, 64)})
		}
	}
	for _, c := range t.Codes {
		all = append(all, junitProperty{"codes." + c.Code.String(), count(c.Count)})
	}
	return all
}

func count(n uint64) string { return strconv.FormatUint(n, 10) }

// seconds prints d in seconds, to the millisecond.
func seconds(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', 3, 64) }

// short prints d with at most three digits, like the report on the terminal.
func short(d time.Duration) string { return chart.Latency(d) }
