package command

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
)

// applied returns when the changes at these times of a bubble are applied, with an interval of 5 s.
func applied(changes ...time.Duration) (at []time.Duration) {
	start := time.Now()
	p := pacing{interval: 5 * time.Second}
	defer p.stop()
	found := make(chan struct{})
	go func() {
		for _, when := range changes {
			time.Sleep(time.Until(start.Add(when)))
			found <- struct{}{}
		}
	}()
	end := time.After(time.Hour)
	for {
		select {
		case <-found:
			p.ask()
		case <-p.due:
			p.done()
			at = append(at, time.Since(start))
		case <-end:
			return at
		}
	}
}

func TestWhatIsFoundIsAppliedAtOnceAndThenOnceInAnInterval(t *testing.T) {
	t.Parallel()
	const second = time.Second
	synctest.Test(t, func(t *testing.T) {
		assert.Equal(t, []time.Duration{second}, applied(second))
		assert.Equal(t, []time.Duration{second, 6 * second, 11 * second}, applied(second, 2*second, 3*second, 6*second+1, 7*second))
		assert.Equal(t, []time.Duration{second, 60 * second}, applied(second, 60*second), "a change after a quiet time waits for nothing")
	})
	synctest.Test(t, func(t *testing.T) {
		var changes []time.Duration
		for i := range 6000 { // 100 a second for a minute
			changes = append(changes, time.Duration(i)*10*time.Millisecond)
		}
		assert.Len(t, applied(changes...), 13)
	})
}
