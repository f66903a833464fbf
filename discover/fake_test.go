package discover

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/discovery"
	"github.com/prometheus/prometheus/discovery/targetgroup"
	"github.com/prometheus/prometheus/model/relabel"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/config"
)

// fake is a mechanism controlled by a test.
type fake struct {
	name    string
	failure prometheus.Counter
	started atomic.Int32
	updates chan []*targetgroup.Group
	// run, if it is not nil, runs the first time instead of passing on updates.
	run func(ctx context.Context)
}

func newFake(name string) *fake { return &fake{name: name, updates: make(chan []*targetgroup.Group)} }

func (f *fake) Name() string { return f.name }

func (f *fake) NewDiscoverer(discovery.DiscovererOptions) (discovery.Discoverer, error) {
	f.started.Add(1)
	if f.started.Load() == 1 && f.name == "late" {
		return nil, errors.New("not yet")
	}
	return f, nil
}

func (f *fake) NewDiscovererMetrics(_ prometheus.Registerer, r discovery.RefreshMetricsInstantiator) discovery.DiscovererMetrics {
	f.failure = r.Instantiate(f.name, "test").Failures
	return &discovery.NoopDiscovererMetrics{}
}

func (f *fake) Run(ctx context.Context, up chan<- []*targetgroup.Group) {
	if f.run != nil && f.started.Load() == 1 {
		f.run(ctx)
		return
	}
	for {
		select {
		case groups := <-f.updates:
			select {
			case up <- groups:
			case <-ctx.Done():
				return
			}
		case <-ctx.Done():
			return
		}
	}
}

// say makes the mechanism find these addresses in a group.
func (f *fake) say(source string, addresses ...string) {
	f.updates <- []*targetgroup.Group{groupOf(source, addresses...)}
	synctest.Wait()
}

func groupOf(source string, addresses ...string) *targetgroup.Group {
	g := &targetgroup.Group{Source: source}
	for _, a := range addresses {
		g.Targets = append(g.Targets, model.LabelSet{model.AddressLabel: model.LabelValue(a)})
	}
	return g
}

// fakes starts one discovery with fakes as its mechanisms.
func fakes(t *testing.T, text string, fakes ...*fake) *running {
	t.Helper()
	log := new(logText)
	r := &running{Set: New(slog.New(slog.NewTextHandler(log, nil))), t: t, log: log}
	r.replace(text, fakes...)
	return r
}

// replace is load with fakes.
func (r *running) replace(text string, fakes ...*fake) {
	r.t.Helper()
	entry := entriesOf(r.t, "", "discover:\n  - name: fake\n    file_sd_configs: [{files: [a.json]}]\n"+text+simple)[0]
	var mechanisms []mechanism
	for i, f := range fakes {
		mechanisms = append(mechanisms, mechanism{fmt.Sprintf("fake_sd_configs[%d]", i), f, fmt.Sprintf("%p", f)})
	}
	r.mu.Lock()
	c := &Change{set: r.Set}
	require.NoError(r.t, c.add(entry, settings{mechanisms, nil}))
	r.mu.Unlock()
	c.Targets(nil)
	c.Commit()
	synctest.Wait()
}

func (r *running) end() {
	r.t.Helper()
	r.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	defer cancel()
	require.NoError(r.t, r.Wait(ctx))
}

// pass lets time of a bubble pass, and then everything due happen.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func TestAFailingMechanismKeepsItsTargetsUntilItHasFailedForKeepFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFake("fake")
		r := fakes(t, "    keep_for: 1m\n", f)
		defer r.end()
		f.say("a", "a:1")
		for range 6 {
			f.failure.Inc()
			pass(10 * time.Second)
			assert.Equal(t, []string{"found/a:1"}, r.names())
		}
		assert.EqualValues(t, 6, r.mechanism(0, 0).Failures)
		pass(time.Hour) // without an attempt
		assert.Equal(t, []string{"found/a:1"}, r.names())
		f.failure.Inc()
		pass(lookEvery)
		assert.Empty(t, r.names())
		assert.True(t, r.mechanism(0, 0).IsExpired)
		f.say("a", "a:1")
		assert.Equal(t, []string{"found/a:1"}, r.names())
		assert.Equal(t, 1, strings.Count(r.log.String(), "a discovery fails"), "one line for a row of failures")
		assert.Equal(t, 1, strings.Count(r.log.String(), "works again"))
	})
}

// If one of several files is wrong, the results of the others stay.
func TestOnlyWhatWasNotHeardOfSinceTheFailureExpires(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFake("file")
		r := fakes(t, "    keep_for: 1m\n", f)
		defer r.end()
		f.say("good", "a:1")
		f.say("bad", "b:1")
		for range 20 {
			f.say("good", "a:1")
			f.failure.Inc()
			pass(10 * time.Second)
		}
		assert.Equal(t, []string{"found/a:1"}, r.names())
		f.say("good", "a:1")
		f.say("bad", "b:1")
		assert.Equal(t, []string{"found/a:1", "found/b:1"}, r.names())
	})
}

func TestAMechanismThatSpeaksOfChangesAloneWorksAgainWhenItIsQuiet(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFake("consul")
		r := fakes(t, "    keep_for: 30s\n", f)
		defer r.end()
		f.say("a", "a:1")
		for range 5 {
			f.failure.Inc()
			pass(10 * time.Second)
		}
		assert.Empty(t, r.names())
		pass(quietFor["consul"] + lookEvery)
		assert.Equal(t, []string{"found/a:1"}, r.names())
		assert.True(t, r.mechanism(0, 0).FailingSince.IsZero())
	})
}

func TestWhatFindsNothingKeepsItsTargetsForKeepFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFake("fake")
		r := fakes(t, "    keep_for: 10m\n", f)
		defer r.end()
		f.say("a", "a:1", "b:1")
		assert.Len(t, r.names(), 2)
		f.say("a")
		for range 9 {
			assert.Len(t, r.names(), 2)
			pass(time.Minute)
		}
		f.say("a", "b:1") // back before the time is over
		assert.Equal(t, []string{"found/b:1"}, r.names())
		f.say("a")
		pass(9 * time.Minute)
		assert.Len(t, r.names(), 1)
		select {
		case <-r.Changed():
		default:
		}
		pass(time.Minute + lookEvery)
		select {
		case <-r.Changed():
		default:
			assert.Fail(t, "nobody hears that the time is over")
		}
		assert.Empty(t, r.names())
		pass(time.Hour)
		assert.Empty(t, r.names())
	})
}

func TestAMechanismThatPanicsOrEndsIsStartedAgain(t *testing.T) {
	t.Parallel()
	for name, run := range map[string]func(context.Context){
		"panic": func(context.Context) { panic("s3cret of the library") },
		"end":   func(context.Context) {},
		"late":  nil, // it cannot be created the first time
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := newFake(name)
				f.run = run
				r := fakes(t, "", f)
				defer r.end()
				assert.True(t, r.IsIn(), "it has failed, so nobody waits for it")
				assert.EqualValues(t, 1, r.mechanism(0, 0).Failures)
				pass(restartAfter)
				f.say("a", "a:1")
				assert.Equal(t, []string{"found/a:1"}, r.names())
			})
		})
	}
}

func TestADiscoveryThatHangsDoesNotHoldTheEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f, release := newFake("fake"), make(chan struct{})
		f.run = func(context.Context) { <-release }
		r := fakes(t, "", f)
		r.Close()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorContains(t, r.Wait(ctx), "fake: fake_sd_configs[0]")
		close(release)
		require.NoError(t, r.Wait(t.Context()))
	})
}

func TestAReloadLeavesDiscoveriesThatAreTheSameAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFake("fake")
		r := fakes(t, "", f)
		defer r.end()
		f.say("a", "a:1")
		r.names()
		f.say("a") // the earlier results are kept, and a reload does not change this
		pass(time.Minute)
		r.replace("    max_targets: 7\n", f)
		assert.EqualValues(t, 1, f.started.Load())
		assert.Equal(t, []string{"found/a:1"}, r.names())
		pass(9*time.Minute + lookEvery)
		assert.Empty(t, r.names(), "the reload does not begin the time anew")
	})
}

func TestAChangedMechanismKeepsTheTargetsUntilItAnswers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		before, now := newFake("fake"), newFake("fake")
		r := fakes(t, "", before)
		defer r.end()
		before.say("a", "a:1", "b:1")
		r.names()
		r.replace("", now)
		pass(time.Second)
		assert.Equal(t, []string{"found/a:1", "found/b:1"}, r.names())
		now.say("x", "b:1", "c:1")
		assert.Equal(t, []string{"found/b:1", "found/c:1"}, r.names())
		assert.NotContains(t, r.log.String(), "finds no target")
	})
}

func TestAnUpdateThatSaysNothingNewIsNoChange(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFake("fake")
		r := fakes(t, "", f)
		defer r.end()
		f.say("a", "a:1")
		<-r.Changed()
		f.say("a", "a:1")
		f.updates <- []*targetgroup.Group{nil, groupOf("gone")}
		synctest.Wait()
		select {
		case <-r.Changed():
			assert.Fail(t, "nothing has changed")
		default:
		}
		f.say("a", "a:1", "b:1")
		<-r.Changed()
	})
}

// An unchanged target keeps its value, so comparing it costs nothing.
func TestOfManyTargetsOnlyThoseThatChangeAreMadeAnew(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const all = 10_000
		f := newFake("fake")
		r := fakes(t, "    max_targets: 20000\n", f)
		defer r.end()
		addresses := make([]string, all)
		for i := range addresses {
			addresses[i] = fmt.Sprintf("h%05d:1", i)
		}
		f.say("a", addresses...)
		first := r.Targets(nil)
		require.Len(t, first, all)
		for round := range 60 { // a minute of 100 changes a second, gathered as they come
			for i := range 100 {
				addresses[(round*100+i)%all] = fmt.Sprintf("n%05d:1", round*100+i)
			}
			f.say("a", addresses...)
			if round%5 == 4 {
				require.Len(t, r.Targets(nil), all)
			}
			pass(time.Second)
		}
		last := r.Targets(nil)
		assert.Len(t, r.Set.entries[0].cache, all, "what is gone is forgotten")
		same := 0
		for i := range last {
			if j, ok := slices.BinarySearchFunc(first, last[i].Name, func(c config.Target, name string) int { return strings.Compare(c.Name, name) }); ok && first[j].URL == last[i].URL {
				same++
			}
		}
		assert.Equal(t, all-6000, same)
	})
}

// A template that makes no target of the results is not an empty discovery.
func TestAReloadAfterWhichNothingFitsKeepsNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFake("fake")
		r := fakes(t, "", f)
		defer r.end()
		f.say("a", "a b")
		assert.Empty(t, r.names())
		f.say("a", "a:1", "a b")
		assert.Len(t, r.names(), 1)
		r.mu.Lock()
		e := r.Set.entries[0]
		e.relabel = []*relabel.Config{{Action: relabel.Drop, Regex: relabel.MustNewRegexp(".*"), SourceLabels: model.LabelNames{"job"}}}
		e.byGroup = map[*group][]*item{}
		e.touch()
		r.mu.Unlock()
		assert.Empty(t, r.names())
		assert.NotContains(t, r.log.String(), "finds no target")
		assert.Equal(t, 2, r.Status()[0].LeftOut[ReasonRelabel])
	})
}
