package web

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/prober/load"
	"example.com/prober/prober/numbers"
	"example.com/prober/prober/probe"
)

func TestThePageOfAFailingTargetShowsTheCommandThatTracesIt(t *testing.T) {
	t.Parallel()
	s := shellOf(t, "")
	for _, c := range []struct {
		name string
		code errcode.Code
		want string
	}{
		{"shop/eu-1", errcode.Refused, `<code class="command" tabindex="0">prober fire shop/eu-1 --trace</code>`},
		{"-shop", errcode.Refused, `<code class="command" tabindex="0">prober fire --trace -- -shop</code>`},
		{"well", errcode.OK, ""},
	} {
		r := numbers.NewRecorder(numbers.NewBounds([]float64{1}))
		r.StartBurst(nil)
		r.Begin(0)
		r.End(&probe.Result{Due: 1, End: 2, Err: failureOf(c.code)}, c.code)
		r.EndBurst(time.Second, load.DropShutdown)
		d := r.Snapshot(numbers.WithEverything)
		d.Name, d.Interval = c.name, time.Minute
		page, err := s.drawTarget(&d, hostileConfig(), time.Now())
		require.NoError(t, err)
		if c.want == "" {
			assert.NotContains(t, string(page), "--trace")
			continue
		}
		assert.Contains(t, string(page), c.want)
	}
}
