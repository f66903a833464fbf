package main

import (
	"fmt"
	"io"
	"math"
	"slices"
	"time"
)

// figure is a number of the daemon that must not grow for ever.
type figure struct {
	name, unit string
	// most is the allowed growth per hour. floor is the least growth in all that counts: less is the noise of the
	// garbage collector and of the moment.
	most, floor float64
}

// figures are the figures of a sample, in their order. A daemon that leaks a kilobyte for each of the hundred requests
// that it sends a second grows by hundreds of MiB in an hour.
func figures() []figure {
	return []figure{
		{"resident memory", "MiB", 4, 8},
		{"heap", "MiB", 2, 4},
		{"descriptors", "", 4, 32},
		{"goroutines", "", 4, 32},
		{"series", "", 200, 1000}, // a target's first request with a code adds some
		{"targets", "", 1, 30},
	}
}

// sample is the daemon's figures at some moment, in the order of the figures.
type sample struct {
	at     time.Duration // since the start
	values []float64
}

// line is the straight line through some points with the least squares.
type line struct {
	slope, stray float64 // per hour; stray is the standard error of slope
	span         float64 // hours from the first point to the last
}

// fit returns the line through the values of a figure, without the warm-up. From each group of consecutive samples it
// takes the least: a leak raises the least too, a passing peak does not.
func fit(samples []sample, figure int, warmUp time.Duration, group int) (line, bool) {
	var hours, values []float64
	kept := slices.DeleteFunc(slices.Clone(samples), func(s sample) bool { return s.at < warmUp })
	for few := range slices.Chunk(kept, group) {
		least := math.Inf(1)
		for _, s := range few {
			least = min(least, s.values[figure])
		}
		hours = append(hours, few[0].at.Hours())
		values = append(values, least)
	}
	const fewest = 4 // two make a line, and the rest its error
	if len(hours) < fewest {
		return line{}, false
	}
	return through(hours, values), true
}

// through is the textbook's: slope = Sxy/Sxx, and its error from the remaining squares.
func through(x, y []float64) line {
	n := float64(len(x))
	meanX, meanY := mean(x), mean(y)
	var sxx, sxy float64
	for i := range x {
		sxx += (x[i] - meanX) * (x[i] - meanX)
		sxy += (x[i] - meanX) * (y[i] - meanY)
	}
	l := line{slope: sxy / sxx, span: x[len(x)-1] - x[0]}
	left := 0.0
	for i := range x {
		off := y[i] - meanY - l.slope*(x[i]-meanX)
		left += off * off
	}
	l.stray = math.Sqrt(left / (n - 2) / sxx)
	return l
}

func mean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}

// grows reports whether the figure certainly grows: by more than most even at three standard errors below the slope,
// and by more than its floor.
func (f figure) grows(l line) bool {
	const sure = 3
	return l.slope-sure*l.stray > f.most && l.slope*l.span > f.floor
}

// judge prints a table of all figures and returns the names of the growing ones.
func judge(out io.Writer, samples []sample, warmUp time.Duration) (growing []string) {
	const groups = 60
	group := max(1, len(samples)/groups)
	fmt.Fprintf(out, "\n%-16s %10s %10s %10s %12s %12s %14s\n", "figure", "first", "last", "most", "per hour", "± (3 errors)", "bound per hour")
	for i, f := range figures() {
		most := 0.0
		for _, s := range samples {
			most = max(most, s.values[i])
		}
		first, last := samples[0].values[i], samples[len(samples)-1].values[i]
		l, ok := fit(samples, i, warmUp, group)
		if !ok {
			fmt.Fprintf(out, "%-16s %10.1f %10.1f %10.1f %12s\n", f.name, first, last, most, "too few")
			continue
		}
		verdict := ""
		if f.grows(l) {
			verdict = "  GROWS"
			growing = append(growing, f.name)
		}
		fmt.Fprintf(out, "%-16s %10.1f %10.1f %10.1f %+12.1f %12.1f %14.0f %s%s\n", f.name, first, last, most, l.slope, 3*l.stray, f.most, f.unit, verdict)
	}
	return growing
}
