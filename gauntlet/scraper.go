package main

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"example.com/prober/errcode"
	"example.com/prober/internal/rig"
)

// The gates for every scrape.
const (
	gateStrict    gate = "every scrape is OpenMetrics to the letter"
	gateConserved gate = "scheduled = counted + dropped + waiting + in flight, in every scrape"
	gateHistogram gate = "the histograms count what the counters count"
	gateMonotonic gate = "no counter ever goes back"
	gateLabels    gate = "labels have values of a bounded kind only"
	gateCanary    gate = "no secret and no byte of a peer is shown"
	gateTimely    gate = "no request lasts beyond its timeout and the allowance"
)

const (
	scrapeEvery       = 200 * time.Millisecond
	acceptOpenMetrics = "application/openmetrics-text;version=1.0.0"
)

// scraper reads the metrics of one daemon five times a second, as strictly as it can, and checks each scrape against
// the gates and the scrape before.
type scraper struct {
	board *board
	d     *daemon
	dir   string // of the kept scrapes
	late  func(target string) time.Duration
	// first is the name of the first step of each journey, by target.
	first map[string]string

	mu      sync.Mutex
	last    *view
	highest map[string]float64 // of the series that must not fall
	scrapes int
	history *history // nil before the first scrape
	stop    context.CancelFunc
	stopped chan struct{}
}

func newScraper(b *board, d *daemon, dir string, late func(string) time.Duration) *scraper {
	return &scraper{board: b, d: d, dir: dir, late: late, highest: map[string]float64{}}
}

// start scrapes until halt.
func (s *scraper) start(ctx context.Context) {
	ctx, s.stop = context.WithCancel(ctx)
	s.stopped = make(chan struct{})
	go func() {
		defer close(s.stopped)
		ticker := time.NewTicker(scrapeEvery)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				_, _ = s.scrape(ctx) // mistakes are on the board
			}
		}
	}()
}

// halt waits for the end of the scrape under way.
func (s *scraper) halt() {
	s.stop()
	<-s.stopped
}

// scrape reads the metrics once.
func (s *scraper) scrape(ctx context.Context) (*view, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	status, body, err := fetch(ctx, http.MethodGet, s.d.url+"/metrics", acceptOpenMetrics)
	if err != nil && ctx.Err() != nil {
		return nil, err // halted
	}
	s.board.hold(gateStrict, err == nil && status == http.StatusOK, "scrape: status %d, %v", status, err)
	if err != nil {
		return nil, err
	}
	v, err := newView(string(body))
	s.board.hold(gateStrict, err == nil, "%v", err)
	if err != nil {
		_ = os.WriteFile(filepath.Join(s.dir, "malformed.txt"), body, 0o600) // to look at
		return nil, err
	}
	s.judge(v)
	s.last = v
	if s.history == nil {
		s.history = newHistory(s.dir, s.d.Pid())
	}
	s.history.keep(body)
	s.scrapes++
	return v, nil
}

// seen reports whether is holds for a target in the last scrape.
func (s *scraper) seen(target string, is func(*counts) bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last != nil && is(s.last.of(target))
}

// now returns the last scrape.
func (s *scraper) now() *view {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last
}

func (s *scraper) judge(v *view) {
	for name, c := range v.targets {
		late := s.late(name)
		s.judgeCounts(name, c, late)
		for request, part := range c.parts {
			s.judgeCounts(pageOf(name, request), part, late)
		}
		if first := c.parts[s.first[name]]; first != nil {
			begun := sum(c.journeys) + c.travelling
			s.board.hold(gateJourneys, first.scheduled == begun+first.dropped+first.waiting && c.journeyTimes == sum(c.journeys),
				"%s: first steps: %v scheduled, %v dropped, %v waiting; journeys: %v, %v in flight, %v in histograms",
				name, first.scheduled, first.dropped, first.waiting, c.journeys, c.travelling, c.journeyTimes)
		}
	}
	s.judgeSeries(v)
	for _, canary := range canaries() {
		s.board.hold(gateCanary, !strings.Contains(v.text, canary), "%s is in the metrics", canary)
	}
}

// judgeCounts checks the counts of a target, or of one of its requests, for contradictions.
func (s *scraper) judgeCounts(name string, c *counts, late time.Duration) {
	s.board.hold(gateConserved, c.scheduled == c.total()+c.dropped+c.waiting+c.inFlight,
		"%s: %v scheduled, %v counted + %v dropped + %v waiting + %v in flight", name, c.scheduled, c.total(), c.dropped, c.waiting, c.inFlight)
	same := c.within["+Inf"] == c.total() && sum(c.failures) == c.failed()
	for code, n := range c.requests {
		same = same && n == c.durations[code]
	}
	s.board.hold(gateHistogram, same, "%s: requests %v, durations %v, %v in the last bucket, failures by phase %v",
		name, c.requests, c.durations, c.within["+Inf"], c.failures)
	s.board.hold(gateTimely, c.beyond(late) == 0, "%s: %v requests took longer than %v", name, c.beyond(late), late)
}

// judgeSeries compares each series with its highest value so far.
func (s *scraper) judgeSeries(v *view) {
	seen := make(map[string]float64, len(s.highest))
	fell, odd := "", ""
	for i := range v.samples {
		sample := &v.samples[i]
		if bad := oddLabel(sample); bad != "" {
			odd = bad
		}
		if !isCumulative(sample.Name) {
			continue
		}
		key := sample.Key()
		seen[key] = sample.Value
		if sample.Value < s.highest[key] {
			fell = key
		}
	}
	s.highest = seen // a target that is gone may come back with nothing
	s.board.hold(gateMonotonic, fell == "", "%s fell", fell)
	s.board.hold(gateLabels, odd == "", "%s", odd)
}

func isCumulative(name string) bool {
	if strings.HasPrefix(name, "go_") { // the runtime's own business
		return false
	}
	return strings.HasSuffix(name, "_total") || strings.HasSuffix(name, "_count") ||
		strings.HasSuffix(name, "_bucket") || strings.HasSuffix(name, "_sum")
}

// labelKinds returns the allowed values of the labels that a failure or a peer could write into.
func labelKinds() map[string]*regexp.Regexp {
	return map[string]*regexp.Regexp{
		"error_code":   regexp.MustCompile(`^(0|[12][0-9]{3})$`),
		"phase":        regexp.MustCompile(`^(none|queue|resolve|connect|tls|send|processing|transfer)$`),
		"status":       regexp.MustCompile(`^[1-5][0-9]{2}$`),
		"http_version": regexp.MustCompile(`^(1\.0|1\.1|2|3)$`),
		"reason":       regexp.MustCompile(`^[a-z_]{1,30}$`),
		"target":       regexp.MustCompile(`^[a-zA-Z0-9_.:/-]{1,128}$`),
		"alpn":         regexp.MustCompile(`^(|h2|h3|http/1\.1)$`),
		"cipher":       regexp.MustCompile(`^TLS_[A-Z0-9_]{1,60}$`),
		"version":      regexp.MustCompile(`^TLS 1\.[0-3]$`),
		"role":         regexp.MustCompile(`^(leaf|earliest|client)$`),
		"range":        regexp.MustCompile(`^[a-z0-9_]{1,20}$`),
		"name":         regexp.MustCompile(`^[a-z0-9_]{1,40}$`),
		"limit":        regexp.MustCompile(`^[a-z_-]{1,20}$`),
		"request":      regexp.MustCompile(`^[a-z]{1,20}$`),
		"step":         regexp.MustCompile(`^[a-z]{0,20}$`),
		"result":       regexp.MustCompile(`^(success|failure|interrupted)$`),
		"url":          regexp.MustCompile(`^(https?://[a-z0-9.:\[\]-]+/[a-z0-9/-]*|(dns|grpcs?)://[a-z0-9.:]+)$`),
	}
}

// ownLabels are all labels of the prober's metrics.
var ownLabels = []string{
	"alpn", "cipher", "code", "error_code", "http_version", "le", "limit", "meaning", "name", "phase", "range", "reason", "request", "result",
	"role", "status", "step", "target", "url", "version",
}

var kinds = labelKinds()

// oddLabel returns what is wrong with the labels of a sample, "" if nothing is.
func oddLabel(s *rig.Sample) string {
	if !strings.HasPrefix(s.Name, "prober_") || s.Name == "prober_build_info" {
		return ""
	}
	for _, l := range s.Labels {
		kind := kinds[l.Name]
		if !slices.Contains(ownLabels, l.Name) || kind != nil && !kind.MatchString(l.Value) {
			return s.Key()
		}
		if l.Name == "meaning" && !isMeaningOf(l.Value, s.Label("error_code")) {
			return s.Key()
		}
	}
	return ""
}

// isMeaningOf reports whether the table of codes has this text for a code.
func isMeaningOf(text, code string) bool {
	number, err := strconv.Atoi(code)
	return err == nil && text == errcode.Code(number).Meaning()
}
