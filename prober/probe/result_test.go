package probe

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"example.com/prober/errcode"
)

// An engine needs no more than the exported methods to fill in a result.
func TestThePhasesOfARequestAddUpToItsTime(t *testing.T) {
	t.Parallel()
	var r Result
	r.Reset(100, 1000)
	r.Start = 130
	r.Begin()
	r.EnterAt(errcode.PhaseConnect, 130)
	r.EnterAt(errcode.PhaseTLS, 250)
	r.Pass(errcode.PhaseSend)
	r.Finish(400)
	assert.Equal(t, 300*time.Nanosecond, r.Duration())
	var sum time.Duration
	for p, want := range map[errcode.Phase]time.Duration{
		errcode.PhaseQueue: 30, errcode.PhaseConnect: 120, errcode.PhaseTLS: 150, errcode.PhaseSend: 0,
	} {
		got, was := r.Phase(p)
		assert.True(t, was, p)
		assert.Equal(t, want, got, p)
		sum += got
	}
	assert.Equal(t, r.Duration(), sum)
	_, was := r.Phase(errcode.PhaseProcessing)
	assert.False(t, was)
	assert.Equal(t, errcode.PhaseNone, r.FailedIn())
}

func TestAFailureIsThatOfTheCurrentPhase(t *testing.T) {
	t.Parallel()
	var r Result
	r.Reset(1, 1000)
	r.Begin()
	r.Enter(errcode.PhaseConnect)
	r.Fail(&errcode.PhaseError{Err: context.Canceled})
	assert.Equal(t, errcode.PhaseConnect, r.FailedIn())
	assert.Equal(t, errcode.Cancelled, errcode.FromError(r.Err))
	assert.NotZero(t, r.End)
}

// An interruption from outside may come before the request has begun, and after its end.
func TestAnInterruptionIsAFailureWheneverItComes(t *testing.T) {
	t.Parallel()
	why := errors.New("a bug")
	var early, late Result
	early.Reset(1, 1000)
	early.Interrupt(why)
	assert.ErrorIs(t, early.Err, why)
	assert.Equal(t, errcode.PhaseQueue, early.FailedIn())

	late.Reset(1, 1000)
	late.Start = 1
	late.Begin()
	late.EnterAt(errcode.PhaseTransfer, 20)
	late.Finish(50)
	late.Interrupt(why)
	assert.Equal(t, errcode.PhaseTransfer, late.FailedIn())
	assert.Equal(t, Instant(50), late.End, "its time has been taken")
}

// secrets are the secrets of a test; ok is false if they are too many to look for.
type secrets struct {
	list []string
	ok   bool
}

func (s secrets) Secrets() ([]string, bool) { return s.list, s.ok }

func (s secrets) Private() Private { return Private{Texts: s.list, Mute: !s.ok} }

func TestAnExcerptKeepsTheSecretsOfTheRequest(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		guard secrets
		want  string
	}{
		"one of them":         {secrets{[]string{"canary"}, true}, `wrong: "the *** says"`},
		"none of them":        {secrets{nil, true}, `wrong: "the Canary says"`},
		"too many to look at": {secrets{nil, false}, `wrong: "***"`},
	} {
		var r Result
		r.Begin()
		r.Guard(c.guard)
		r.Fail(&errcode.PhaseError{Err: NewExcerpt(errcode.New(errcode.General, "wrong:"), "the Canary says")})
		assert.ErrorContains(t, r.Err, c.want, name)
	}
}

func TestAPermitIsSpentOnce(t *testing.T) {
	t.Parallel()
	c := NewCeiling(1)
	var one, two Permit
	assert.True(t, c.Reserve(&one, nil))
	assert.False(t, c.Reserve(&two, nil))
	assert.True(t, one.Spend())
	assert.False(t, one.Spend())
	assert.False(t, two.Spend())
	c.Release()
	assert.Zero(t, c.Used())
	var none *Ceiling
	assert.NoError(t, none.Permit(t.Context(), &two, Never), "no ceiling permits everything")
}

// The values of a journey are for all its steps; the number of a step is for one.
func TestResetKeepsTheValuesAndTheSpaceOfAResult(t *testing.T) {
	t.Parallel()
	r := Result{Request: 3, Scratch: "space", Unmet: errors.New("unmet")}
	r.Values.Set(1, []byte("kept"))
	r.Reset(100, 1000)
	value, ok := r.Values.Value(1)
	assert.True(t, ok)
	assert.Equal(t, "kept", string(value))
	assert.Equal(t, "space", r.Scratch)
	assert.Zero(t, r.Request)
	assert.NoError(t, r.Unmet)
}
