package command

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/alecthomas/kingpin/v2"

	"example.com/prober/config"
	"example.com/prober/errcode"
	"example.com/prober/prober"
	"example.com/prober/prober/numbers"
)

// maxTracedBody bounds the part of a body in a trace, in bytes.
const maxTracedBody = 1 << 20

// traceFlags are the flags of a trace.
type traceFlags struct {
	asked   bool
	request string
	body    int
}

func (t *traceFlags) register(cmd *kingpin.CmdClause) {
	cmd.Flag("trace", "Send one request, and print all that happens to it instead of a report. With a journey, send its steps until one fails.").BoolVar(&t.asked)
	cmd.Flag("trace-request", "With a mix, send the request with this name instead of the first.").PlaceHolder("NAME").StringVar(&t.request)
	sizeFlag(cmd, "trace-body", "1KiB", "Print at most this much of each body, up to 1MiB.", &t.body)
}

// check returns an error about flags that exclude a trace.
func (t *traceFlags) check(f *fireFlags) error {
	burst := len(f.target.Burst) > 0
	for _, flag := range []string{"requests", "concurrency", "duration", "rate"} {
		burst = burst || len(f.target.Flags[flag]) > 0
	}
	switch {
	case !t.asked && t.request != "":
		return errors.New("--trace-request needs --trace")
	case !t.asked:
		return nil
	case !f.target.IsOne():
		return errors.New("--trace needs exactly one target, as a name or a URL")
	case burst:
		return errors.New("--trace sends one request: it cannot be combined with flags for the burst")
	case len(f.reports) > 0:
		return errors.New("--trace prints what happens to one request: it cannot be combined with --report")
	case f.compare.isGiven():
		return errors.New("--trace sends one request: it cannot be combined with --compare and --against")
	case len(f.target.FailIf) > 0:
		return errors.New("--trace sends one request: it cannot be combined with --fail-if")
	case f.output != "text":
		return errors.New("--trace prints text: it cannot be combined with --output")
	case t.body > maxTracedBody:
		return errors.New("--trace-body must be 0 to 1MiB")
	}
	return nil
}

// fireTraced sends one request, or goes through one journey, and prints the result.
func fireTraced(ctx context.Context, c *console, f *fireFlags, cfg *config.Config, o prober.Options) error {
	t, err := prober.ToTrace(cfg.Targets[0], f.trace.request)
	if err != nil {
		return usageError{fmt.Errorf("--trace-request: %w", err)}
	}
	shot, err := prober.NewTracedShot(o, t, f.trace.body, cfg.Network)
	if err != nil {
		return usageError{err}
	}
	if f.wait > 0 {
		if err := awaitTargets(ctx, c.stderr, o, cfg, f.wait); err != nil {
			return err
		}
	}
	shots := []*prober.Shot{shot}
	await(ctx, shots, f.grace, newFireView(c.stderr, c.columns, nameOf(shots), shot.Plan()))
	if c.columns > 0 {
		c.settle()
	}
	report, traced := shot.Report(), shot.Traced()
	if err := writeTrace(c.stdout, &traced, &report); err != nil {
		return fmt.Errorf("write the trace: %w", err)
	}
	err = verdict(judge(&report, nil))
	if report.Outcome == numbers.Interrupted {
		return interruptedBy(ctx, err)
	}
	return err
}

// traceHint says how to see one request in full, if some failed and the target has a name.
func traceHint(r *numbers.Report) string {
	isSent := func(c numbers.CodeCount) bool { return c.Code != errcode.OK && c.Count > 0 }
	if !slices.ContainsFunc(r.Codes, isSent) {
		return ""
	}
	name := r.Name
	if strings.Contains(name, "://") {
		name = "URL"
	}
	return fmt.Sprintf("prober fire %s --trace shows one request in full.\n", name)
}
