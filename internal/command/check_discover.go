package command

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"text/tabwriter"
	"time"

	"example.com/prober/config"
	"example.com/prober/discover"
	"example.com/prober/prober"
)

const (
	// settled is how long the found targets must stay the same to count as complete.
	settled = 500 * time.Millisecond
	// closeWithin is how long discoveries have to end after a check.
	closeWithin = time.Second
	// leftOutShown bounds the number of printed targets that a discovery left out.
	leftOutShown = 100
)

// checkDiscoveries runs the discoveries of cfg for a while and prints what they found. It returns cfg with the found
// targets, and the mistakes of the discoveries.
func checkDiscoveries(ctx context.Context, c *console, cfg *config.Config, f *checkFlags) (all *config.Config, wrong error) {
	if err := discover.Check(cfg.Discover); err != nil || f.discover == 0 || len(cfg.Discover) == 0 {
		return cfg, err
	}
	set := discover.New(slog.New(slog.DiscardHandler))
	change, err := set.Prepare(cfg.Discover)
	if err != nil {
		return cfg, err
	}
	change.Commit()
	defer endDiscoveries(set)
	ctx, cancel := context.WithTimeout(ctx, f.discover)
	defer cancel()
	awaitFound(ctx, set)
	found := set.Targets(cfg.Targets)
	refused := prober.CheckFound(cfg, found, f.limits, f.shard)
	set.Refused(refused, reasonOf)
	found = slices.DeleteFunc(found, func(t config.Target) bool { return refused[t.Name] != nil })
	if err := printFound(c, set, found); err != nil {
		return cfg, err
	}
	together := *cfg
	together.Targets = slices.Concat(cfg.Targets, found)
	return &together, failuresOf(set)
}

// awaitFound waits until each mechanism has delivered its targets and nothing has changed
// for a while, or until ctx ends. Mechanisms may deliver their targets in several updates,
// and do not say which is the last.
func awaitFound(ctx context.Context, set *discover.Set) {
	quiet := time.NewTimer(settled)
	defer quiet.Stop()
	for {
		select {
		case <-set.Changed():
			quiet.Reset(settled)
		case <-quiet.C:
			if set.IsIn() {
				return
			}
			quiet.Reset(settled)
		case <-ctx.Done():
			return
		}
	}
}

func endDiscoveries(set *discover.Set) {
	set.Close()
	ctx, cancel := context.WithTimeout(context.Background(), closeWithin)
	defer cancel()
	_ = set.Wait(ctx) // the process ends anyway
}

// printFound prints the found targets, and those left out, with the reason.
func printFound(c *console, set *discover.Set, found []config.Target) error {
	urls := make(map[string]string, len(found))
	for i := range found {
		u := *found[i].URL
		// A query often holds a token.
		u.RawQuery = ""
		urls[found[i].Name] = u.Redacted()
	}
	table := tabwriter.NewWriter(c.stdout, 0, 0, 2, ' ', 0)
	for _, st := range set.Status() {
		fmt.Fprintf(table, "discover %s: %d of %d found targets are used\n", st.Name, st.Targets, st.Found)
		all, _ := set.Found(discover.Filter{Discover: st.Name}, 0, st.Found)
		left := 0
		for _, one := range all {
			switch {
			case one.Reason == "":
				fmt.Fprintf(table, "  %s\t%s\n", one.Target, urls[one.Target])
			case left < leftOutShown:
				fmt.Fprintf(table, "  left out\t%s: %s\n", one.Reason, one.Why)
				left++
			}
		}
	}
	return table.Flush()
}

// failuresOf returns an error with the names of the mechanisms that did not work.
func failuresOf(set *discover.Set) error {
	var errs []error
	for _, st := range set.Status() {
		for _, m := range st.Mechanisms {
			switch {
			case !m.IsIn:
				errs = append(errs, fmt.Errorf("discover %s: %s has not answered in time", st.Name, m.Name))
			case !m.FailingSince.IsZero():
				errs = append(errs, fmt.Errorf("discover %s: %s fails: %s", st.Name, m.Name, m.LastError))
			}
		}
	}
	return errors.Join(errs...)
}
