package closed

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"time"

	"example.com/prober/bench/rig"
)

// Program starts a program that ends by itself. Its output goes to a file in dir, and parse reads it.
func Program(
	ctx context.Context, r *rig.Rig, dir string, command []string, parse func(ctx context.Context, printed string) (Report, error),
) (*Attempt, error) {
	file := filepath.Join(dir, "printed")
	output, err := os.Create(file)
	if err != nil {
		return nil, err
	}
	defer output.Close()
	p, err := r.StartClient(ctx, output, command[0], command[1:]...)
	if err != nil {
		return nil, err
	}
	finish := func(ctx context.Context) (Report, error) {
		waitErr := p.Wait(ctx)
		printed, err := os.ReadFile(file)
		if err := errors.Join(waitErr, err); err != nil {
			return Report{}, fmt.Errorf("%w: %s", err, printed)
		}
		report, err := parse(ctx, string(printed))
		if err != nil {
			return Report{}, fmt.Errorf("%w in:\n%s", err, printed)
		}
		return report, nil
	}
	return &Attempt{p, finish}, nil
}

// Finder reads figures from the output of a program. The first missing figure is the error.
type Finder struct {
	Text string
	Err  error
}

func (f *Finder) find(pattern string) string {
	match := regexp.MustCompile(pattern).FindStringSubmatch(f.Text)
	if match == nil {
		if f.Err == nil {
			f.Err = fmt.Errorf("no match for %s", pattern)
		}
		return "0"
	}
	return match[1]
}

// Number returns the number in the first group of a pattern.
func (f *Finder) Number(pattern string) float64 {
	n, err := strconv.ParseFloat(f.find(pattern), 64)
	if f.Err == nil {
		f.Err = err
	}
	return n
}

// Duration does the same with a duration, in seconds.
func (f *Finder) Duration(pattern string) float64 {
	d, err := time.ParseDuration(f.find(pattern))
	if f.Err == nil {
		f.Err = err
	}
	return d.Seconds()
}
