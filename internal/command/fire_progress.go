package command

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"

	"example.com/prober/prober"
)

const (
	fireBar = 30 // the length of the bar if there is room
	// fireWords is the room for the percentage and the words beside the bar.
	fireWords = 60
	// fireFrame is the part of it for the bar's ends and the percentage.
	fireFrame = 9
	// eraseBelow is the control sequence to erase from the cursor to the end of the screen (ECMA-48, ED).
	eraseBelow = "\x1b[J"
)

// fireView shows the progress of a burst on standard error. On a terminal it is a bar, with the results so far below
// it; elsewhere it is a line now and then.
type fireView struct {
	out     io.Writer
	columns int // of the terminal
	name    string
	plan    prober.Plan
	every   time.Duration
	bar     *progressbar.ProgressBar // nil without a terminal
	// until is when requests in flight are cancelled; zero before the burst is interrupted.
	until time.Time
}

// newFireView returns a view for a terminal of this width. columns is 0 if out is not a terminal.
func newFireView(out io.Writer, columns int, name string, plan prober.Plan) *fireView {
	v := &fireView{out: out, columns: columns, name: name, plan: plan, every: 10 * time.Second}
	if columns == 0 {
		return v
	}
	v.every = 200 * time.Millisecond
	v.bar = progressbar.NewOptions64(v.size(),
		progressbar.OptionSetWriter(out),
		progressbar.OptionSetWidth(v.barWidth()),
		progressbar.OptionShowDescriptionAtLineEnd(),
		progressbar.OptionSetPredictTime(false),
		progressbar.OptionSetElapsedTime(false),
		progressbar.OptionSetMaxDetailRow(1),
		progressbar.OptionSetTheme(progressbar.Theme{Saucer: "#", SaucerPadding: " ", BarStart: "[", BarEnd: "]"}),
		progressbar.OptionClearOnFinish())
	return v
}

// barWidth leaves room for the words beside the bar.
func (v *fireView) barWidth() int { return min(fireBar, max(v.columns-fireWords, 1)) }

// show updates the view. It ignores errors: a terminal that has gone needs no view.
func (v *fireView) show(p prober.Progress) {
	if v.bar == nil {
		line := v.line(p)
		if results := resultsLine(p); results != "" {
			line += "; " + results
		}
		fmt.Fprintf(v.out, "prober: %s: %s\n", v.name, line)
		return
	}
	v.bar.Describe(cut(v.line(p), v.columns-v.barWidth()-fireFrame))
	_ = v.bar.Set64(v.position(p))
	_ = v.bar.AddDetail(cut(resultsLine(p), v.columns-1))
}

// interrupt says that the burst goes on only for the grace time.
func (v *fireView) interrupt(p prober.Progress, grace time.Duration) {
	v.end()
	v.until = time.Now().Add(grace)
	if p.InFlight == 0 {
		fmt.Fprintln(v.out, "prober: interrupted: no request is in flight")
		return
	}
	fmt.Fprintf(v.out, "prober: interrupted: waiting for %s in flight, %s at most; a second Ctrl-C ends at once\n", requestsWord(p.InFlight), grace)
}

// cancel says that the requests in flight have used up their time.
func (v *fireView) cancel(p prober.Progress) {
	v.end()
	if p.InFlight > 0 {
		fmt.Fprintf(v.out, "prober: cancelling %s still in flight\n", requestsWord(p.InFlight))
	}
}

// end removes the bar and the row below it.
func (v *fireView) end() {
	if v.bar != nil {
		_ = v.bar.Clear() // as above
		fmt.Fprint(v.out, eraseBelow)
	}
}

// size is the value of a full bar: a number of requests or, if there is no such number, of milliseconds.
func (v *fireView) size() int64 {
	if v.plan.Requests > 0 {
		return int64(v.plan.Requests)
	}
	return max(v.plan.Length.Milliseconds(), 2)
}

// position never fills the bar: a full bar disappears, and requests may still be in flight.
func (v *fireView) position(p prober.Progress) int64 {
	at := int64(p.Ended + p.Dropped)
	if j := p.Journeys; j != nil {
		at = int64(j.Ended + j.Dropped)
	}
	if v.plan.Requests == 0 {
		at = p.Elapsed.Milliseconds()
	}
	return min(at, v.size()-1)
}

// line counts requests or, if there are any, journeys. After an interrupt it says what the program waits for.
func (v *fireView) line(p prober.Progress) string {
	if !v.until.IsZero() {
		return fmt.Sprintf("waiting for %s in flight, %s left", requestsWord(p.InFlight), max(time.Until(v.until), 0).Round(time.Second))
	}
	what, ended, failed, waiting, dropped := "requests", p.Ended, p.Failed, p.Waiting, p.Dropped
	if j := p.Journeys; j != nil {
		what, ended, failed, waiting, dropped = "journeys", j.Ended, j.Failed, j.Waiting, j.Dropped
	}
	text := strconv.FormatUint(ended, 10)
	if v.plan.Requests > 0 {
		text += fmt.Sprintf(" of %d", v.plan.Requests)
	}
	text += fmt.Sprintf(" %s, %d failed", what, failed)
	if waiting > 0 {
		text += fmt.Sprintf(", %d waiting", waiting)
	}
	if dropped > 0 {
		text += fmt.Sprintf(", %d dropped", dropped)
	}
	return fmt.Sprintf("%s, %s", text, p.Elapsed.Round(time.Second))
}

// resultsLine returns the results so far; "" until a request has ended.
func resultsLine(p prober.Progress) string {
	if p.Ended == 0 {
		return ""
	}
	var parts []string
	if rate := p.Rate(); rate > 0 {
		parts = append(parts, perSecond(rate))
	}
	if p.P99 > 0 {
		parts = append(parts, "p50 "+shortDuration(p.P50), "p99 "+shortDuration(p.P99))
	}
	return strings.Join(append(parts, codeWords(p.Codes)), ", ")
}

// requestsWord returns "1 request" or "2 requests".
func requestsWord(n uint64) string {
	if n == 1 {
		return "1 request"
	}
	return strconv.FormatUint(n, 10) + " requests"
}

// cut shortens an ASCII text to columns.
func cut(text string, columns int) string {
	const dots = "..."
	if len(text) <= columns {
		return text
	}
	return text[:max(columns-len(dots), 0)] + dots[:min(max(columns, 0), len(dots))]
}
