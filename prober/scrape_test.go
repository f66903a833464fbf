package prober

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"example.com/prober/config"
	"example.com/prober/errcode"
	"example.com/prober/internal/rig"
	"example.com/prober/prober/load"
	"example.com/prober/prober/probe"
	"example.com/prober/prober/wire"
)

var update = flag.Bool("update", false, "write the golden files anew")

// exposition returns a scrape of the manager as text.
func exposition(t testing.TB, m *Manager) string {
	t.Helper()
	var out bytes.Buffer
	encoder := expfmt.NewEncoder(&out, expfmt.NewFormat(expfmt.TypeTextPlain))
	for family := range m.Families(func() {}) {
		require.NoError(t, encoder.Encode(family))
	}
	return out.String()
}

// assertSample checks that an exposition has one sample of a series, with this value.
func assertSample(t *testing.T, text, series string, value float64) {
	t.Helper()
	assert.Equal(t, []string{fmt.Sprintf("%s %v", series, value)}, rig.LinesWith(text, series+" "))
}

// managerWithHistory returns a manager with one target that never fires and has counted
// a few requests.
func managerWithHistory(t *testing.T) *Manager {
	t.Helper()
	m := newTestManager(t)
	m.clock.Close()
	m.clock = new(wire.KernelClock) // on every system
	cfg := testConfig(config.Burst{Requests: 1})
	cfg.URL = &url.URL{Scheme: "https", Host: "shop.example", Path: "/pay", RawQuery: "token=secret"}
	cfg.Labels = map[string]string{"team": "payments", "env": "staging"}
	cfg.Interval = 1000 * time.Hour
	apply(t, m, cfg)
	r := m.entries["checkout"].recorder

	r.StartBurst(nil)
	for _, d := range []time.Duration{800 * time.Microsecond, 3 * time.Millisecond, 40 * time.Millisecond} {
		r.Begin(0)
		r.End(&probe.Result{Due: 1, End: probe.Instant(d) + 1, HTTP: &probe.HTTP{Status: 200, Version: probe.HTTP11},
			Sent: 100, Received: 1000, Reused: true}, errcode.OK)
	}
	r.Begin(0)
	r.End(&probe.Result{Due: 1, End: probe.Instant(2*time.Millisecond) + 1, Opened: true,
		Err: &errcode.PhaseError{Phase: errcode.PhaseProcessing, Err: syscall.ECONNRESET},
		TLS: &probe.TLSInfo{Version: 0x0304, Cipher: 0x1301, ALPN: "http/1.1",
			LeafNotAfter: time.Unix(1893456000, 0), EarliestNotAfter: time.Unix(1861920000, 0)}}, errcode.Reset)
	r.EndBurst(60*time.Millisecond, load.DropShutdown)
	r.Skip(load.SkipOverrun, 2)
	r.Begin(0)
	m.NoteReload(nil)
	return m
}

var changing = regexp.MustCompile(`(?m)^((?:prober_burst_last_start_timestamp_seconds|prober_target_failing_since_timestamp_seconds|prober_config_last_reload_success_timestamp_seconds)\S*) \S+$`)

// errorCodeInfo stands for the whole table of codes; the table has a test of its own.
var errorCodeInfo = regexp.MustCompile(`(?m)^prober_error_code_info.*\n`)

func TestExpositionIsTheGoldenOne(t *testing.T) {
	t.Parallel()
	got := changing.ReplaceAllString(exposition(t, managerWithHistory(t)), "$1 T")
	got = errorCodeInfo.ReplaceAllString(got, "")
	const file = "testdata/exposition.txt"
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o750))
		require.NoError(t, os.WriteFile(file, []byte(got), 0o600))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Empty(t, rig.Differing(string(want), got), "go test ./prober -update writes it anew")
}

func TestExpositionIsCleanForPromlint(t *testing.T) {
	t.Parallel()
	problems, err := promlint.New(strings.NewReader(exposition(t, managerWithHistory(t)))).Lint()
	require.NoError(t, err)
	assert.Empty(t, problems)
}

func TestEverySeriesOfACounterStandsThereFromTheStart(t *testing.T) {
	t.Parallel()
	m := newTestManager(t)
	cfg := testConfig(config.Burst{Requests: 1})
	cfg.Interval = 1000 * time.Hour
	apply(t, m, cfg)
	text := exposition(t, m)
	for _, code := range []string{"0", "1050", "1101", "1211", "1212", "1220", "1221", "1310", "1311", "1312", "1429", "1500", "1502", "1503", "1504"} {
		assertSample(t, text, `prober_requests_total{error_code="`+code+`",target="checkout"}`, 0)
	}
	assertSample(t, text, `prober_request_duration_seconds_count{error_code="0",target="checkout"}`, 0)
	assert.Empty(t, rig.LinesWith(text, `prober_request_duration_seconds_count{error_code="1212"`))
}

func TestErrorCodeInfoListsTheWholeTable(t *testing.T) {
	t.Parallel()
	text := exposition(t, newTestManager(t))
	for code := range errcode.All() {
		assertSample(t, text, `prober_error_code_info{error_code="`+code.String()+`",meaning="`+code.Meaning()+`",name="`+code.Name()+`",range="`+code.Range().String()+`"}`, 1)
	}
}

func TestNothingOfAPeerOrASecretReachesALabel(t *testing.T) {
	t.Parallel()
	m := managerWithHistory(t)
	r := m.entries["checkout"].recorder
	r.Begin(0)
	r.End(&probe.Result{Due: 1, End: 2, Err: &errcode.PhaseError{Err: errors.New("canary")}}, errcode.General)
	text := exposition(t, m)
	assert.Empty(t, rig.LinesWith(text, "secret"))
	assert.Empty(t, rig.LinesWith(text, "canary"))
}

func TestTargetsAreSortedByNameWhateverTargetsComeAndGo(t *testing.T) {
	t.Parallel()
	m := newTestManager(t)
	assertNames := func(names ...string) {
		t.Helper()
		var want []string
		for _, name := range names {
			want = append(want, `prober_breaker_open{target="`+name+`"} 0`)
		}
		rig.Until(t, "the others go", func() bool {
			return slices.Equal(want, rig.LinesWith(exposition(t, m), "prober_breaker_open{"))
		})
	}
	run := func(names ...string) {
		var targets []config.Target
		for _, name := range names {
			cfg := testConfig(config.Burst{Requests: 1})
			cfg.Name, cfg.Interval = name, 1000*time.Hour
			targets = append(targets, cfg)
		}
		apply(t, m, targets...)
	}
	assertNames()
	run("n", "b", "z")
	assertNames("b", "n", "z")
	run("z", "a", "n")
	assertNames("a", "n", "z")
	run("n")
	assertNames("n")
}

func TestTheLagIsAsOldAsTheProberWhateverTargetsComeAndGo(t *testing.T) {
	t.Parallel()
	m, recorders := managerOf(t, "m", "n")
	lag := func() *dto.Histogram {
		for f := range m.Families(func() {}) {
			if f.GetName() == "prober_schedule_lag_seconds" {
				return proto.CloneOf(f.Metric[0].Histogram)
			}
		}
		return nil
	}
	assertLag := func(count uint64) {
		assert.Equal(t, count, lag().GetSampleCount())
		assert.Equal(t, m.created.UnixNano(), lag().CreatedTimestamp.AsTime().UnixNano())
	}
	assertLag(0)
	startLate(recorders["n"], time.Millisecond)
	assertLag(1)
	startLate(recorders["m"], time.Millisecond)
	assertLag(2)
	early := testConfig(config.Burst{Requests: 1})
	early.Name, early.Interval = "a", 1000*time.Hour
	apply(t, m, early)
	rig.Until(t, "the others go", func() bool {
		m.mu.Lock()
		defer m.mu.Unlock()
		return len(m.entries) == 1
	})
	assertLag(2)
	startLate(m.entries["a"].recorder, time.Millisecond)
	assertLag(3)
}
