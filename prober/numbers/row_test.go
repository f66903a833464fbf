package numbers

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"example.com/prober/errcode"
	"example.com/prober/prober/probe"
)

func TestFailuresInARowEndWithASuccess(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		codes []errcode.Code
		row   uint64
	}{
		"nothing yet":                        {nil, 0},
		"failures of several kinds":          {[]errcode.Code{errcode.Refused, errcode.DNSTimeout, errcode.FromStatus(503)}, 3},
		"a success last":                     {[]errcode.Code{errcode.Refused, errcode.Refused, errcode.OK}, 0},
		"a success between":                  {[]errcode.Code{errcode.Refused, errcode.OK, errcode.Refused}, 1},
		"the prober's own trouble, no count": {[]errcode.Code{errcode.Refused, errcode.Cancelled, errcode.Refused}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := NewRecorder(NewBounds(nil))
			for _, code := range c.codes {
				r.Begin(0)
				r.End(&probe.Result{}, code)
			}
			assert.Equal(t, c.row, r.Snapshot(0).FailedInARow)
		})
	}
}

// A journey fails if its first step succeeds and its second one fails. The results of
// single steps do not matter.
func TestFailuresInARowAreOfJourneysWhereThereAreAny(t *testing.T) {
	t.Parallel()
	r := NewRecorder(NewBounds(nil))
	r.SetRequests([]string{"login", "cart"}, true)
	end := func(result JourneyResult) {
		r.Begin(0)
		r.End(&probe.Result{}, errcode.OK)
		r.EndJourney(Journey{Result: result, Step: 1})
	}
	end(JourneyFailure)
	end(JourneyInterrupted)
	end(JourneyFailure)
	assert.EqualValues(t, 2, r.Snapshot(0).FailedInARow)
	end(JourneySuccess)
	assert.Zero(t, r.Snapshot(0).FailedInARow)
}
