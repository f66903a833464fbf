package probe

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"example.com/prober/errcode"
)

// textsOf returns the steps of a trace as text for a person.
func textsOf(t *Trace) (texts []string) {
	steps, _ := t.Steps()
	for _, s := range steps {
		texts = append(texts, s.Kind.Mark()+" "+s.Text)
	}
	return texts
}

func TestATraceStarsWhatIsSecret(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, value, want string }{
		{"Authorization", "Bearer abcdefgh", "Bearer ***"},
		{"authorization", "abcdefgh", "***"},
		{"Proxy-Authorization", "Basic dXNlcjpwYXNzd29yZA==", "Basic ***"},
		{"Cookie", "a=bcdefgh; d=e", "***"},
		{"Set-Cookie", "sid=abcdefgh; Path=/", "sid=***; Path=/"},
		{"Set-Cookie", "abcdefgh", "***"},
		{"X-Api-Key", "abcdefgh", "***"},
		{"X-CSRF-Token", "abcdefgh", "***"},
		{":path", "/a?token=abcdefgh&page=2&x", "/a?token=***&page=***&***"},
		{"Location", "https://user:abcdefgh@shop.test/a?sig=xyzxyz", "https://***@shop.test/a?sig=***"},
		{":authority", "shop.test", "shop.test"},
		{"Accept", "text/html", "text/html"},
	} {
		trace := NewTrace(100)
		if isOpenField(strings.ToLower(c.name)) || c.name != "Location" && c.name != ":path" && c.name != "Set-Cookie" {
			trace.SendField(c.name, c.value)
		} else {
			trace.SendLine(c.name + ": " + c.want)
		}
		trace.ReceiveField(c.name, c.value)
		trace.ReceiveBody([]byte("you said ABCDEFGH, user:password and xyzxyz"))
		trace.Notef("%s", "nothing else")
		texts := textsOf(trace)
		assert.Equal(t, []string{"> " + c.name + ": " + c.want, "< " + c.name + ": " + c.want}, texts[:2])
		if strings.Contains(c.value, "abcdefgh") {
			assert.NotContains(t, strings.ToLower(texts[2]), "abcdefgh", c.name)
		}
		if strings.Contains(c.value, "Basic d") {
			assert.Equal(t, "| you said ABCDEFGH, *** and xyzxyz", texts[2])
		}
	}
}

// confidence holds the secrets of a request.
type confidence Private

func (c confidence) Secrets() ([]string, bool) { return nil, true }

func (c confidence) Private() Private { return Private(c) }

func TestAnAnswerMayNotRepeatWhatWasSaid(t *testing.T) {
	t.Parallel()
	var r Result
	r.Begin()
	r.Guard(confidence{Texts: []string{"everywhere", "abc"}, Said: []string{"body-of-it"}, Fields: []string{"x-captured"}})
	trace := NewTrace(12)
	trace.Learn(&r)
	trace.SendLine("GET /everywhere/body-of-it HTTP/1.1")
	trace.ReceiveField("X-Captured", "whatever")
	trace.ReceiveField("X-Echo", "body-of-it, abc, Everywher and whatever")
	trace.ReceiveBody([]byte("12345 EVERY"))
	trace.ReceiveBody([]byte("WHERE and on"))
	assert.Equal(t, []string{
		"> GET /***/body-of-it HTTP/1.1", "< X-Captured: ***", "< X-Echo: ***, abc, *** and ***", "| 12345 ***",
	}, textsOf(trace))
	steps, left := trace.Steps()
	assert.Zero(t, left)
	assert.EqualValues(t, 23, steps[3].Total)
	assert.True(t, steps[3].Cut)
}

func TestATraceIsBounded(t *testing.T) {
	t.Parallel()
	trace := NewTrace(10)
	trace.Receive(strings.Repeat("x", 1<<20))
	trace.ReceiveRaw([]byte(strings.Repeat("y", 1<<20)))
	for range 2 * maxSteps {
		trace.Notef("and so on")
	}
	trace.ReceiveRaw([]byte("z"))
	steps, left := trace.Steps()
	assert.Len(t, steps, maxSteps)
	assert.Equal(t, maxSteps+3, left)
	assert.Less(t, len(steps[0].Text), 2*maxStep)
	assert.Equal(t, strings.Repeat("y", 10), steps[1].Text)
}

func TestAMutedAnswerIsNotShown(t *testing.T) {
	t.Parallel()
	var r Result
	r.Guard(confidence{Mute: true})
	trace := NewTrace(10)
	trace.Learn(&r)
	trace.ReceiveBody([]byte("secret"))
	trace.ReceiveRaw([]byte("secret"))
	steps, _ := trace.Steps()
	for _, s := range steps {
		assert.True(t, s.Hidden)
		assert.Empty(t, s.Text)
		assert.EqualValues(t, 6, s.Total)
	}
}

func TestSecretsAreFoundInWhatIsNoUTF8(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "\xff*** and on", strike("\xffSeCrEt-One and on", []string{"secret-one"}))
	assert.Equal(t, "*** and", strike("aaaaaabbbbbb and", []string{"aaaaaa", "bbbbbb"}))
	assert.Equal(t, "any", strike("any", []string{"", "a"}))
}

func TestAResultKeepsItsTraceAndForgetsItsAnswer(t *testing.T) {
	t.Parallel()
	r := Result{Trace: NewTrace(1), Answer: NewAnswer(4)}
	r.Answer.Head(HTTP11, 200, nil)
	r.Answer.Take([]byte("text"))
	r.Reset(1, 2)
	assert.NotNil(t, r.Trace)
	assert.Zero(t, r.Answer.total)
	assert.NoError(t, r.Err)
	assert.Equal(t, errcode.PhaseNone, r.FailedIn())
}

func TestATraceStarsWhatTheConfigurationSaysInAHeader(t *testing.T) {
	t.Parallel()
	var r Result
	r.Guard(confidence{Made: []string{"X-Request-Id"}})
	trace := NewTrace(100)
	trace.Learn(&r)
	trace.SendField("X-Shop", "winter-sale")
	trace.SendField("X-Request-Id", "0123456789abcdef")
	trace.SendField("User-Agent", "prober")
	trace.Notef("to winter-sale.test")
	trace.ReceiveField("X-Echo", "winter-sale")
	trace.Follow("to %s", "winter-sale.test")
	trace.SendLine("GET /winter-sale HTTP/1.1")
	assert.Equal(t, 7, trace.End())
	trace.SendLine("GET /winter-sale HTTP/1.1")
	assert.Equal(t, []string{
		"> X-Shop: ***", "> X-Request-Id: 0123456789abcdef", "> User-Agent: prober", "* to winter-sale.test", "< X-Echo: ***",
		"* to ***.test", "> GET /*** HTTP/1.1", "> GET /winter-sale HTTP/1.1",
	}, textsOf(trace))
}
