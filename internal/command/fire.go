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

const fireHelp = `Fire one burst now and print a report.

TARGET is the name of a target in the configuration. Several targets are fired together, and so are the targets of --selector and --all. A URL needs no configuration, such as https://staging.example.com/, tcp://db.example.com:5432 or grpc://orders.example.com:50051. It gets 20 requests, at most 2 at a time. Its other settings are the defaults of the configuration if you give --config.file, and otherwise the defaults of the program. Flags for the request, its connection, its expectations and its burst override the configuration. --config.file=- reads standard input. With a journey, the flags of the burst count journeys instead of requests.

The report goes to standard output. For a mix it has a row for each request. For a journey it has a row for each step with the number of journeys that reached it. Several targets have a report each, and a table with their sums.

The exit code is 0 if every request that was due succeeded. It is 1 if a request failed or was dropped, if a journey was interrupted, or if the breaker ended the burst. It is 2 if nothing could be sent. With --fail-if, or with thresholds in the configuration, it is 1 if one of these conditions holds, and failed requests alone do not count. With --compare it is also 1 if the burst is worse than the earlier one; a threshold such as --fail-if='p99 worse by 10%' then decides instead of the verdict. Ctrl-C ends the burst after the requests in flight and prints the report. The exit code is then 130. A second Ctrl-C ends the program at once.`

const fireExamples = `Examples:
  prober fire checkout
      Fire the burst of the target checkout in prober.yml.
  prober fire checkout --burst.rate=5 --burst.duration=1m
      Send the same requests, five per second for a minute.
  prober fire checkout --burst.rate=null --burst.requests=100
      Fire a closed burst instead of an open one: null removes a key of the configuration.
  prober fire https://staging.example.com/
      Send 20 requests to a URL, without a configuration.
  prober fire https://staging.example.com/cart -X POST -H 'Content-Type: application/json' -d '{"sku":1}' -n 200 -c 10
      Send 200 POST requests, ten at a time.
  prober fire https://staging.example.com/ -z 30s -r 50 --bearer-file=token --expect.status=200 --resolve=10.0.0.7
      Send 50 requests per second for 30 seconds, with a login, to the address of one backend.
  prober fire https://staging.example.com/ --config.file=prober.yml
      Use the defaults of a configuration for a URL: its headers, its login, its certificate authorities.
  prober fire checkout --fail-if='p99 > 500ms' --fail-if='error_rate > 1%'
      Exit with 1 if one of these conditions holds. A failed request alone does not count.
  prober fire --selector=team=shop --fail-if='error_rate > 1%'
      Fire all targets with this label together, and judge each of them by itself.
  prober fire checkout --compare=old.json --fail-if='p99 worse by 10%'
      Compare with an earlier burst, whose report --output=json printed to old.json. Fail if the p99 is 10 % worse.
  prober fire checkout --against=https://old.example.com --burst.rate=50 --burst.duration=1m
      Fire at two versions in turn, 50 requests per second at each, and compare them.
  prober fire checkout --wait=60s
      Wait until one request succeeds, then fire. This is for a service that has just been started.
  prober fire checkout --report=burst.html --report=burst.xml --report=burst.csv
      Also write the report as a page with charts, as a list of tests for CI, and as one line for each request.
  prober fire checkout --output=json | jq .journey.steps
      Print how many journeys of a target reached each step.
  prober fire checkout --output=json | jq .latency.p99
      Print one number for a script. docs/fire.md describes the others.
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
	cmd.Arg("TARGET|URL", "Name of a target in the configuration, or a URL. Several are fired together.").HintAction(f.targetNames).StringsVar(&f.target.Others)
	return "fire", detached(func(ctx context.Context, c *console) error { return fire(ctx, c, f) })
}

func (f *fireFlags) register(cmd *kingpin.CmdClause) {
	f.registerSource(cmd)
	cmd.Flag("all", "Fire at all targets in the configuration.").BoolVar(&f.target.All)
	cmd.Flag("selector", "Fire at the targets in the configuration with these labels, such as team=shop,tier=1.").PlaceHolder("LABELS").
		SetValue(&checkedFlag{name: "selector", set: f.setLabels})
	f.registerTarget(cmd)
	for _, b := range []struct{ key, example, help string }{
		{"requests", "N", "End the burst after this many requests."},
		{"duration", "TIME", "End the burst after this time, such as 30s."},
		{"rate", "N", "Send this many requests per second, even if the answers are slow."},
		{"stages", "LIST", "Change the rate in stages, such as [{duration: 10s, rate: 50}, {duration: 30s, rate: 50}]."},
		{"concurrency", "N", "Keep at most this many requests in flight."},
		{"arrival", "SPACING", "How to space the requests of a rate: constant or poisson."},
		{"precision", "WAY", "How to wait for the next request of a rate: sleep or spin."},
	} {
		cmd.Flag("burst."+b.key, b.help).PlaceHolder(b.example).SetValue(burstFlag{b.key, f.target.Burst})
	}
	cmd.Flag("fail-if", "Fail if this condition holds, such as 'p99 > 500ms', 'error_rate > 1%', 'rate < 95/s' or 'code:13.. > 0'. Then a failed request alone does not count. Repeat it for more.").
		PlaceHolder("THRESHOLD").StringsVar(&f.target.FailIf)
	f.compare.register(cmd)
	lengthFlag(cmd, "wait", "0s", "Before the burst, send one request per second until one succeeds. Give up after this time.", &f.wait, 0)
	f.trace.register(cmd)
	choiceFlag(cmd, "output", "text", "What to print: text or json.", &f.output, "text", "json")
	f.registerReports(cmd)
	lengthFlag(cmd, "shutdown.grace", "15s", "How long requests in flight may go on after Ctrl-C or SIGTERM. Then the prober cancels them.", &f.grace, 0)
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
			log.Warn("any certificate is accepted, because of --insecure", "target", t.Name)
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
