package command

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"example.com/prober/errcode"
	"example.com/prober/prober"
	"example.com/prober/prober/numbers"
)

// maxTracedLine is the number of printed bytes of one line of a body.
const maxTracedLine = 1 << 10

// writeTrace prints the course of one request for people. The lines begin with the signs of curl -v.
func writeTrace(out io.Writer, t *prober.Traced, r *numbers.Report) error {
	var text bytes.Buffer
	if t.Target != t.URL {
		fmt.Fprintf(&text, "%s  ", numbers.Visible(t.Target))
	}
	fmt.Fprintf(&text, "%s\ntraced %s\n", numbers.Visible(t.URL), t.Start.UTC().Format(time.DateTime+" UTC"))
	for i := range t.Exchanges {
		writeTracedExchange(&text, &t.Exchanges[i])
	}
	if len(t.Rest) > 0 || len(t.Exchanges) == 0 {
		writeTracedRest(&text, t, r)
	}
	if t.Left > 0 {
		fmt.Fprintf(&text, "\n%d more steps are not shown: there was no room for them\n", t.Left)
	}
	_, err := out.Write(text.Bytes())
	return err
}

func writeTracedRest(out io.Writer, t *prober.Traced, r *numbers.Report) {
	fmt.Fprintln(out)
	for _, s := range t.Rest {
		writeTracedStep(out, &s)
	}
	if len(t.Exchanges) == 0 {
		fmt.Fprintf(out, "no request has ended%s\n", dropWords(r.Dropped.ByReason()))
	}
}

func writeTracedExchange(out io.Writer, e *prober.TracedExchange) {
	fmt.Fprintln(out)
	if e.Name != "" {
		fmt.Fprintf(out, "request %s\n", numbers.Visible(e.Name))
	}
	for i := range e.Steps {
		writeTracedStep(out, &e.Steps[i])
	}
	in := unitOf([]time.Duration{e.Took}, func(all *time.Duration) []time.Duration { return []time.Duration{*all} })
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "\nPHASE\tTOOK")
	for _, p := range e.Phases {
		fmt.Fprintf(table, "%s\t%s\n", p.Phase, in.format(p.Took))
	}
	fmt.Fprintf(table, "all\t%s\n\n", in.format(e.Took))
	fmt.Fprintf(table, "code\t%s %s: %s\n", e.Code, e.Code.Name(), e.Code.Meaning())
	if e.Phase != errcode.PhaseNone {
		fmt.Fprintf(table, "failed in\t%s\n", e.Phase)
	}
	if e.Rule != "" {
		fmt.Fprintf(table, "decided by\t%s\n", numbers.Visible(cutLine(e.Rule)))
	}
	_ = table.Flush() // a buffer takes everything
	if e.Code != errcode.OK {
		fmt.Fprintf(out, "\nprober codes %s says what that means and where to look first.\n", e.Code)
	}
}

func writeTracedStep(out io.Writer, s *prober.TracedStep) {
	const body = "|"
	at := fmt.Sprintf("%9.3fms", float64(s.At.Microseconds())/1e3)
	switch {
	case s.Mark != body:
		fmt.Fprintf(out, "%s %s %s\n", at, s.Mark, numbers.Visible(s.Text))
	case s.Hidden:
		fmt.Fprintf(out, "%s * %s, %d bytes, not shown: it may contain a secret\n", at, s.What, s.Total)
	case s.Cut:
		fmt.Fprintf(out, "%s * %s, %d bytes, of which the first:\n", at, s.What, s.Total)
		writeTracedBody(out, s.Text)
	default:
		fmt.Fprintf(out, "%s * %s, %d bytes:\n", at, s.What, s.Total)
		writeTracedBody(out, s.Text)
	}
}

func writeTracedBody(out io.Writer, body string) {
	for line := range strings.Lines(body) {
		fmt.Fprintf(out, "%11s | %s\n", "", numbers.Visible(cutLine(strings.TrimRight(line, "\r\n"))))
	}
}

func cutLine(line string) string {
	if len(line) <= maxTracedLine {
		return line
	}
	return line[:maxTracedLine] + "..."
}
