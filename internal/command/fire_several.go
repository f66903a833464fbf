package command

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"example.com/prober/config"
	"example.com/prober/prober"
	"example.com/prober/prober/numbers"
)

// fireTotal is the sum of several bursts that were fired together.
type fireTotal struct {
	scheduled, succeeded, failed, dropped uint64
	latency                               numbers.Latency
}

func totalOf(all []*judgedReport) fireTotal {
	var t fireTotal
	reports := make([]*numbers.Snapshot, len(all))
	for i, r := range all {
		t.scheduled += r.Scheduled
		t.succeeded += r.Succeeded
		t.failed += r.Failed
		t.dropped += r.Dropped.Total()
		reports[i] = &r.Snapshot
	}
	t.latency = numbers.LatencyOfAll(reports)
	return t
}

// writeSeveralText prints the report of each burst for people, and a table with their sum.
func writeSeveralText(out io.Writer, all []*judgedReport) error {
	for i, r := range all {
		if i > 0 {
			fmt.Fprintln(out)
		}
		if err := writeFireText(out, r); err != nil {
			return err
		}
	}
	var text bytes.Buffer
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	writeFireTotal(table, all, totalOf(all))
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := out.Write(text.Bytes())
	return err
}

func writeFireTotal(out io.Writer, all []*judgedReport, t fireTotal) {
	fmt.Fprintln(out, "\nTARGET\tDUE\tOK\tFAILED\tDROPPED\tP50\tP90\tP99\tMAX\tVERDICT")
	in := unitOf(all, func(r **judgedReport) []time.Duration { return shownLatency(&(*r).Latency) })
	row := func(name string, due, ok, failed, dropped uint64, l *numbers.Latency, verdict string) {
		fmt.Fprintf(out, "%s\t%d\t%d\t%d\t%d\t%s\t%s\t%s\t%s\t%s\n", name, due, ok, failed, dropped,
			in.format(l.P50), in.format(l.P90), in.format(l.P99), in.format(l.Max), verdict)
	}
	word := map[bool]string{true: "ok", false: "failed"}
	for _, r := range all {
		row(r.Name, r.Scheduled, r.Succeeded, r.Failed, r.Dropped.Total(), &r.Latency, word[r.isOK()])
	}
	row("all targets", t.scheduled, t.succeeded, t.failed, t.dropped, &t.latency, word[areOK(all)])
}

func areOK(all []*judgedReport) bool {
	for _, r := range all {
		if !r.isOK() {
			return false
		}
	}
	return true
}

// fireSeveralJSON is the report of several bursts. docs/fire.md describes it.
type fireSeveralJSON struct {
	Schema  int           `json:"schema"`
	OK      bool          `json:"ok"`
	Targets []*fireJSON   `json:"targets"`
	Sum     fireTotalJSON `json:"sum"`
}

type fireTotalJSON struct {
	Scheduled uint64         `json:"scheduled"`
	Succeeded uint64         `json:"succeeded"`
	Failed    uint64         `json:"failed"`
	Dropped   uint64         `json:"dropped"`
	Latency   *fireShortJSON `json:"latency"`
}

// writeSeveralJSON prints the reports and their sum as one object.
func writeSeveralJSON(out io.Writer, all []*judgedReport) error {
	t := totalOf(all)
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(fireSeveralJSON{
		Schema: fireSchema, OK: areOK(all), Targets: list(all, newFireJSON),
		Sum: fireTotalJSON{t.scheduled, t.succeeded, t.failed, t.dropped, shortJSON(&t.latency)},
	})
}

// verdictOf says why some bursts do not count as a success. It does not name a single burst.
func verdictOf(all []*judgedReport, isOne bool) error {
	if isOne {
		return verdict(all[0])
	}
	var trouble []string
	for _, r := range all {
		if err := verdict(r); err != nil {
			trouble = append(trouble, r.Name+": "+err.Error())
		}
	}
	if len(trouble) == 0 {
		return nil
	}
	return errors.New(strings.Join(trouble, "\nprober: "))
}

// planOf returns the common plan of the bursts. For several bursts, Requests is 0 unless each of them ends after a
// number of requests and has no journeys. Length is the length of the longest.
func planOf(shots []*prober.Shot, targets []config.Target) prober.Plan {
	if len(shots) == 1 {
		return shots[0].Plan()
	}
	var sum prober.Plan
	isCounted := true
	for i, s := range shots {
		p := s.Plan()
		isCounted = isCounted && p.Requests > 0 && len(targets[i].Journey) == 0
		sum.Requests += p.Requests
		sum.Length = max(sum.Length, p.Length)
	}
	if !isCounted {
		sum.Requests = 0
	}
	return sum
}

// nameOf returns the name of the bursts while they run.
func nameOf(shots []*prober.Shot) string {
	if len(shots) == 1 {
		return shots[0].Target()
	}
	return fmt.Sprintf("%d targets", len(shots))
}
