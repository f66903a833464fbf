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
		page, err := s.drawTarget(&d, hostileConfig(), nil, time.Now())
		require.NoError(t, err)
		if c.want == "" {
			assert.NotContains(t, string(page), "--trace")
			continue
		}
		assert.Contains(t, string(page), c.want)
	}
}

func TestThePageAndTheAPIShowWhatCameWithAFailure(t *testing.T) {
	t.Parallel()
	s := shellOf(t, "")
	d := &numbers.Snapshot{
		About: numbers.About{Name: "shop", Interval: time.Minute},
		Failures: []numbers.Failure{{
			Time: time.Now(), Code: errcode.FromStatus(503), Status: 503, Count: 1,
			Answer: &numbers.Answer{Fields: []numbers.AnswerField{{Name: "Server", Value: hostile}, {Name: "X-" + hostile}}, More: 2, Body: hostile, Size: 4000, Cut: true},
		}},
	}
	page, err := s.drawTarget(d, hostileConfig(), nil, time.Now())
	require.NoError(t, err)
	assert.NotContains(t, string(page), "<script>alert")
	assert.NotContains(t, string(page), "<img src=x")
	assert.Contains(t, string(page), "Received: 4 header fields, 3.9 KiB")
	assert.Contains(t, string(page), "and 2 more fields")

	answer := apiFailureOf(d.Failures[0]).Answer
	require.NotNil(t, answer)
	assert.Equal(t, apiAnswer{
		Fields: []apiField{{"Server", hostile}, {"X-" + hostile, ""}}, MoreFields: 2, Body: hostile, BodyBytes: 4000, Cut: true,
	}, *answer)
	d.Failures[0].Answer = &numbers.Answer{Hidden: true, Body: "never", Size: 7}
	page, err = s.drawTarget(d, hostileConfig(), nil, time.Now())
	require.NoError(t, err)
	assert.Contains(t, string(page), "it may contain a secret")
	assert.NotContains(t, string(page), "never</pre>")
}
