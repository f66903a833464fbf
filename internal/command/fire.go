package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/common/promslog"

	"example.com/prober/config"
	"example.com/prober/prober"
	"example.com/prober/prober/numbers"
)

const fireHelp = `Fire one burst now and report what it came to.

TARGET is the name of a target in the configuration; several targets, and those that --selector and --all choose, are fired together. A URL, such as https://staging.example.com/, tcp://db.example.com:5432 or grpc://orders.example.com:50051, need not be in it: it gets 20 requests, at most 2 at a time, and the defaults of the configuration if --config.file is given, else those of the program. The flags for the request, its connection, what it expects and its burst go before what the configuration says; the file - is standard input. Of a target with a journey they count journeys.

The report goes to standard output. A mix has a row for each of its requests there, and a journey one for each step and how many journeys came that far. Of several targets each has a report, and a table sums them up. The exit code is 0 if every request that was due succeeded, 1 if any failed or was dropped, or a journey was interrupted, or the breaker ended the burst, and 2 if nothing could be sent. With --fail-if, or thresholds in the configuration, it is 1 if one of them holds, whatever failed. With --compare it is also 1 if the burst is worse than the one before, by the verdict or, with --fail-if='p99 worse by 10%', by that. Ctrl-C ends the burst after the requests in flight, reports what was done and makes the exit code 130; a second one ends at once.`

const fireExamples = `Examples:
  prober fire checkout
      The burst of the target checkout in prober.yml.
  prober fire checkout --burst.rate=5 --burst.duration=1m
      The same requests, five per second for a minute.
  prober fire checkout --burst.rate=null --burst.requests=100
      A closed burst instead of an open one: null takes back a key of the configuration.
  prober fire https://staging.example.com/
      20 requests at a URL, without a configuration.
  prober fire https://staging.example.com/cart -X POST -H 'Content-Type: application/json' -d '{"sku":1}' -n 200 -c 10
      200 requests of another kind, ten at a time.
  prober fire https://staging.example.com/ -z 30s -r 50 --bearer-file=token --expect.status=200 --resolve=10.0.0.7
      50 requests per second for 30 seconds, with a login, at the address of one backend.
  prober fire https://staging.example.com/ --config.file=prober.yml
      The same with the defaults of a configuration: its headers, its login, its authorities.
  prober fire checkout --fail-if='p99 > 500ms' --fail-if='error_rate > 1%'
      The exit code is 1 if one of these holds, and a failed request alone is not.
  prober fire --selector=team=shop --fail-if='error_rate > 1%'
      All targets with this label together, each judged by itself.
  prober fire checkout --compare=old.json --fail-if='p99 worse by 10%'
      Whether it is slower than it was, when --output=json wrote old.json.
  prober fire checkout --against=https://old.example.com --burst.rate=50 --burst.duration=1m
      Two versions fired in turn, 50 requests per second at each, and compared.
  prober fire checkout --wait=60s
      The same for a service that has just been started: once a request has succeeded.
  prober fire checkout --report=burst.html --report=burst.xml --report=burst.csv
      The report also as a page with charts, for the CI's list of tests, and request by request.
  prober fire checkout --output=json | jq .journey.steps
      How far the journeys of a target came, step by step.
  prober fire checkout --output=json | jq .latency.p99
      One number for a script. docs/fire.md describes the others.
`

// fireFlags are the flags of a single burst.
type fireFlags struct {
	loadFlags // not the shard: the whole burst is fired

	target  config.Pick
	stdin   io.Reader // for --config.file=-
	compare compareFlags
	trace   traceFlags
	output  string
	// reports are the files for reports, besides standard output.
	reports []string
	wait    time.Duration
	grace   time.Duration
}

func fireCommand(app *kingpin.Application) (string, command) {
	cmd := app.Command("fire", fireHelp).HelpLong(fireExamples)
	f := fireFlags{target: config.Pick{Labels: map[string]string{}, Burst: map[string]string{}, Flags: map[string][]string{}}, stdin: os.Stdin}
	f.register(cmd)
	cmd.Arg("TARGET|URL", "Name of a target of the configuration, or a URL; several are fired together.").HintAction(f.targetNames).StringsVar(&f.target.Others)
	return "fire", detached(func(ctx context.Context, c *console) error { return fire(ctx, c, f) })
}

func (f *fireFlags) register(cmd *kingpin.CmdClause) {
	f.registerSource(cmd)
	cmd.Flag("all", "Fire at all targets of the configuration.").BoolVar(&f.target.All)
	cmd.Flag("selector", "Fire at the targets of the configuration that have these labels, as in team=shop,tier=1.").PlaceHolder("LABELS").
		SetValue(&checkedFlag{name: "selector", set: f.setLabels})
	f.registerTarget(cmd)
	for _, b := range []struct{ key, example, help string }{
		{"requests", "N", "End the burst after so many requests."},
		{"duration", "TIME", "End the burst after so long, such as 30s."},
		{"rate", "N", "Send so many requests per second, however slow the answers are."},
		{"stages", "LIST", "Ramp the rate, as in [{duration: 10s, rate: 50}, {duration: 30s, rate: 50}]."},
		{"concurrency", "N", "At most so many requests in flight."},
		{"arrival", "SPACING", "How the requests of a rate are spaced: constant or poisson."},
		{"precision", "WAY", "How the time between them is waited for: sleep or spin."},
	} {
		cmd.Flag("burst."+b.key, b.help).PlaceHolder(b.example).SetValue(burstFlag{b.key, f.target.Burst})
	}
	cmd.Flag("fail-if", "Fail if this holds, such as 'p99 > 500ms', 'error_rate > 1%', 'rate < 95/s' or 'code:13.. > 0', and no longer for each request that fails. Repeat it for more.").
		PlaceHolder("THRESHOLD").StringsVar(&f.target.FailIf)
	f.compare.register(cmd)
	lengthFlag(cmd, "wait", "0s", "Before the burst, send one request a second until one succeeds, for so long at most.", &f.wait, 0)
	f.trace.register(cmd)
	choiceFlag(cmd, "output", "text", "What to print: text or json.", &f.output, "text", "json")
	f.registerReports(cmd)
	lengthFlag(cmd, "shutdown.grace", "15s", "How long requests in flight may take to end after Ctrl-C or SIGTERM; then they are cancelled.", &f.grace, 0)
}

// burstFlag is a flag for a key of a burst. The configuration checks its value.
type burstFlag struct {
	key string
	to  map[string]string
}

// Set implements kingpin.Value.
func (b burstFlag) Set(text string) error {
	b.to[b.key] = text
	return nil
}

// String implements kingpin.Value.
func (b burstFlag) String() string { return b.to[b.key] }

// fire fires one burst and prints its report. It fails unless every request succeeded.
func fire(ctx context.Context, c *console, f fireFlags) error {
	if err := f.trace.check(&f); err != nil {
		return usageError{err}
	}
	cfg, err := f.read()
	if err != nil {
		return usageError{err}
	}
	log := promslog.New(c.log)
	warn(log, cfg)
	noteFiles(log, nil, cfg)
	for i := range cfg.Targets {
		if t := &cfg.Targets[i]; len(f.target.Flags["insecure"]) > 0 && t.Connection.TLS.InsecureSkipVerify {
			log.Warn("any certificate is accepted, as --insecure asks", "target", t.Name)
		}
	}
	options := prober.Options{Log: log, Metrics: cfg.Metrics, Limits: f.limits}
	if f.trace.asked {
		return fireTraced(ctx, c, &f, cfg, options)
	}
	compared, err := f.compare.newComparison(cfg)
	if err != nil {
		return usageError{err}
	}
	shots, err := f.compare.newShots(options, cfg)
	if err != nil {
		return usageError{err}
	}
	// Before anything is sent: a burst must not be lost to a path with a slip in it.
	files, err := f.openReports()
	if err != nil {
		return err
	}
	defer files.close()
	if f.wait > 0 {
		if err := awaitTargets(ctx, c.stderr, options, cfg, f.wait); err != nil {
			return err
		}
	}
	files.observe(shots, cfg.Targets)
	samples := f.compare.collect(shots)
	await(ctx, shots, f.grace, newFireView(c.stderr, c.columns, nameOf(shots), planOf(shots, cfg.Targets)))
	if c.columns > 0 { // the bar must be gone before the report comes
		c.settle()
	}
	reports := judgeAll(shots, cfg.Targets, samples, compared)
	written := files.finish(reports, cfg.Targets)
	if err := f.write(c.stdout, reports); err != nil {
		return also(fmt.Errorf("write the report: %w", err), written)
	}
	err = also(verdictOf(reports, f.isOne()), written)
	if slices.ContainsFunc(reports, func(r *judgedReport) bool { return r.Outcome == numbers.Interrupted }) {
		return interruptedBy(ctx, err)
	}
	return err
}

// write prints the report of the burst, or of several bursts and their sum.
func (f *fireFlags) write(out io.Writer, reports []*judgedReport) error {
	isJSON := f.output == "json"
	switch {
	case f.isOne() && isJSON:
		return writeFireJSON(out, reports[0])
	case f.isOne():
		return writeFireText(out, reports[0])
	case isJSON:
		return writeSeveralJSON(out, reports)
	}
	return writeSeveralText(out, reports)
}

// read returns a configuration with only the wanted targets.
func (f *fireFlags) read() (*config.Config, error) {
	if f.target.IsEmpty() {
		return nil, errors.New("name a target or a URL, or give --selector or --all; see prober fire --help")
	}
	if f.target.NeedsNoFile() && !f.given {
		return f.parse(nil, "")
	}
	text, name, err := f.readConfig()
	if err != nil && !f.given {
		return nil, fmt.Errorf("%w; a URL, which begins with %s, needs no file", err, config.URLBeginnings())
	}
	if err != nil {
		return nil, err
	}
	return f.parse(text, name)
}

// isOne reports whether one burst is fired.
func (f *fireFlags) isOne() bool { return f.target.IsOne() && f.compare.against == "" }

// await fires the bursts together and shows their progress. If ctx ends, no further request
// starts, and requests in flight have the grace time to end. It returns only when all
// bursts have ended: after cancel that takes no longer than an engine may hold a request.
func await(ctx context.Context, shots []*prober.Shot, grace time.Duration, view *fireView) {
	// Not from ctx: its end stops the sending, and must not cut off requests in flight.
	requests, cancel := context.WithCancel(context.Background())
	defer cancel()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		var all sync.WaitGroup
		for _, shot := range shots {
			all.Go(func() { shot.Fire(ctx, requests) })
		}
		all.Wait()
	}()
	defer view.end()
	tick := time.NewTicker(view.every)
	defer tick.Stop()
	interrupt := ctx.Done()
	var graceOver <-chan time.Time
	for {
		select {
		case <-ended:
			return
		case <-tick.C:
			view.show(prober.ProgressOf(shots...))
		case <-interrupt:
			// A closed channel would be chosen again at once, for ever.
			interrupt = nil
			graceOver = time.After(grace)
			view.interrupt(prober.ProgressOf(shots...), grace)
		case <-graceOver:
			view.cancel(prober.ProgressOf(shots...))
			cancel()
		}
	}
}

// verdict says why the burst does not count as a success.
func verdict(r *judgedReport) error {
	if r.isOK() {
		return nil
	}
	trouble := r.broken()
	if len(r.thresholds) == 0 {
		trouble = append(failureTrouble(r.Report), r.comparison.trouble()...)
	}
	switch {
	case r.Outcome == numbers.Interrupted:
		trouble = append(trouble, "the burst was interrupted")
	case r.Outcome == numbers.Broken:
		trouble = append(trouble, "the target's breaker ended the burst")
	case r.Scheduled == 0:
		trouble = append(trouble, "no request was due")
	}
	return errors.New(strings.Join(trouble, "; "))
}

// failureTrouble says how many requests and journeys did not succeed.
func failureTrouble(r *numbers.Report) (trouble []string) {
	if n := r.Scheduled - r.Dropped.Total(); r.Failed > 0 {
		trouble = append(trouble, fmt.Sprintf("%d of %d requests failed", r.Failed, n))
	}
	if n := r.Dropped.Total(); n > 0 {
		trouble = append(trouble, fmt.Sprintf("%d of %d requests were never sent", n, r.Scheduled))
	}
	if j := r.Journey; j != nil && j.Count(numbers.JourneyInterrupted) > 0 {
		trouble = append(trouble, fmt.Sprintf("%d of %d journeys were interrupted", j.Count(numbers.JourneyInterrupted), r.Rows[0].Scheduled))
	}
	return trouble
}
