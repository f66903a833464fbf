package numbers

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/prober/load"
	"example.com/prober/prober/probe"
)

var formats = map[Format]expfmt.Format{
	FormatText:        expfmt.NewFormat(expfmt.TypeTextPlain),
	FormatOpenMetrics: expfmt.FmtOpenMetrics_1_0_0,
	FormatProtobuf:    expfmt.NewFormat(expfmt.TypeProtoDelim),
}

// byLibrary returns s as written by the libraries of Prometheus.
func byLibrary(t testing.TB, p *Page, as Format, s *Scrape) []byte {
	t.Helper()
	var out bytes.Buffer
	encoder := expfmt.NewEncoder(&out, formats[as].WithEscapingScheme(model.NoEscaping))
	for family := range p.Families(s, func() {}) {
		require.NoError(t, encoder.Encode(family))
	}
	return out.Bytes()
}

// assertSameBytes checks that each format has the same bytes as the libraries write.
func assertSameBytes(t *testing.T, p *Page, s *Scrape) {
	t.Helper()
	for as := range formats {
		var got bytes.Buffer
		require.NoError(t, p.Write(&got, as, s, func() {}))
		want := byLibrary(t, p, as, s)
		if bytes.Equal(want, got.Bytes()) {
			continue
		}
		at := 0
		for at < min(len(want), got.Len()) && want[at] == got.Bytes()[at] {
			at++
		}
		around := func(b []byte) []byte { return b[max(0, at-100):min(len(b), at+100)] }
		assert.Fail(t, "other bytes", "format %d, from byte %d on: want %q, got %q", as, at, around(want), around(got.Bytes()))
	}
}

// scrapeOf returns a scrape of targets with no field at its default.
func scrapeOf(targets []Snapshot, bounds *Bounds, native bool) *Scrape {
	created := time.Unix(1_700_000_000, 123_456_789)
	s := &Scrape{
		Self: Self{
			Created: created, Lags: NewLags(created), Loaded: created.Add(time.Hour), Shard: 1, Shards: 3, DroppedLogLines: 1e7,
			Limits: []Limit{{"rate", 1e6, 0.5}, {"in_flight", 0, 1_234_567}},
			Files:  []TargetFile{{Name: "a \"quoted\"\\ name\nof two lines, ä"}, {Name: "b", Mistake: "line 1"}},
		},
		Targets: targets, Bounds: bounds, Native: native,
	}
	s.Lag.observe(lagBounds, 3*time.Millisecond)
	return s
}

// everyKind returns targets of all kinds with all possible results.
func everyKind() (all []Snapshot) {
	for i, k := range []SeriesKind{
		{}, {Connects: true}, {Calls: true, Secured: true, Requests: 2}, {Asks: true, Compares: true},
		{Secured: true, Certificate: true, Compares: true, Maintained: true, Objective: true, IsQuick: true, Requests: 3, Journey: true},
	} {
		for j, s := range []Snapshot{k.Typical(), k.Greatest()} {
			const some = 12 // of similar series
			s.Responses, s.Kinds = s.Responses[:min(len(s.Responses), some)], s.Kinds[:min(len(s.Kinds), some)]
			for r := range s.ByRequest {
				s.ByRequest[r].Responses, s.ByRequest[r].Kinds = s.Responses, s.Kinds
			}
			s.Name = fmt.Sprintf("target \\ %d\n%d \"ü", i, j)
			s.Labels = map[string]string{"team": "payments", "a": "", "z": "\"\\\n"}
			s.URL = "https://shop.example/"
			s.LastStart = time.Unix(1_700_000_000, int64(i))
			all = append(all, s)
		}
	}
	all[6].Comparison = &Comparison{With: "x", Verdict: "same", Old: 1e6, Quantiles: []ComparedRow{{Quantile: 0.999, Value: math.Inf(1), Low: math.Inf(-1), High: 1e21}},
		Errors: &ComparedRow{Value: -1, Low: math.Copysign(0, -1), High: -1e-9}}
	return all
}

// loaded returns snapshots of recorders.
func loaded(targets int, bounds *Bounds, traced bool) []Snapshot {
	all := make([]Snapshot, targets)
	for i, r := range recorders(targets, bounds, traced) {
		r.Fill(&all[i], WithLabels|WithDistributions, nil)
		all[i].About = About{Name: fmt.Sprintf("target-%d", i), URL: "https://shop.example/", Interval: time.Second}
	}
	return all
}

// recorders returns recorders of targets, some with named requests. They have latencies of all
// sizes and, if traced is set, exemplars.
func recorders(targets int, bounds *Bounds, traced bool) []*Recorder {
	random := rand.New(rand.NewPCG(1, 2))
	codes := []errcode.Code{errcode.OK, errcode.OK, errcode.FromStatus(404), errcode.FromStatus(503), errcode.Refused}
	all := make([]*Recorder, targets)
	for i := range all {
		r := NewRecorder(bounds)
		all[i] = r
		requests := 1
		if i%3 == 1 {
			requests = 2
			r.SetRequests([]string{"search", "home \"of\" all"}, false)
		}
		r.StartBurst(nil)
		for n := range 20 {
			request := n % requests
			r.Begin(request)
			res := ended(time.Duration(math.Exp(random.Float64()*35)), nil)
			res.Request = request
			code := codes[random.IntN(len(codes))]
			if code != errcode.Refused {
				res.HTTP = &probe.HTTP{Status: 200, Version: probe.HTTP11}
			} else {
				res = refused()
				res.Request = request
			}
			if traced && res.HTTP != nil {
				res.HTTP.TraceID, res.Sent = probe.TraceID{byte(i), byte(n), 1}, 1
			}
			r.End(res, code)
		}
		r.EndBurst(time.Second, load.DropShutdown)
	}
	return all
}

func TestAllFormatsHaveTheBytesOfTheLibraries(t *testing.T) {
	t.Parallel()
	two := NewBounds([]float64{0.001, 1})
	fine := NewBounds([]float64{1e-7, 0.001, 0.25, 1, 30, 1e6, 1e7}).WithNativeFactor(1.003)
	for name, of := range map[string]struct {
		bounds  *Bounds
		targets []Snapshot
	}{
		"none":      {two, nil},
		"requests":  {two, mixAndJourney()},
		"all kinds": {fine, everyKind()},
		"loaded":    {two, loaded(50, two, false)},
		"traced":    {fine, loaded(100, fine, true)},
	} {
		for _, native := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, native=%t", name, native), func(t *testing.T) {
				t.Parallel()
				p := NewPage()
				assertSameBytes(t, p, scrapeOf(of.targets, of.bounds, native))
				assertSameBytes(t, p, scrapeOf(of.targets, of.bounds, native)) // in memory from earlier pages
			})
		}
	}
}

func TestNumbersHaveTheDigitsOfTheLibraries(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	numbers := []float64{0, math.Copysign(0, -1), 1, -1, 0.5, 999_999, 1e6, 1e6 + 1, -7, 1e5, 1e20, 1e21, 1e-5, math.NaN(), math.Inf(1), math.Inf(-1), math.MaxFloat64, math.SmallestNonzeroFloat64}
	for range 1000 {
		numbers = append(numbers, float64(random.Uint64N(2e6)), math.Float64frombits(random.Uint64()), random.Float64()*100)
	}
	value := 0.0
	f := family{"prober_value", "A \"value\" \\ of\ntwo lines.", gaugeType, func(p *Page, _ *scrape) { p.gauge(value) }}
	p := NewPage()
	for _, value = range numbers {
		for as, format := range formats {
			var want, got bytes.Buffer
			require.True(t, p.write(&p.messages, &f, nil))
			require.NoError(t, expfmt.NewEncoder(&want, format.WithEscapingScheme(model.NoEscaping)).Encode(&p.messages.family))
			to := p.sinkOf(&got, as)
			require.True(t, p.write(to, &f, nil))
			require.NoError(t, to.end())
			require.Equal(t, want.String(), got.String())
		}
	}
}

func TestAScrapeEndsWhenItCannotBeWritten(t *testing.T) {
	t.Parallel()
	for as := range formats {
		r, w := io.Pipe()
		require.NoError(t, r.Close())
		assert.ErrorIs(t, NewPage().Write(w, as, scrapeOf(everyKind(), NewBounds(someBuckets), true), func() {}), io.ErrClosedPipe)
	}
}

func TestOthersHaveTheirTurnWhileAScrapeIsWritten(t *testing.T) {
	t.Parallel()
	bounds := NewBounds(someBuckets)
	targets := loaded(100, bounds, false)
	for as := range formats {
		turns := 0
		require.NoError(t, NewPage().Write(io.Discard, as, scrapeOf(targets, bounds, true), func() { turns++ }))
		assert.Greater(t, turns, 100)
	}
}

// BenchmarkWrite writes the metrics of targets with five codes each. library does the same without
// Page.Write.
func BenchmarkWrite(b *testing.B) {
	const targets = 10_000
	bounds := NewBounds(someBuckets)
	s := scrapeOf(loaded(targets, bounds, false), bounds, true)
	for name, as := range map[string]Format{"text": FormatText, "openmetrics": FormatOpenMetrics, "protobuf": FormatProtobuf} {
		b.Run("format="+name, func(b *testing.B) {
			b.ReportAllocs()
			p := NewPage()
			for b.Loop() {
				require.NoError(b, p.Write(io.Discard, as, s, func() {}))
			}
		})
		b.Run("library/format="+name, func(b *testing.B) {
			b.ReportAllocs()
			p := NewPage()
			for b.Loop() {
				encoder := expfmt.NewEncoder(io.Discard, formats[as].WithEscapingScheme(model.NoEscaping))
				for family := range p.Families(s, func() {}) {
					require.NoError(b, encoder.Encode(family))
				}
			}
		})
	}
}

func TestMemoryThatIsUsedAgainShowsNothingOfBefore(t *testing.T) {
	t.Parallel()
	fine := NewBounds([]float64{0.001, 1}).WithNativeFactor(1.003)
	many, few := recorders(60, fine, true), recorders(7, fine, false)
	few = append(few, NewRecorder(fine))
	var memory Memory
	for _, of := range [][]*Recorder{few, many, few, few, nil, many} {
		fresh, again := make([]Snapshot, len(of)), memory.Snapshots(len(of))
		for i, r := range of {
			r.Fill(&fresh[i], WithLabels|WithDistributions, nil)
			r.Fill(&again[i], WithLabels|WithDistributions, &memory)
		}
		for as := range formats {
			var want, got bytes.Buffer
			require.NoError(t, NewPage().Write(&want, as, scrapeOf(fresh, fine, true), func() {}))
			require.NoError(t, NewPage().Write(&got, as, scrapeOf(again, fine, true), func() {}))
			assert.True(t, bytes.Equal(want.Bytes(), got.Bytes()))
		}
	}
	memory.Snapshots(1)
	memory.Snapshots(1)
	assert.Len(t, memory.counts.blocks, 1, "what is not used is given back")
}
