package main

import (
	"crypto/tls"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// shopper is a target with a mix or a journey.
type shopper struct {
	name, wire, burst string
	// steady reports whether all reloads keep the weights of the mix or the steps of the journey.
	steady bool
	// whole reports whether each burst has whole blocks of the mix, with constant weights.
	whole bool
	// capture is the source of the journey's token; "" for a mix.
	capture string
	// think is more of the configuration of the target.
	think  string
	thinks time.Duration // the shortest pause
	// most is the number of available unique numbers.
	most int
	// abreast is how many requests are in flight in a closed burst, 0 for an open one.
	abreast int

	shop *shop
	// version of the file of data, and shape of the mix or the journey.
	version, shape int
}

// plenty is more unique numbers than any run uses.
const plenty = 10_000_000

// shoppers are the shoppers of the mass.
func shoppers() []shopper {
	return []shopper{
		{name: "mix-h1", wire: wireH1, burst: "{requests: 240, concurrency: 4}", most: plenty, abreast: 4},
		{name: "mix-open", wire: wireH1, burst: "{rate: 200, duration: 450ms, concurrency: 20}", most: plenty},
		{name: "mix-h2", wire: wireH2, burst: "{requests: 240, concurrency: 8}", most: plenty, steady: true, whole: true, abreast: 8},
		{name: "mix-once", wire: wireClear, burst: "{requests: 24, concurrency: 4}", most: 60, steady: true, abreast: 4},
		{name: "journey-h1", wire: wireH1, burst: "{requests: 60, concurrency: 6}", capture: "json: token", abreast: 6},
		{
			name: "journey-open", wire: wireH1, burst: "{rate: 80, duration: 450ms, concurrency: 30}", capture: "header: X-Token",
			think: ", think: 20ms, think_spread: uniform", thinks: 10 * time.Millisecond,
		},
		{
			name: "journey-h2c", wire: wireClear, burst: "{requests: 40, concurrency: 8}", capture: `regexp: '"token": "([^"]+)"'`,
			think: ", think: 5ms", thinks: 5 * time.Millisecond, abreast: 8,
		},
		{name: "journey-h2", wire: wireH2, burst: "{requests: 60, concurrency: 6}", capture: "cookie: token", steady: true, abreast: 6},
	}
}

// calmShoppers are the shoppers without faults and changes.
func calmShoppers() []shopper {
	return []shopper{
		{name: "fine-mix", wire: wireH1, burst: "{requests: 40, concurrency: 4}", most: plenty, steady: true, whole: true, abreast: 4},
		{
			name: "fine-journey", wire: wireClear, burst: "{requests: 16, concurrency: 8}", capture: "json: token", steady: true, abreast: 8,
			think: ", think: 100ms", thinks: 100 * time.Millisecond, // so that some are under way at most times
		},
	}
}

// played returns the shoppers to play.
func (g *gauntlet) played(all []shopper) (some []shopper) {
	for _, s := range all {
		if g.replay.plays(s.name) {
			some = append(some, s)
		}
	}
	return some
}

// shopping opens all shoppers. If well is set, their servers make no mistake.
func (f *farm) shopping(seed uint64, all []shopper, well bool) (targets []target) {
	cert := f.issue()
	for i := range all {
		targets = append(targets, f.openShop(&all[i], seed, cert, well))
	}
	return targets
}

// openShop opens the server of a shopper.
func (f *farm) openShop(s *shopper, seed uint64, cert tls.Certificate, well bool) target {
	p := f.newShop(s.name, seed)
	p.well, p.thinks = well, s.thinks
	if s.capture != "" {
		p.steps = []string{"enter", "look", "pay", "thank"}
	}
	s.shop, s.version = p, 1
	var b *barn
	switch s.wire {
	case wireH2:
		b = f.openWeb(&cert, p.serveWeb)
	case wireClear:
		b = f.openWeb(nil, p.serveWeb)
	default:
		b = f.open(p.serveHTTP1)
	}
	m := member{name: s.name, wire: s.wire, burst: s.burst}
	t := m.target(b)
	t.interval, t.burst, t.keys, t.shop = "500ms", s.burst, append(t.keys, s.text()), s
	if s.most > 0 && s.most < plenty { // a request without a unique value is never sent
		t.leeway = &leeway{unsent: true}
	}
	return t
}

// text returns the data and the requests in the configuration of the target.
func (s *shopper) text() string {
	data := fmt.Sprintf("row: {file: %[1]s, column: row}, note: {file: %[1]s, column: note}", s.file())
	if s.capture != "" {
		return fmt.Sprintf("cookies: true%s, data: {%s}, journey: [%s]", s.think, data, s.journey())
	}
	return fmt.Sprintf("data: {%s, once: {from: 1, to: %d, pick: unique}}, requests: [%s]", data, s.most, s.mix())
}

func (s *shopper) file() string { return s.name + ".csv" }

const asJSON = `method: POST, headers: {Content-Type: [application/json]}, body: '{"row": "{{ row }}", "note": "{{ note }}"}'`

// mix returns the items. The third shape has one more.
func (s *shopper) mix() string {
	weights := s.weights()
	items := []string{
		fmt.Sprintf("{name: view, weight: %d, path: '/%s/view?row={{ row }}&note={{ note }}'}", weights["view"], s.name),
		fmt.Sprintf("{name: save, weight: %d, path: '/%s/save/{{ once }}', %s}", weights["save"], s.name, asJSON),
		fmt.Sprintf("{name: form, weight: %d, path: /%s/form, method: POST, "+
			"headers: {Content-Type: [application/x-www-form-urlencoded]}, body: 'row={{ row }}&note={{ note }}'}", weights["form"], s.name),
	}
	if weight, is := weights["extra"]; is {
		items = append(items, fmt.Sprintf("{name: extra, weight: %d, path: '/%s/extra?row={{ row }}'}", weight, s.name))
	}
	return strings.Join(items, ", ")
}

// weights returns the current weights of the mix.
func (s *shopper) weights() map[string]int {
	weights := map[string]int{"view": 5, "save": 2, "form": 1}
	if s.shape > 0 {
		weights["view"], weights["extra"] = 1+s.shape%3, 2
	}
	return weights
}

// journey returns the steps. The second shape has one more. The last step says so in its query.
func (s *shopper) journey() string {
	const shown = "headers: {Authorization: ['Bearer {{ token }}']%s}"
	capture := "capture: {token: {" + s.capture + "}}"
	steps := []string{
		fmt.Sprintf("{name: enter, path: '/%s/enter?row={{ row }}&note={{ note }}', %s}", s.name, capture),
		fmt.Sprintf("{name: look, path: '/%s/look?row={{ row }}', %s, %s}", s.name, fmt.Sprintf(shown, ""), capture),
		fmt.Sprintf(`{name: pay, path: '/%s/pay%s', method: POST, %s, body: '{"row": "{{ row }}", "note": "{{ note }}"}'}`,
			s.name, map[bool]string{true: "?last"}[s.shape == 0], fmt.Sprintf(shown, ", Content-Type: [application/json]")),
	}
	if s.shape > 0 {
		steps = append(steps, fmt.Sprintf("{name: thank, path: '/%s/thank?last&row={{ row }}', %s}", s.name, fmt.Sprintf(shown, "")))
	}
	return strings.Join(steps, ", ")
}

// turn changes something of the target for the next reload: the file of data, or the weights and steps as well.
func (s *shopper) turn(round int) {
	switch {
	case round%2 == 0:
		s.version++
	case s.steady:
	case s.capture == "":
		s.shape++
	default:
		s.shape = 1 // a step that goes takes its series along
	}
}

// write writes the file of data.
func (s *shopper) write(dir string) error {
	f, err := os.Create(filepath.Join(dir, s.file()))
	if err != nil {
		return err
	}
	defer f.Close()
	w := csv.NewWriter(f)
	lines := [][]string{{"row", "note"}}
	for row := range shelf {
		lines = append(lines, []string{rowName(s.version, row), hardValue(s.version, row)})
	}
	return errors.Join(w.WriteAll(lines), w.Error())
}
