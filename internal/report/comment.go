package report

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"time"

	"example.com/prober/prober/numbers"
	"example.com/prober/web/chart"
)

// comment is the report for a comment on a pull request, in the Markdown of GitHub and GitLab.
type comment struct {
	blind

	out io.Writer
}

func newComment(out io.Writer) writer { return &comment{out: out} }

func (c *comment) finish(r *Result) error {
	var b bytes.Buffer
	if len(r.Targets) != 1 {
		fmt.Fprintf(&b, "## prober fire: %s\n\n", verdictOf(r.OK))
		writeSum(&b, r)
	}
	for i := range r.Targets {
		writeTarget(&b, &r.Targets[i])
	}
	_, err := c.out.Write(b.Bytes())
	return err
}

func verdictOf(isOK bool) string {
	if isOK {
		return "✅ passed"
	}
	return "❌ failed"
}

// code makes any text show as it is. Nothing in a span of code is Markdown, HTML, a link, or a name that notifies its
// owner (CommonMark 0.31, section 6.1). The span may stand in a table. There, only a bar needs more (GitHub Flavored
// Markdown, section 4.10).
func code(text string) string {
	if text == "" {
		return "–"
	}
	text = strings.NewReplacer("\n", " ", "\r", " ", `|`, `\|`).Replace(text)
	fence := "`"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	if strings.HasPrefix(text, "`") || strings.HasSuffix(text, "`") {
		text = " " + text + " "
	}
	return fence + text + fence
}

func writeSum(b *bytes.Buffer, r *Result) {
	b.WriteString("| target | due | succeeded | failed | dropped | p50 | p90 | p99 | max | verdict |\n")
	b.WriteString("|---|--:|--:|--:|--:|--:|--:|--:|--:|---|\n")
	row := func(name string, n Counts, l *numbers.Latency, isOK bool) {
		fmt.Fprintf(b, "| %s | %d | %d | %d | %d | %s | %s | %s | %s | %s |\n", name, n.Due, n.Succeeded, n.Failed, n.Dropped,
			short(l.P50), short(l.P90), short(l.P99), short(l.Max), verdictOf(isOK))
	}
	for i := range r.Targets {
		t := &r.Targets[i]
		row(code(t.Name), t.Counted(), &t.Latency, t.OK)
	}
	row("all targets", r.Sum(), &r.Latency, r.OK)
	b.WriteString("\n")
}

func writeTarget(b *bytes.Buffer, t *Target) {
	fmt.Fprintf(b, "## %s: %s\n\n", code(t.Name), verdictOf(t.OK))
	if t.Trouble != "" {
		fmt.Fprintf(b, "%s\n\n", code(t.Trouble))
	}
	fmt.Fprintf(b, "%s, fired %s, %s %s.\n\n", code(t.URL), t.LastStart.UTC().Format(time.DateTime+" UTC"), t.Outcome.Words(), short(t.Duration))
	writeFigures(b, t)
	writeThresholds(b, t.Thresholds)
	writeComparison(b, t.Comparison)
	writeCodes(b, t)
	writeDetails(b, t)
}

func writeFigures(b *bytes.Buffer, t *Target) {
	n, l := t.Counted(), &t.Latency
	b.WriteString("| due | succeeded | failed | dropped | rate | p50 | p90 | p95 | p99 | p99.9 | mean | max |\n")
	b.WriteString("|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n")
	fmt.Fprintf(b, "| %d | %d | %d | %d | %s | %s | %s | %s | %s | %s | %s | %s |\n\n", n.Due, n.Succeeded, n.Failed, n.Dropped, rateWords(t.Rate),
		short(l.P50), short(l.P90), short(l.P95), short(l.P99), short(l.P999), short(l.Mean), short(l.Max))
}

func writeThresholds(b *bytes.Buffer, all []Threshold) {
	if len(all) == 0 {
		return
	}
	b.WriteString("| fail if | measured | verdict |\n|---|--:|---|\n")
	for i := range all {
		t := &all[i]
		sign := "✅ "
		if !t.OK {
			sign = "❌ "
		}
		measured := t.Measured
		if measured == "" {
			measured = chart.Dash
		}
		fmt.Fprintf(b, "| %s | %s | %s |\n", code(t.Text), measured, sign+t.Verdict())
	}
	b.WriteString("\n")
}

func writeCodes(b *bytes.Buffer, t *Target) {
	if len(t.Codes) == 0 {
		return
	}
	b.WriteString("| code | requests | share | meaning |\n|---|--:|--:|---|\n")
	for _, c := range t.Codes {
		fmt.Fprintf(b, "| %s | %d | %s | %s |\n", code(c.Code.String()+" "+c.Code.Name()), c.Count,
			chart.Percent(c.Count, t.Counted().Ended()), code(c.Code.Meaning()))
	}
	b.WriteString("\n")
}

// writeDetails writes a folded part. The reader can unfold it.
func writeDetails(b *bytes.Buffer, t *Target) {
	b.WriteString("<details><summary>Phases, requests and first failures</summary>\n\n")
	if len(t.Phases) > 0 {
		b.WriteString("| phase | requests | mean | p99 |\n|---|--:|--:|--:|\n")
		for _, p := range t.Phases {
			fmt.Fprintf(b, "| %s | %d | %s | %s |\n", p.Phase, p.Count, short(p.Mean), short(p.P99))
		}
		b.WriteString("\n")
	}
	if len(t.Rows) > 0 {
		b.WriteString("| request | due | succeeded | failed | dropped | p50 | p90 | p99 | max |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|\n")
		for i := range t.Rows {
			q := &t.Rows[i]
			l := &q.Latency
			fmt.Fprintf(b, "| %s | %d | %d | %d | %d | %s | %s | %s | %s |\n", code(q.Name), q.Scheduled, q.Succeeded, q.Failed, q.Dropped.Total(),
				short(l.P50), short(l.P90), short(l.P99), short(l.Max))
		}
		b.WriteString("\n")
	}
	writeFunnel(b, t)
	writeFailures(b, t.Failures)
	b.WriteString("</details>\n\n")
}

func writeFunnel(b *bytes.Buffer, t *Target) {
	if len(t.Funnel) == 0 {
		return
	}
	b.WriteString("| step | reached by | failed here | interrupted here |\n|---|--:|--:|--:|\n")
	for _, s := range t.Funnel {
		fmt.Fprintf(b, "| %s | %d | %d | %d |\n", code(s.Name), s.Reached, s.Failed, s.Interrupted)
	}
	fmt.Fprintf(b, "| all steps | %d | | |\n\n", t.Journey.Count(numbers.JourneySuccess))
}

func writeFailures(b *bytes.Buffer, all []numbers.Failure) {
	if len(all) == 0 {
		return
	}
	b.WriteString("| first failure at | code | phase | took | requests | error |\n|---|---|---|--:|--:|---|\n")
	for i := range all {
		f := &all[i]
		fmt.Fprintf(b, "| %s | %s | %s | %s | %d | %s |\n", f.Time.UTC().Format("15:04:05.000"), code(f.Code.String()+" "+f.Code.Name()),
			f.Phase, short(f.Duration), f.Count, code(f.Text))
	}
	b.WriteString("\n")
}

// rateWords prints a rate with at most four digits.
func rateWords(rate float64) string {
	switch {
	case rate == 0:
		return chart.Dash
	case rate >= 1000:
		return fmt.Sprintf("%.0f/s", rate)
	default:
		return fmt.Sprintf("%.4g/s", rate)
	}
}
