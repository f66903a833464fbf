package prober

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/config"
	"example.com/prober/errcode"
	"example.com/prober/policy"
	"example.com/prober/prober/numbers"
)

// counts are the failures of a burst by code.
type counts = map[errcode.Code]uint64

// logged returns reports about the target checkout and their lines so far, each with
// the time since the start of the bubble.
func logged() (*reports, func() []string) {
	var out bytes.Buffer
	start := time.Now()
	handler := slog.NewTextHandler(&out, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.String("t", a.Value.Time().Sub(start).Round(time.Second).String())
		}
		return a
	}})
	return newReports(slog.New(handler), "checkout"), func() []string {
		return strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	}
}

func TestBurstWithFailuresIsOneLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newFakeEngine(func(k int) (time.Duration, int) {
			return time.Millisecond, []int{200, 503, 404}[k%3]
		})
		target := testTarget(testConfig(config.Burst{Requests: 7}), e)
		var lines func() []string
		target.reports, lines = logged()
		runFor(t, target, 30*time.Second)
		require.Len(t, lines(), 1)
		assert.Regexp(t, `^t=\d+s level=WARN msg="burst had failures" target=checkout requests=7 failed=4 codes="1404 http_404: 2, 1503 http_503: 2"$`, lines()[0])
		c := target.recorder.Snapshot(numbers.WithEverything)
		assert.True(t, c.LastSuccess.IsZero())
		assert.EqualValues(t, 3, c.ByCode[errcode.OK].Count())
	})
}

func TestTargetThatGoesOnFailingIsALineAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, lines := logged()
		for range 151 { // until 2m30s
			r.burst(counts{errcode.Refused: 3}, 5)
			time.Sleep(time.Second)
		}
		r.burst(nil, 5)
		r.burst(nil, 5)
		assert.Equal(t, []string{
			`t=0s level=WARN msg="burst had failures" target=checkout requests=5 failed=3 codes="1212 refused: 3"`,
			`t=59s level=WARN msg="burst had failures" target=checkout requests=5 failed=3 codes="1212 refused: 3"` + held(58, 5, 3, "1212 refused"),
			`t=1m58s level=WARN msg="burst had failures" target=checkout requests=5 failed=3 codes="1212 refused: 3"` + held(58, 5, 3, "1212 refused"),
			`t=2m31s level=INFO msg="bursts succeed again" target=checkout after=2m31s` + held(32, 5, 3, "1212 refused"),
		}, lines())
	})
}

// held is the part of a line about held back bursts.
func held(bursts, requests, failed int, code string) string {
	return fmt.Sprintf(` held_back_bursts=%d held_back_requests=%d held_back_failed=%[3]d held_back_codes="%[4]s: %[3]d"`,
		bursts, bursts*requests, bursts*failed, code)
}

func TestBurstsAMinuteApartAreEachReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, lines := logged()
		for k := range 60 {
			r.burst(counts{errcode.Refused: 1}, 1)
			time.Sleep(time.Minute + []time.Duration{-20 * time.Millisecond, 20 * time.Millisecond}[k%2])
		}
		assert.Len(t, lines(), 60)
	})
}

func TestNewCodeIsReportedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, lines := logged()
		r.burst(counts{errcode.Refused: 1}, 1)
		time.Sleep(time.Second)
		r.burst(counts{errcode.Refused: 1}, 1)
		time.Sleep(time.Second)
		r.burst(counts{errcode.Refused: 1, errcode.Reset: 1}, 2)
		time.Sleep(time.Second)
		r.burst(counts{errcode.Reset: 2}, 2)
		require.Len(t, lines(), 2)
		assert.Equal(t, `t=2s level=WARN msg="burst had failures" target=checkout requests=2 failed=2 codes="1212 refused: 1, 1220 reset: 1"`+
			held(1, 1, 1, "1212 refused"), lines()[1])

		time.Sleep(time.Minute)
		r.burst(counts{errcode.Refused: 1}, 1)
		time.Sleep(time.Minute)
		r.burst(counts{errcode.Refused: 1}, 1)
		time.Sleep(time.Second)
		r.burst(counts{errcode.Reset: 1}, 1)
		assert.Len(t, lines(), 5, "a code of long ago is new again")
	})
}

func TestBurstWithoutAnEndedRequestSaysNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, lines := logged()
		r.burst(counts{errcode.Refused: 1}, 1)
		r.burst(nil, 0)
		assert.Len(t, lines(), 1)
		r.burst(nil, 1)
		assert.Len(t, lines(), 2)
	})
}

// TestTargetInAndOutOfTroubleStaysBounded makes every burst of a day news, and compares
// the sum of all lines with the facts.
func TestTargetInAndOutOfTroubleStaysBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, lines := logged()
		const step, day = 10 * time.Second, 24 * time.Hour
		bursts := int(day / step)
		for k := range bursts {
			code := errcode.FromStatus(400 + k%200)
			if k%2 == 0 {
				r.burst(counts{code: 2}, 3)
			} else {
				r.burst(nil, 3)
			}
			r.breaker(k%2 == 0, 1)
			time.Sleep(step)
		}
		r.end()
		all := strings.Join(lines(), "\n")
		assert.LessOrEqual(t, len(lines()), newsAtOnce+1+int(2*day/newsEvery))
		inLog := strings.Count(all, "burst had failures") + total(t, all, "held_back_bursts")
		assert.Equal(t, bursts/2, inLog, "bursts with failures")
		assert.Equal(t, bursts/2*2, total(t, all, "failed")+total(t, all, "held_back_failed"))
		inLog = strings.Count(all, `msg="breaker`) + total(t, all, "held_back_breaker_changes")
		assert.Equal(t, bursts, inLog, "changes of the breaker")
	})
}

// total adds up the values of an attribute.
func total(t *testing.T, lines, key string) (sum int) {
	t.Helper()
	for _, found := range regexp.MustCompile(` `+key+`=(\d+)`).FindAllStringSubmatch(lines, -1) {
		var n int
		_, err := fmt.Sscan(found[1], &n)
		require.NoError(t, err)
		sum += n
	}
	return sum
}

func TestReportsOutliveAReloadAndEndWithTheTarget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		m := NewManager(Options{Log: slog.New(slog.NewTextHandler(&out, nil)), Metrics: config.Metrics{Buckets: testBuckets}})
		cfg := testConfig(config.Burst{Requests: 1})
		cfg.Interval = time.Second
		cfg.URL.Host = "127.0.0.1:1" // denied, so that nothing is dialled
		deny := policy.Rules{Deny: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}
		for k := range 10 {
			cfg.Labels = map[string]string{"k": fmt.Sprint(k)}
			require.NoError(t, m.Apply(&config.Config{Targets: []config.Target{cfg}, Metrics: m.metrics, Network: deny}))
			time.Sleep(time.Second)
		}
		failed := tallyOf(m, "checkout").Bursts
		require.NoError(t, m.Apply(&config.Config{Metrics: m.metrics, Network: deny}))
		synctest.Wait()
		text := out.String()
		assert.Equal(t, 1, strings.Count(text, "burst had failures"))
		assert.Equal(t, 1, strings.Count(text, "target ended, failures had been held back"))
		assert.EqualValues(t, failed, 1+total(t, text, "held_back_bursts"))
		m.Shutdown(context.Background())
	})
}
