package errcode_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
)

// lab is the test in which a fault happens.
type lab struct{ *testing.T }

// fault is one way in which a request fails.
type fault struct {
	// name is a sentence without its full stop.
	name string
	// want is the code of the error.
	want errcode.Code
	// byHand means that the error is built and did not happen.
	byHand bool
	// fail makes the failure happen.
	fail func(t lab) error
}

// faults lists the faults of the real stack, then the ones built by hand because no test
// can cause them on every machine.
func faults() []fault {
	return slices.Concat(
		localFaults(), dnsFaults(), tcpFaults(), tlsFaults(), certificateFaults(), alertFaults(),
		clientFaults(), signedFaults(), http2Faults(), handmadeFaults(),
	)
}

func TestFromErrorGivesEachFaultItsCode(t *testing.T) {
	t.Parallel()
	for _, f := range faults() {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			err := f.fail(lab{t})
			require.Error(t, err)
			t.Logf("%T: %v", err, err)
			require.Equal(t, f.want, errcode.FromError(err), "the bare error")
			wrapped := fmt.Errorf("target: %w", fmt.Errorf("burst 7: %w", err))
			assert.Equal(t, f.want, errcode.FromError(wrapped), "wrapped twice")
			assert.Equal(t, f.want, errcode.FromError(errors.Join(errors.New("first"), wrapped)), "joined")
		})
	}
}

// peer plays a script on each connection until the test ends, and returns its address.
func peer(t lab, script peers.Script) string {
	t.Helper()
	return peers.Listen(t, script).Address()
}

// in places err in a phase, as the prober's transport does.
func in(phase errcode.Phase, err error) error {
	return &errcode.PhaseError{Phase: phase, Err: err}
}
