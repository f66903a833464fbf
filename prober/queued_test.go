package prober

import (
	"context"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"example.com/prober/config"
	"example.com/prober/errcode"
	"example.com/prober/prober/numbers"
	"example.com/prober/prober/probe"
)

func TestATimeOutBelongsToWhereMostOfTheTimePassed(t *testing.T) {
	t.Parallel()
	const due = probe.Instant(time.Hour)
	type spell struct {
		phase errcode.Phase
		lasts time.Duration
	}
	connect, tls := spell{errcode.PhaseConnect, 0}, spell{errcode.PhaseTLS, 0}
	noAnswer := errcode.Wrap(errcode.DNSTimeout, "no answer came in time", os.ErrDeadlineExceeded)
	for name, c := range map[string]struct {
		waited  time.Duration
		spells  []spell
		timeout time.Duration // that of the request
		cause   error
		want    errcode.Code
		phase   errcode.Phase
	}{
		"all of it at the target": {0, []spell{{errcode.PhaseProcessing, 2 * time.Second}}, 2 * time.Second, os.ErrDeadlineExceeded, errcode.RequestTimeout, errcode.PhaseProcessing},
		"less than half of it waiting": {
			900 * time.Millisecond, []spell{{errcode.PhaseProcessing, 1100 * time.Millisecond}}, 2 * time.Second, os.ErrDeadlineExceeded, errcode.RequestTimeout, errcode.PhaseProcessing,
		},
		"half of it waiting": {
			time.Second, []spell{{errcode.PhaseProcessing, time.Second}}, 2 * time.Second, os.ErrDeadlineExceeded, errcode.QueueTimeout, errcode.PhaseQueue,
		},
		"most of it waiting, the rest connecting": {
			1900 * time.Millisecond, []spell{{errcode.PhaseConnect, 100 * time.Millisecond}}, 2 * time.Second, os.ErrDeadlineExceeded, errcode.QueueTimeout, errcode.PhaseQueue,
		},
		"most of it waiting, the rest in the handshake": {
			1900 * time.Millisecond, []spell{connect, {errcode.PhaseTLS, 100 * time.Millisecond}}, 2 * time.Second, context.DeadlineExceeded, errcode.QueueTimeout, errcode.PhaseQueue,
		},
		"most of it waiting, and then the handshake has a limit of its own": {
			1900 * time.Millisecond, []spell{connect, {errcode.PhaseTLS, 100 * time.Millisecond}}, 3 * time.Second, os.ErrDeadlineExceeded, errcode.TLSTimeout, errcode.PhaseTLS,
		},
		"most of it waiting, and then the target resets": {
			1900 * time.Millisecond, []spell{{errcode.PhaseProcessing, 100 * time.Millisecond}}, 2 * time.Second, os.ErrInvalid, errcode.General, errcode.PhaseProcessing,
		},
		"most of it in the handshake": {
			0, []spell{connect, {errcode.PhaseTLS, 1500 * time.Millisecond}, {errcode.PhaseProcessing, 500 * time.Millisecond}}, 2 * time.Second, os.ErrDeadlineExceeded, errcode.RequestTimeout, errcode.PhaseTLS,
		},
		"most of it in processing, the end in the transfer": {
			0, []spell{connect, tls, {errcode.PhaseProcessing, 1500 * time.Millisecond}, {errcode.PhaseTransfer, 500 * time.Millisecond}}, 2 * time.Second, os.ErrDeadlineExceeded, errcode.RequestTimeout, errcode.PhaseProcessing,
		},
		"most of it waiting, the rest for an answer of DNS": {
			1900 * time.Millisecond, []spell{{errcode.PhaseProcessing, 100 * time.Millisecond}}, 2 * time.Second, noAnswer, errcode.QueueTimeout, errcode.PhaseQueue,
		},
		"all of it for an answer of DNS": {
			0, []spell{{errcode.PhaseProcessing, 2 * time.Second}}, 2 * time.Second, noAnswer, errcode.DNSTimeout, errcode.PhaseProcessing,
		},
		"most of it in the handshake, the rest for an answer of DNS": {
			0, []spell{connect, {errcode.PhaseTLS, 1500 * time.Millisecond}, {errcode.PhaseProcessing, 500 * time.Millisecond}}, 2 * time.Second, noAnswer, errcode.DNSTimeout, errcode.PhaseTLS,
		},
		"all of it for the name of a target": {
			0, []spell{{errcode.PhaseResolve, 2 * time.Second}}, 2 * time.Second, os.ErrDeadlineExceeded, errcode.DNSTimeout, errcode.PhaseResolve,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var r probe.Result
			r.Reset(due, due.Add(c.timeout))
			r.Taken = due.Add(c.waited)
			r.Start = r.Taken
			r.Begin()
			now := r.Start
			for _, s := range c.spells {
				r.EnterAt(s.phase, now)
				now = now.Add(s.lasts)
			}
			failed := r.Current()
			r.Finish(now)
			r.Err = &errcode.PhaseError{Phase: failed, Err: c.cause}
			code := apportion(&r, errcode.FromError(r.Err))
			assert.Equal(t, c.want, code)
			assert.Equal(t, c.want, errcode.FromError(r.Err), "the error says the same")
			assert.Equal(t, c.phase, r.FailedIn())
		})
	}
}

func TestATimeOutThatWasSpentWaitingIsNoFailureOfTheTarget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// Two requests are due together. The first takes 600 ms of the only worker; 400 ms are
		// left for the second.
		e := newFakeEngine(func(k int) (time.Duration, int) { return []time.Duration{600 * time.Millisecond, time.Hour}[k], 200 })
		cfg := testConfig(config.Burst{Rate: 1000, Requests: 2, Concurrency: 1})
		target := testTarget(cfg, e)
		target.fire(t.Context(), context.Background(), 0)
		s := target.recorder.Snapshot(numbers.WithEverything)
		assertConserved(t, s)
		assert.EqualValues(t, 1, failed(s, errcode.QueueTimeout, errcode.PhaseQueue))
		assert.EqualValues(t, 1, s.Own())
		assert.Zero(t, s.Failed())
		assert.Zero(t, s.FailingSince)
		assert.NotZero(t, s.TroubledSince)
	})
}
