package web

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/prober/numbers"
	"example.com/prober/web/chart"
)

// maxOverview bounds the page of all targets, in bytes.
const maxOverview = 300 << 10

// wordy returns n targets. Their names, URLs, labels and problems are as long as they may be. Every nth of them fails.
func wordy(n, nth int, now time.Time) []numbers.Snapshot {
	all := snapshots(n, nth, now)
	for i := range all {
		s := &all[i]
		s.Name = fmt.Sprintf("%05d%s", i, strings.Repeat("/a-Long.name", 20))[:128]
		s.URL = "https://h.example/" + strings.Repeat("very/long/path/", 200)
		s.Labels = map[string]string{"team": fmt.Sprintf("team %d with a long name", i%100), "number": strconv.Itoa(i)}
		for l := range 6 {
			s.Labels[fmt.Sprintf("label_with_a_long_name_%d", l)] = strings.Repeat("& <value> ", 20)
			s.Labels[fmt.Sprintf("l%d", l)] = "äöü € 12345"
		}
		s.Last = &numbers.Burst{Start: now, Requests: 123456, Failed: 123455, P50: time.Second, P99: time.Second, Held: 5, Own: 3, Late: true, Lag: time.Second}
		if !s.FailingSince.IsZero() {
			s.FailingSince, s.TroubledSince = now.AddDate(0, 0, -3), now
			s.Trouble = []numbers.FailureKind{{Code: errcode.UnknownAuthority, Phase: errcode.PhaseTLS, Count: 5, Request: strings.Repeat("request", 18)}}
			for code := errcode.Cancelled; len(s.Last.Kinds) < 8; code++ {
				s.Last.Kinds = append(s.Last.Kinds, numbers.FailureKind{Code: code, Count: 5})
			}
		}
	}
	return all
}

// restless returns bursts without two alike.
func restless(string) []numbers.Burst {
	all := make([]numbers.Burst, chart.Columns)
	for i := range all {
		all[i] = numbers.Burst{Requests: 1000, Failed: uint64(i%3) * uint64(i) * 7, Late: i%5 == 0, P95: time.Duration(i*i%31+1) * time.Millisecond}
	}
	return all
}

func TestThePageOfAllTargetsHasABoundedSize(t *testing.T) {
	t.Parallel()
	s, now := shellOf(t, ""), time.Now()
	longest := 0
	draw := func(n, nth int, filters ...filter) {
		rows := rowsByTrouble(wordy(n, nth, now), now)
		for _, f := range filters {
			page := pageOf(t, s, rows, f)
			longest = max(longest, len(page))
			assert.Less(t, len(page), maxOverview, "every %d. of %d targets fails, %+v", nth, n, f)
		}
	}
	draw(10_000, 7, filter{Group: "team"})
	for _, nth := range []int{1, 7, 2000} {
		draw(1000, nth, filter{}, filter{Group: "team"}, filter{Group: "team", Open: everyGroup}, filter{Text: strings.Repeat("a", 200)},
			filter{Group: "number", Text: `l3="äöü € 12345" ` + strings.Repeat("/very/long/path", 14)})
	}
	t.Logf("the longest page has %d KiB", longest>>10)
}

func pageOf(t testing.TB, s *Shell, rows []row, f filter) []byte {
	t.Helper()
	o := newOverview(rows, f, 1)
	o.frame = s.frame(time.Now())
	o.drawStrips(restless)
	page, err := s.draw("overview", o)
	require.NoError(t, err)
	return page
}

// BenchmarkOverview draws the page of 10,000 targets. A tenth of them fails.
func BenchmarkOverview(b *testing.B) {
	s, now := shellOf(b, ""), time.Now()
	all := snapshots(10_000, 10, now)
	for name, f := range map[string]filter{"group=state": {}, "group=label": {Group: "team"}, "search": {Text: "team=shop code=13.. target"}} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				size := len(pageOf(b, s, rowsByTrouble(all, now), f))
				b.ReportMetric(float64(size)/1024, "KiB/page")
			}
		})
	}
}
