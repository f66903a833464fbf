package main

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/prober/internal/peers"
)

const (
	gateReload gate = "a reload changes nothing of what it does not change"
	gateBad    gate = "a bad file changes nothing and is told of"
	gateWarm   gate = "connections stay warm over reloads"
	gateStuck  gate = "scrapers that are many or stuck hinder nobody"
)

// nemesis is the fourth act: reloads of good and bad files, a crowd of scrapers, some of them stuck, and hostile peers
// beside it all.
func (g *gauntlet) nemesis(s *stage) {
	f := newFarm(s)
	kept := append(f.kept(), f.shopping(g.seed, calmShoppers(), true)...)
	hostile := f.hostile()
	a := g.begin("nemesis", f, slices.Concat(kept, hostile))
	a.load()
	a.awaitAll()
	stuck := a.stick(5)
	a.reloads(100)
	if !g.short {
		a.reloads(900)
	}
	for _, c := range stuck {
		_ = c.Close()
	}
	a.judgeUncut(a.scrape())
	v := a.finish()
	a.judgeShops(v)
	for i := range kept {
		c := v.of(kept[i].name)
		g.board.hold(gateReload, c.failed() == 0 && c.reloadDrops == 0, "%s has codes %v, and %v drops", kept[i].name, c.codes(), c.reloadDrops)
	}
	for name, most := range map[string]float64{
		"fine-h1": 4, "fine-tls": 2, "fine-h2": 1, "fine-h2c": 1, "fine-h3": 1,
		"fine-grpc": 1, "fine-grpcs": 1, "fine-resolver": 2, "fine-resolver-tcp": 2, "endless": 2,
	} {
		g.board.hold(gateWarm, v.of(name).opened <= most, "%s opened %v connections", name, v.of(name).opened)
	}
}

// judgeUncut checks that no reload has interrupted a journey. Call it before the bursts are ended.
func (a *act) judgeUncut(v *view) {
	for i := range a.targets {
		if t := &a.targets[i]; t.shop != nil && t.shop.capture != "" {
			ended := some(v.of(t.name).journeys)
			a.board.hold(gateReload, ended["success "] > 0 && len(ended) == 1, "%s: journeys %v", t.name, ended)
		}
	}
}

// kept opens targets that no reload changes: the healthy ones, and one that always has requests in flight.
func (f *farm) kept() []target {
	all := f.healthy()
	b := f.open(f.serveHTTP1(func(string, int) move { return move{text: okText, code: "0", after: 20 * time.Millisecond} }))
	// The open burst is under way at most times, and a change of its interval ends it: it drops then.
	all = slices.DeleteFunc(all, func(t target) bool { return t.name == "fine-open" })
	return append(all, target{
		name: "endless", url: b.url("http", "endless"), barn: b, exact: true, scripted: true,
		interval: "20ms", burst: "{duration: 10m, concurrency: 2}",
	})
}

// hostile opens the worst peers of the table.
func (f *farm) hostile() []target {
	all := f.faults()
	worst := regexp.MustCompile(`flood|overflow|bomb|endless|huge|^h2-goaway-0$|^h1-switch$`)
	var targets []target
	for i := range all {
		if !worst.MatchString(all[i].name) || all[i].waits {
			continue
		}
		targets = append(targets, f.faulty(&all[i]))
	}
	return targets
}

// awaitAll waits until each target has ended a request.
func (a *act) awaitAll() {
	a.await("a request of each target", func() bool {
		return !slices.ContainsFunc(a.targets, func(t target) bool {
			return !a.s.seen(t.name, func(c *counts) bool { return c.total() > 0 })
		})
	})
}

// stick opens scrapers that ask and never read.
func (a *act) stick(scrapers int) (stuck []net.Conn) {
	for range scrapers {
		c := peers.Dial(a, "tcp", strings.TrimPrefix(a.d.url, "http://"))
		stuck = append(stuck, c)
		_, err := io.WriteString(c, "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
		a.must(err)
	}
	return stuck
}

// crowd scrapes so many times at once.
func (a *act) crowd(scrapers int) {
	var running sync.WaitGroup
	for range scrapers {
		running.Go(func() {
			status, body, err := fetch(a.ctx, http.MethodGet, a.d.url+"/metrics", acceptOpenMetrics)
			whole := err == nil && status == http.StatusOK && strings.HasSuffix(string(body), "# EOF\n")
			a.board.hold(gateStuck, whole, "one of %d scrapers got status %d, %v", scrapers, status, err)
		})
	}
	running.Wait()
}

// reloads loads good files and bad ones, in an order given by the seed.
func (a *act) reloads(rounds int) {
	r := rand.New(rand.NewPCG(a.seed, uint64(rounds)))
	good, bad := a.goodWays(), a.badWays()
	for round := range rounds {
		if !a.replay.step(round) {
			break
		}
		if r.IntN(2) == 0 {
			a.reload(round, good[r.IntN(len(good))], http.StatusOK)
		} else {
			a.reload(round, bad[r.IntN(len(bad))], http.StatusInternalServerError)
		}
		if round%20 == 0 {
			a.crowd(50)
		}
	}
	a.must(a.clear()) // whatever it is by now
}

// reload writes a file in one way and makes the daemon load it.
func (a *act) reload(round int, write func(config string) error, want int) {
	ask := func(method, path string) (int, []byte) {
		status, body, err := fetch(a.ctx, method, a.d.url+path, "")
		require.NoError(a, err, "reload %d", round)
		return status, body
	}
	_, before := ask(http.MethodGet, "/config")
	a.must(write(a.passing(round)))
	status, body := ask(http.MethodPost, "/-/reload")
	_, after := ask(http.MethodGet, "/config")
	if want == http.StatusOK {
		isLoaded := status == want && strings.Contains(string(after), fmt.Sprintf("passing-%d", round))
		a.board.hold(gateReload, isLoaded, "reload %d: status %d, %s", round, status, body)
		return
	}
	isKept := status == want && string(before) == string(after)
	a.board.hold(gateBad, isKept, "reload %d: status %d, %s", round, status, body)
}

// passing returns a configuration with one more target, unique to it.
func (a *act) passing(round int) string {
	return a.config(append(slices.Clone(a.targets), target{
		name: fmt.Sprintf("passing-%d", round), url: a.targets[0].url + "passing", interval: "1h", burst: "{requests: 1}",
	}), "")
}

// goodWays write a file that can be loaded, whatever was there before.
func (a *act) goodWays() []func(config string) error {
	return []func(string) error{
		a.swap,
		func(config string) error { // renamed into place
			next := a.d.file + ".next"
			return errors.Join(a.clear(), os.WriteFile(next, []byte(config), 0o600), os.Rename(next, a.d.file))
		},
		func(config string) error {
			return errors.Join(a.clear(), os.WriteFile(a.d.file, []byte(config), 0o600))
		},
	}
}

// badWays leave nothing to load.
func (a *act) badWays() []func(config string) error {
	write := func(config string) error {
		return errors.Join(a.clear(), os.WriteFile(a.d.file, []byte(config), 0o600))
	}
	return []func(string) error{
		func(config string) error { return write(config[:strings.LastIndex(config, "burst")]) }, // as on a full disk
		func(string) error { return write("") },                                                 // as on a disk that was full before
		func(string) error { return a.clear() },
		func(string) error { return errors.Join(a.clear(), os.Symlink("nowhere", a.d.file)) },
		func(string) error { return errors.Join(a.clear(), os.Symlink(a.d.file, a.d.file)) },
		func(string) error { return errors.Join(a.clear(), os.Mkdir(a.d.file, 0o700)) },
		func(string) error { return errors.Join(a.clear(), os.Symlink("/dev/full", a.d.file)) }, // never ends
		func(config string) error {
			return a.swap(config + "  - {name: odd, url: 'http://127.0.0.1/', intervall: 1s}\n")
		},
		func(config string) error {
			return a.swap(config + "  - {name: odd, url: 'http://127.0.0.1/', interval: -5s}\n")
		},
		func(config string) error { return write(config + "  - {name: endless, url: 'http://127.0.0.1/'}\n") },
		func(config string) error { return write(strings.ReplaceAll(config, "ca.pem", "missing.pem")) },
	}
}

// clear removes the configuration.
func (a *act) clear() error { return os.RemoveAll(a.d.file) }

// swap writes a file into a folder of its own and makes the configuration a link to it in one step, as the kubelet
// does.
func (a *act) swap(config string) error {
	folder, err := os.MkdirTemp(a.dir, "..version")
	if err != nil {
		return err
	}
	if info, err := os.Lstat(a.d.file); err == nil && info.IsDir() {
		if err := a.clear(); err != nil {
			return err
		}
	}
	file, link := filepath.Join(folder, "prober.yml"), filepath.Join(folder, "link")
	return errors.Join(os.WriteFile(file, []byte(config), 0o600), os.Symlink(file, link), os.Rename(link, a.d.file))
}
