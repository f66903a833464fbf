package prober

import (
	"fmt"
	"iter"
	"log/slog"
	"strconv"

	"example.com/prober/config"
	"example.com/prober/option"
	"example.com/prober/prober/draw"
	"example.com/prober/prober/load"
	"example.com/prober/template"
)

// Preview is a request as it would be sent, but with made-up values and without secrets.
type Preview struct {
	// Target and Request are names; Request is empty for a target with one request.
	Target, Request string
	// Journey counts the journeys of the target from 1 on; 0 without journeys.
	Journey int
	// Line says what is requested: "GET https://shop.example.com/cart".
	Line string
	// Header has one field in each line.
	Header []string
	// Body is the content or, in square brackets, its kind and length.
	Body string
	// Failure is why the request would fail unsent; the rest is empty then.
	Failure string
}

// redacted stands for what is secret.
const redacted = "<redacted>"

// Previews returns, for each target of the shard, the first requests of a burst. most is the
// limit per target; if all requests are the same, Previews returns one. It opens no connection
// and asks nobody.
//
// A value of a file or a list appears as its name with the number of its row, from 1 on. A
// captured value appears as its name in angle brackets. Numbers of ranges and generated values
// are as in a request.
func Previews(cfg *config.Config, s Shard, most int) iter.Seq2[Preview, error] {
	m := NewManager(Options{Log: slog.New(slog.DiscardHandler), Metrics: cfg.Metrics, Shard: s})
	return func(yield func(Preview, error) bool) {
		for _, t := range m.own(cfg.Targets) {
			v, err := m.newPreviewer(t)
			if err != nil {
				yield(Preview{}, fmt.Errorf("target %q: %w", t.Name, err))
				return
			}
			for range v.count(most) {
				if !yield(v.next(), nil) {
					return
				}
			}
		}
	}
}

// previewer makes the previews of one target.
type previewer struct {
	target string
	load   load.Target
	part   load.Part
	mix    *load.Mix
	made   madeUp
	plans  []*draw.Plan
	show   []shower
	// arrivals counts arrivals with a request already shown. step is the next step of a
	// journey.
	arrivals int64
	step     int
}

// shower shows one request of a target.
type shower func(*madeUp) Preview

func (m *Manager) newPreviewer(t config.Target) (*previewer, error) {
	l := loadOf(&t)
	v := &previewer{target: t.Name, load: l, part: m.shard.Part(&l), mix: load.NewMix(l.Weights, l.Name, 0), made: newMadeUp(&t)}
	texts := newTextReader(&t)
	for _, one := range requestsIn(t) {
		one.Request = withoutSecrets(one.Request)
		show, err := m.showerOf(&one, texts)
		if err != nil {
			return nil, err
		}
		v.show = append(v.show, show)
		texts.next()
	}
	v.plans = texts.draws(draw.New(rowsOf(t.Data), t.Name, v.part.Global), l.IsJourney())
	return v, nil
}

func (m *Manager) showerOf(t *config.Target, texts *textReader) (shower, error) {
	switch t.Kind() {
	case config.KindHTTP:
		return m.showHTTP(t, texts)
	case config.KindGRPC:
		return showGRPC(t, texts)
	default:
		line := lineOf(t)
		return func(*madeUp) Preview { return Preview{Line: line} }, nil
	}
}

// lineOf describes a request to a target that takes no text.
func lineOf(t *config.Target) string {
	switch {
	case t.DNS != nil:
		return fmt.Sprintf("ask %s for %s %s over %s", config.RedactedURL(t.URL), t.DNS.Name, t.DNS.Type, t.DNS.Transport)
	case t.URL.Scheme == "tls":
		return "connect to " + config.RedactedURL(t.URL) + ", with a TLS handshake"
	}
	return "connect to " + config.RedactedURL(t.URL)
}

// count returns how many requests to show; most is the limit.
func (v *previewer) count(most int) int {
	if len(v.show) == 1 && !v.load.IsJourney() && v.plans[0] == nil {
		return min(most, 1)
	}
	return most
}

// next returns the next request. All steps of a journey have the values of the first. After a
// step that fails the next journey begins.
func (v *previewer) next() Preview {
	request, isJourney := v.step, v.load.IsJourney()
	if !isJourney {
		request = v.mix.Request(v.part.Global(v.arrivals))
	}
	failure := ""
	if request == 0 || !isJourney {
		v.arrivals++
		failure = v.made.draw(v.plans[request])
	}
	p := Preview{Failure: failure}
	if v.step = 0; failure == "" {
		p = v.show[request](&v.made)
		v.step = (request + 1) % len(v.show)
	}
	p.Target = v.target
	if isJourney {
		p.Journey = int(v.arrivals)
	}
	if len(v.load.Names) > 0 {
		p.Request = v.load.Names[request]
	}
	return p
}

// madeUp holds the values of names in the preview of one request. Real values may be
// secrets or personal data, and a preview is for a terminal or a ticket.
type madeUp struct {
	names  []string // by number
	isRow  []bool   // by number: the drawn value is the number of a row
	values template.Values
}

func newMadeUp(t *config.Target) madeUp {
	numbers := t.Numbers()
	u := madeUp{names: make([]string, len(numbers)), isRow: make([]bool, len(numbers))}
	for name, n := range numbers {
		u.names[n] = name
	}
	for i := range t.Data {
		u.isRow[i] = t.Data[i].Values.Len() > 0
	}
	return u
}

// rowsOf returns data with the numbers of their rows as values.
func rowsOf(data []option.Data) []option.Data {
	all := make([]option.Data, len(data))
	for i, d := range data {
		if n := d.Values.Len(); n > 0 {
			d = option.Data{Name: d.Name, Source: d.Source, Column: d.Column, Pick: d.Pick, IsRange: true, From: 1, To: int64(n)}
		}
		all[i] = d
	}
	return all
}

// draw draws the values of a request. It returns why that failed, "" if it succeeded.
func (u *madeUp) draw(p *draw.Plan) (failure string) {
	u.values.Reset()
	if err := p.Draw(&u.values); err != nil {
		return err.Error()
	}
	return ""
}

// value is for [template.Template.Expand].
func (u *madeUp) value(number int, isJSON bool) []byte {
	name := u.names[number]
	value, isDrawn := u.values.Value(number)
	switch {
	case !isDrawn && isJSON:
		return strconv.AppendQuote(nil, "<"+name+">")
	case !isDrawn:
		return []byte("<" + name + ">")
	case u.isRow[number] && !isJSON:
		return append([]byte(name+"-"), value...)
	}
	return value
}

// expand returns a text that a textReader has compiled.
func (u *madeUp) expand(varying *template.Template, fixed string) string {
	if varying == nil {
		return fixed
	}
	return string(varying.Expand(nil, u.value))
}
