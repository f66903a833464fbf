package command

import (
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/schollz/progressbar/v3"

	"example.com/prober/prober"
)

const (
	fireBar = 30 // how long the bar is where there is room
	// fireWords is how much room the percentage and the words beside the bar need.
	fireWords = 60
)

// fireView shows on standard error how far a burst has come: as a bar where that
// is a terminal, else as a line now and then.
type fireView struct {
	out   io.Writer
	name  string
	plan  prober.Plan
	every time.Duration
	bar   *progressbar.ProgressBar // nil without a terminal
}

// newFireView returns a view for a terminal that is so many columns wide, or for what
// is no terminal if columns is 0.
func newFireView(out io.Writer, columns int, name string, plan prober.Plan) *fireView {
	v := &fireView{out: out, name: name, plan: plan, every: 10 * time.Second}
	if columns == 0 {
		return v
	}
	v.every = 100 * time.Millisecond
	v.bar = progressbar.NewOptions64(v.size(),
		progressbar.OptionSetWriter(out),
		progressbar.OptionSetWidth(min(fireBar, max(columns-fireWords, 1))),
		progressbar.OptionShowDescriptionAtLineEnd(),
		progressbar.OptionSetPredictTime(false),
		progressbar.OptionSetElapsedTime(false),
		progressbar.OptionSetTheme(progressbar.Theme{Saucer: "#", SaucerPadding: " ", BarStart: "[", BarEnd: "]"}),
		progressbar.OptionClearOnFinish())
	return v
}

// show brings the view up to date.
func (v *fireView) show(p prober.Progress) {
	if v.bar == nil {
		fmt.Fprintf(v.out, "prober: %s: %s\n", v.name, v.line(p))
		return
	}
	v.bar.Describe(v.line(p))
	_ = v.bar.Set64(v.position(p)) // it is within the size, and a terminal that has gone needs no bar
}

// interrupted says that the burst goes on for a while only.
func (v *fireView) interrupted(p prober.Progress, grace time.Duration) {
	v.end()
	fmt.Fprintf(v.out, "prober: interrupted: waiting for %d requests in flight, %s at most; a second Ctrl-C ends at once\n", p.InFlight, grace)
}

// end takes the bar away.
func (v *fireView) end() {
	if v.bar != nil {
		_ = v.bar.Clear() // as above
	}
}

// size is what the bar is full at: a number of requests or, where there is none,
// of milliseconds.
func (v *fireView) size() int64 {
	if v.plan.Requests > 0 {
		return int64(v.plan.Requests)
	}
	return max(v.plan.Length.Milliseconds(), 1)
}

func (v *fireView) position(p prober.Progress) int64 {
	at := int64(p.Ended + p.Dropped)
	if j := p.Journeys; j != nil {
		at = int64(j.Ended + j.Dropped)
	}
	if v.plan.Requests == 0 {
		at = p.Elapsed.Milliseconds()
	}
	return min(at, v.size())
}

// line counts requests or, where there are journeys, these.
func (v *fireView) line(p prober.Progress) string {
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
