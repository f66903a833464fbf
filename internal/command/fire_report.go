package command

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"example.com/prober/prober/numbers"
)

const (
	// histogramBar is the length of the bar in a histogram's fullest row.
	histogramBar = 40
	// shownFailures is the number of printed failures.
	shownFailures = 5
)

// writeFireText prints the report of a burst for people.
func writeFireText(out io.Writer, j *judgedReport) error {
	r := j.Report
	var text bytes.Buffer
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	writeFireSummary(table, r)
	writeFireThresholds(table, j.thresholds)
	writeFireComparison(table, j.comparison)
	writeFireRequests(table, r.Rows)
	writeFireFunnel(table, r)
	writeFireHistogram(table, r.Latency.Rows)
	writeFirePhases(table, r.Phases)
	writeFireCodes(table, r)
	writeFireFailures(table, r.Failures)
	fmt.Fprint(table, traceHint(r))
	if err := table.Flush(); err != nil {
		return err
	}
	// The table pads the last column too, and blanks at the ends of lines would be in
	// everybody's tickets.
	_, err := out.Write(regexp.MustCompile(` +\n`).ReplaceAll(text.Bytes(), []byte("\n")))
	return err
}

func writeFireSummary(out io.Writer, r *numbers.Report) {
	if r.Name != r.URL {
		fmt.Fprintf(out, "%s  ", r.Name)
	}
	fmt.Fprintf(out, "%s\nfired %s, %s %s\n\n", r.URL, r.LastStart.UTC().Format(time.DateTime+" UTC"),
		r.Outcome.Words(), shortDuration(r.Duration))
	fmt.Fprintf(out, "requests\t%d due: %d succeeded, %d failed, %d dropped%s\n", r.Scheduled, r.Succeeded, r.Failed, r.Dropped.Total(), dropWords(r.Dropped.ByReason()))
	writeFireCut(out, r)
	writeFireJourneys(out, r)
	writeFireRate(out, r)
	writeFireReceiveLag(out, r)
	if workers, isShort := r.Shortage(); isShort {
		fmt.Fprintf(out, "workers\ttoo few: %s\n", workers)
	}
	writeFireCounters(out, &r.Counters)
	writeFireDNS(out, &r.DNS)
	writeFireTLS(out, r)
	if l := r.Latency; l.Count > 0 {
		fmt.Fprintf(out, "latency\tp50 %s, p90 %s, p95 %s, p99 %s, p99.9 %s\n", shortDuration(l.P50), shortDuration(l.P90),
			shortDuration(l.P95), shortDuration(l.P99), shortDuration(l.P999))
		w := &l.Widths
		fmt.Fprintf(out, "\tabove the true value by at most %s, %s, %s, %s, %s\n", shortDuration(w.P50), shortDuration(w.P90),
			shortDuration(w.P95), shortDuration(w.P99), shortDuration(w.P999))
		fmt.Fprintf(out, "\tmean %s, max %s\n", shortDuration(l.Mean), shortDuration(l.Max))
	}
}

func perSecond(rate float64) string {
	if rate == 0 {
		return "-"
	}
	if rate >= 1000 {
		return fmt.Sprintf("%.0f/s", rate)
	}
	return fmt.Sprintf("%.4g/s", rate)
}

// dropWords lists the reasons: " (timeout: 3)".
func dropWords(drops []numbers.DropCount) string {
	if len(drops) == 0 {
		return ""
	}
	words := make([]string, len(drops))
	for i, d := range drops {
		words[i] = fmt.Sprintf("%s: %d", d.Reason, d.Count)
	}
	return " (" + strings.Join(words, ", ") + ")"
}

func writeFireTLS(out io.Writer, r *numbers.Report) {
	if r.TLS == nil {
		return
	}
	alpn := ""
	if r.TLS.ALPN != "" {
		alpn = ", ALPN " + r.TLS.ALPN
	}
	fmt.Fprintf(out, "tls\t%s, %s%s\n", r.TLS.Version, r.TLS.Cipher, alpn)
	for _, c := range []struct {
		what string
		end  time.Time
	}{
		{"certificate", r.TLS.LeafNotAfter},
		{"chain", r.TLS.EarliestNotAfter},
		{"client certificate", r.ClientNotAfter},
	} {
		same := c.what == "chain" && c.end.Equal(r.TLS.LeafNotAfter)
		if !c.end.IsZero() && !same {
			fmt.Fprintf(out, "%s\t%s\n", c.what, validity(c.end, r.LastStart))
		}
	}
	if r.TLS.Unverified {
		fmt.Fprintln(out, "\tnot verified, because insecure_skip_verify is true")
	}
}

// validity says when a certificate ends, as seen at from.
func validity(end, from time.Time) string {
	date := end.UTC().Format(time.DateTime + " UTC")
	days := end.Sub(from).Hours() / 24
	if days < 0 {
		return fmt.Sprintf("ended %s, %.1f days ago", date, -days)
	}
	return fmt.Sprintf("ends %s, in %.1f days", date, days)
}

// writeFireHistogram prints how many requests took how long.
func writeFireHistogram(out io.Writer, rows []numbers.Bucket) {
	if len(rows) == 0 {
		return
	}
	fullest := slices.MaxFunc(rows, func(a, b numbers.Bucket) int { return cmp.Compare(a.Count, b.Count) })
	in := unitOf(rows, func(b *numbers.Bucket) []time.Duration { return []time.Duration{b.Upper} })
	fmt.Fprintln(out, "\nLATENCY UP TO\tREQUESTS\t")
	for _, row := range rows {
		bar := math.Ceil(float64(row.Count) / float64(fullest.Count) * histogramBar)
		fmt.Fprintf(out, "%s\t%d\t%s\n", in.format(row.Upper), row.Count, strings.Repeat("#", int(bar)))
	}
}

func writeFirePhases(out io.Writer, phases []numbers.PhaseTime) {
	if len(phases) == 0 {
		return
	}
	in := unitOf(phases, func(p *numbers.PhaseTime) []time.Duration { return []time.Duration{p.Mean, p.P99} })
	fmt.Fprintln(out, "\nPHASE\tREQUESTS\tMEAN\tP99") // 0 is within the resolution of the clock
	for _, p := range phases {
		fmt.Fprintf(out, "%s\t%d\t%s\t%s\n", p.Phase, p.Count, in.format(p.Mean), in.format(p.P99))
	}
}

func writeFireCodes(out io.Writer, r *numbers.Report) {
	if len(r.Codes) > 0 {
		fmt.Fprintln(out, "\nCODE\tRANGE\tNAME\tREQUESTS\tSHARE\tMEANING")
	}
	for _, c := range r.Codes {
		share := 100 * float64(c.Count) / float64(r.Succeeded+r.Failed)
		fmt.Fprintf(out, "%s\t%s\t%s\t%d\t%.3g %%\t%s\n", c.Code, c.Code.Range(), c.Code.Name(), c.Count, share, c.Code.Meaning())
	}
	responses := r.ResponsesByCount()
	if len(responses) > 0 {
		fmt.Fprintln(out, "\nSTATUS\tHTTP\tRESPONSES")
	}
	for _, c := range responses {
		fmt.Fprintf(out, "%d\t%s\t%d\n", c.Status, c.Version, c.Count)
	}
}

// writeFireFailures prints the last failures, each the first of its kind.
func writeFireFailures(out io.Writer, failures []numbers.Failure) {
	if len(failures) == 0 {
		return
	}
	in := unitOf(failures, func(f *numbers.Failure) []time.Duration { return []time.Duration{f.Duration} })
	fmt.Fprintln(out, "\nFIRST FAILURE AT\tCODE\tPHASE\tTOOK\tREQUESTS\tERROR")
	for _, f := range failures[:min(len(failures), shownFailures)] {
		text := "-"
		if f.Text != "" {
			text = strconv.Quote(f.Text)
		}
		fmt.Fprintf(out, "%s\t%s %s\t%s\t%s\t%d\t%s\n", f.Time.UTC().Format("15:04:05.000"),
			f.Code, f.Code.Name(), f.Phase, in.format(f.Duration), f.Count, text)
	}
	fmt.Fprintf(out, "\nprober codes %s says what that means and where to look first.\n", failures[0].Code)
}
