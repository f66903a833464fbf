package numbers

import (
	"bytes"
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"github.com/prometheus/common/expfmt"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/internal/rig"
	"example.com/prober/prober/load"
	"example.com/prober/prober/probe"
)

var update = flag.Bool("update", false, "write the golden files anew")

// pageOf returns the families about requests and journeys of a page with these targets.
func pageOf(t *testing.T, targets ...Snapshot) string {
	t.Helper()
	var out bytes.Buffer
	encoder := expfmt.NewEncoder(&out, expfmt.NewFormat(expfmt.TypeTextPlain))
	scrape := &Scrape{Self: Self{Lags: NewLags(time.Now())}, Targets: targets, Bounds: NewBounds([]float64{0.001, 1}), Native: true}
	for family := range NewPage().Families(scrape, func() {}) {
		for _, prefix := range []string{"prober_request", "prober_response", "prober_journey"} {
			if strings.HasPrefix(family.GetName(), prefix) {
				require.NoError(t, encoder.Encode(family))
			}
		}
	}
	return out.String()
}

// mixAndJourney returns two targets with a few counted requests.
func mixAndJourney() []Snapshot {
	mix := testRecorder()
	mix.SetRequests([]string{"search", "home"}, false)
	mix.StartBurst(nil)
	for range 3 {
		mix.Begin(0)
		mix.End(answered(0, 200), errcode.OK)
	}
	mix.Begin(0)
	mix.DropUnsent(0, load.DropLimitConnections)
	mix.Begin(1)
	mix.End(answered(1, 503), errcode.FromStatus(503))
	mix.EndBurst(time.Second, load.DropShutdown)
	mix.Begin(1)

	journey := testRecorder()
	journey.SetRequests([]string{"login", "cart"}, true)
	journeyAt(journey, JourneySuccess, 1)
	journeyAt(journey, JourneyFailure, 0)
	journeyAt(journey, JourneyInterrupted, 1)
	journey.Begin(0)
	journey.End(answered(0, 200), errcode.OK)
	journey.Due(1)

	plain := testRecorder()
	plain.Begin(0)
	plain.End(answered(0, 200), errcode.OK)

	var all []Snapshot
	for i, r := range []*Recorder{journey, mix, plain} {
		s := r.Snapshot(WithLabels | WithDistributions)
		s.About = About{Name: []string{"checkout", "shop", "start"}[i], Labels: map[string]string{"team": "payments"}}
		all = append(all, s)
	}
	return all
}

func TestTheExpositionOfAMixAndAJourneyIsTheGoldenOne(t *testing.T) {
	t.Parallel()
	got := pageOf(t, mixAndJourney()...)
	const file = "testdata/exposition_requests.txt"
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o750))
		require.NoError(t, os.WriteFile(file, []byte(got), 0o600))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Empty(t, rig.Differing(string(want), got), "go test ./prober/numbers -update writes it anew")
}

func TestTheExpositionOfAMixAndAJourneyIsCleanForPromlint(t *testing.T) {
	t.Parallel()
	problems, err := promlint.New(strings.NewReader(pageOf(t, mixAndJourney()...))).Lint()
	require.NoError(t, err)
	assert.Empty(t, problems)
}

func TestATargetWithoutNamedRequestsHasNoLabelForThem(t *testing.T) {
	t.Parallel()
	r := testRecorder()
	r.Begin(0)
	r.End(answered(0, 200), errcode.OK)
	before := r.Snapshot(WithLabels | WithDistributions)
	before.Name = "shop"
	page := pageOf(t, before)
	assert.NotContains(t, page, "request=")
	assert.NotContains(t, page, "prober_journey")
	r.SetRequests(nil, false)
	after := r.Snapshot(WithLabels | WithDistributions)
	after.Name = "shop"
	assert.Equal(t, page, pageOf(t, after))
}

func TestExemplarsAreOfTheRequestThatTheyStandFor(t *testing.T) {
	t.Parallel()
	r := testRecorder()
	r.SetRequests([]string{"search", "home"}, false)
	r.StartBurst(nil)
	for request, code := range []errcode.Code{errcode.OK, errcode.FromStatus(503)} {
		r.Begin(request)
		res := answered(request, 200)
		res.HTTP.TraceID, res.Sent = probe.TraceID{byte(request + 1)}, 1
		r.End(res, code)
	}
	r.EndBurst(time.Second, load.DropShutdown)
	s := r.Snapshot(WithDistributions)
	assert.Len(t, s.ByRequest[0].ByCode[errcode.OK].exemplars.list(), 1, "the slowest")
	assert.Len(t, s.ByRequest[1].ByCode[errcode.FromStatus(503)].exemplars.list(), 1, "the first that failed")
}
