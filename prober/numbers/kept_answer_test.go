package numbers

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"example.com/prober/errcode"
	"example.com/prober/prober/load"
	"example.com/prober/prober/probe"
)

// failWith ends a burst of r with one failure. Its answer has a body.
func failWith(r *Recorder, body string) {
	a := probe.NewAnswer(len(body))
	a.Head(probe.HTTP11, 503, nil)
	a.Field([]byte("Server"), []byte("shop\x1b[2J"))
	a.Take([]byte(body))
	r.StartBurst(nil)
	r.Begin(0)
	r.End(&probe.Result{Due: 1, End: 2, HTTP: &probe.HTTP{Status: 503}, Answer: a}, errcode.FromStatus(503))
	r.EndBurst(time.Second, load.DropShutdown)
}

func TestKeptAnswersAreBoundedOverAllTargets(t *testing.T) {
	t.Parallel()
	space := NewAnswerSpace(10_000)
	one, two := NewRecorder(NewBounds([]float64{1})), NewRecorder(NewBounds([]float64{1}))
	one.KeepAnswers(space)
	two.KeepAnswers(space)
	failWith(two, "early")
	for range 3 * keptFailures {
		failWith(one, strings.Repeat("x", 1000))
		assert.LessOrEqual(t, space.Used(), int64(10_000))
	}
	kept := 0
	for _, f := range one.Snapshot(WithHistory).Failures {
		if f.Answer != nil {
			kept++
			assert.Equal(t, `shop\x1b[2J`, f.Answer.Fields[0].Value)
		}
	}
	assert.NotZero(t, kept)
	assert.Less(t, kept, keptFailures)
	failWith(two, strings.Repeat("y", 5000))
	failures := two.Snapshot(WithHistory).Failures
	assert.Nil(t, failures[0].Answer, "there is no room")
	assert.Equal(t, "early", failures[1].Answer.Body)

	one.KeepAnswers(nil)
	failWith(two, strings.Repeat("y", 5000))
	assert.NotNil(t, two.Snapshot(WithHistory).Failures[0].Answer, "there is room again")
	two.KeepAnswers(nil)
	assert.Zero(t, space.Used())
	failWith(two, "unasked")
	assert.Nil(t, two.Snapshot(WithHistory).Failures[0].Answer)
}

func TestVisibleTextCanDoNothing(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"plain é 世":        "plain é 世",
		"\x1b[31m\x00\t\r": `\x1b[31m\x00\t\r`,
		"a\u202eb\u200b":   `a\u202eb\u200b`,
		"\xff\u009b":       `\xff\u009b`,
		"<b>\\":            `<b>\`,
	} {
		assert.Equal(t, want, Visible(text))
	}
	assert.Equal(t, "a\n\\x1bb\n", VisibleLines("a\r\n\x1bb\n"))
}
