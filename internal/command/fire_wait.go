package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"example.com/prober/config"
	"example.com/prober/errcode"
	"example.com/prober/prober"
	"example.com/prober/prober/numbers"
)

// waitPause is the pause before the next try at a target that does not succeed yet.
const waitPause = time.Second

// awaitTargets waits for one target after another. most bounds the whole wait.
func awaitTargets(ctx context.Context, out io.Writer, o prober.Options, cfg *config.Config, most time.Duration) error {
	end, left := time.Now().Add(most), most
	for i := range cfg.Targets {
		one := *cfg
		one.Targets = cfg.Targets[i : i+1]
		if err := awaitTarget(ctx, out, o, &one, left); err != nil {
			return err
		}
		left = max(time.Until(end).Round(time.Millisecond), time.Millisecond)
	}
	return nil
}

// awaitTarget sends one request after another until one succeeds or the time most is over. It prints to out why it
// waits. It gives up at once on a failure that waiting cannot change.
func awaitTarget(ctx context.Context, out io.Writer, o prober.Options, cfg *config.Config, most time.Duration) error {
	t := cfg.Targets[0]
	t.Burst = config.Burst{Requests: 1, Concurrency: 1}
	t.Breaker = nil
	t.Journey = t.Journey[:min(1, len(t.Journey))] // one request is enough
	over, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	var last numbers.Failure
	for {
		shot, err := prober.NewShot(o, t, cfg.Network)
		if err != nil {
			return usageError{err}
		}
		shot.Fire(over, over)
		report := shot.Report()
		switch {
		case ctx.Err() != nil:
			return interruptedBy(ctx, errors.New("interrupted while waiting for the target"))
		case over.Err() != nil:
			return fmt.Errorf("%s did not succeed within %s%s", t.Name, most, failureWords(last))
		case len(report.Failures) == 0:
			return nil
		case isForGood(report.Failures[0].Code):
			return fmt.Errorf("%s cannot succeed%s", t.Name, failureWords(report.Failures[0]))
		}
		if f := report.Failures[0]; f.Code != last.Code {
			fmt.Fprintf(out, "prober: waiting for %s, %s at most%s\n", t.Name, most, failureWords(f))
		}
		last = report.Failures[0]
		pause(over, waitPause)
	}
}

// isForGood reports whether the configuration makes the request fail: then the next one will fail, too.
func isForGood(c errcode.Code) bool { return c == errcode.BlockedIP || c == errcode.BlockedHost }

// failureWords returns ": 1212 refused", or "" for none.
func failureWords(f numbers.Failure) string {
	if f.Code == errcode.OK {
		return ""
	}
	return fmt.Sprintf(": %s %s", f.Code, f.Code.Name())
}

// pause waits for d or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
