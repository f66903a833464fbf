package report

import (
	"bytes"
	"errors"
	"io"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/prober/load"
	"example.com/prober/prober/numbers"
	"example.com/prober/prober/probe"
)

// hostile is a text with which a peer, or an author of a configuration, may try to change a report.
const hostile = "=cmd|' /C calc'!A0 \"<script>alert(1)</script> ``` @everyone | [x](https://evil.example) </details>"

// exampleStart is when the bursts of the examples began.
var exampleStart = time.Date(2026, time.March, 4, 9, 30, 0, 0, time.UTC)

// exampleTarget is the result of a burst in which many things occur.
func exampleTarget(name string) Target {
	r := &numbers.Report{
		Duration: 5 * time.Second, Plan: load.Plan{Rate: 100}, Succeeded: 480, Failed: 15, Rate: 99,
		Latency: numbers.Latency{
			Count: 495, Mean: 41 * time.Millisecond, P50: 20 * time.Millisecond, P90: 31 * time.Millisecond,
			P95: 40 * time.Millisecond, P99: time.Second, P999: time.Second, Max: time.Second,
			Buckets: []numbers.Bucket{{Lower: 18 * time.Millisecond, Upper: 20 * time.Millisecond, Count: 483}, {Lower: 957 * time.Millisecond, Upper: time.Second, Count: 12}},
		},
		Phases: []numbers.PhaseTime{{Phase: errcode.PhaseProcessing, Count: 495, Mean: 39 * time.Millisecond, P99: time.Second}},
		Rows:   []numbers.RequestRow{{Name: "home", Scheduled: 500, Succeeded: 480, Failed: 15, Codes: []numbers.CodeCount{{Code: errcode.RequestTimeout, Count: 12}}}},
	}
	r.Snapshot = numbers.Snapshot{
		About:   numbers.About{Name: name, URL: "https://staging.example.com/"},
		Outcome: numbers.Complete,
		Codes:   []numbers.CodeCount{{Code: errcode.OK, Count: 480}, {Code: errcode.RequestTimeout, Count: 12}, {Code: errcode.FromStatus(503), Count: 3}},
		Failures: []numbers.Failure{{
			Time: exampleStart.Add(3210 * time.Millisecond), Code: errcode.RequestTimeout, Phase: errcode.PhaseProcessing, Count: 12,
			Duration: time.Second, Remote: netip.MustParseAddrPort("192.0.2.7:443"), Text: hostile,
		}},
		TLS: &numbers.TLS{Version: "TLS 1.3", Cipher: "TLS_AES_128_GCM_SHA256", LeafNotAfter: exampleStart.AddDate(0, 0, 61)},
	}
	r.LastStart, r.Counters.Scheduled, r.Dropped[load.DropTimeout] = exampleStart, 500, 5
	return Target{Report: r, Trouble: "15 of 495 requests failed; 5 of 500 requests were never sent"}
}

// exampleResult is the result of bursts at targets with these names.
func exampleResult(names ...string) *Result {
	r := &Result{JSON: func(out io.Writer) error {
		_, err := io.WriteString(out, "{}\n")
		return err
	}}
	for _, name := range names {
		r.Targets = append(r.Targets, exampleTarget(name))
		r.Latency = r.Targets[0].Latency
	}
	return r
}

// exampleRequest is a request due at begin plus due. It ended took later, and failed if its code is not 0.
func exampleRequest(begin probe.Instant, due, took time.Duration, code errcode.Code) *probe.Result {
	r := &probe.Result{}
	r.Reset(begin.Add(due), begin.Add(due+time.Minute))
	r.Taken, r.Start = r.Due, r.Due.Add(took/4)
	r.Begin()
	r.EnterAt(errcode.PhaseSend, r.Start)
	r.EnterAt(errcode.PhaseProcessing, r.Due.Add(took/2))
	r.Remote, r.Sent, r.Received, r.Reused = netip.MustParseAddrPort("192.0.2.7:443"), 68, 149, true
	r.HTTP = &probe.HTTP{Status: 200, Version: probe.HTTP11}
	if code != errcode.OK {
		r.HTTP = nil
		r.Err = &errcode.PhaseError{Phase: errcode.PhaseProcessing, Err: errors.New(hostile)}
	}
	r.Finish(r.Due.Add(took))
	return r
}

// written returns the output of a writer for a result. It first calls observe with an observer for each target.
func written(t *testing.T, open func(io.Writer) writer, r *Result, observe func([]Observer)) string {
	t.Helper()
	var out bytes.Buffer
	w := open(&out)
	var sources []Source
	for i := range r.Targets {
		sources = append(sources, Source{Name: r.Targets[i].Name, Requests: []string{"home", "cart"}, IsJourney: true})
	}
	observers := w.observers(sources)
	if observe != nil {
		observe(observers)
	}
	require.NoError(t, w.finish(r))
	return out.String()
}
