package prober

import (
	"reflect"

	"example.com/prober/config"
	"example.com/prober/policy"
	"example.com/prober/prober/draw"
	"example.com/prober/template"
)

// configure returns the engine's configuration of each request of t. one configures a target
// with a single request. authorize is called for a request that needs a token. configure adds
// the data, the draws and the sources of tokens to c.
func configure[C any](
	m *Manager, c *compiled, t config.Target, network policy.Rules,
	one func(*config.Target, *textReader) (C, error), authorize func(cfg *C, authorization func() (string, error)),
) ([]C, error) {
	var cfgs []C
	tokens, texts := tokenSources{m: m, t: t, network: network}, newTextReader(&t)
	for _, with := range requestsIn(t) {
		cfg, err := one(&with, texts)
		if err != nil {
			return nil, err
		}
		if with.Request.OAuth2 != nil {
			authorize(&cfg, tokens.of(with.Request.OAuth2).authorization)
		}
		cfgs = append(cfgs, cfg)
		texts.next()
	}
	l := loadOf(&t)
	c.data = draw.New(t.Data, t.Name, m.shard.Part(&l).Global)
	c.draws = texts.draws(c.data, l.IsJourney())
	for _, source := range tokens.all {
		c.supplies = append(c.supplies, source)
	}
	return cfgs, nil
}

// requestsIn returns t once for each of its requests, as if it had no other. So an engine's
// configuration is made in one way, whether the target has one request or several.
func requestsIn(t config.Target) []config.Target {
	items := t.Items()
	if len(items) == 0 {
		return []config.Target{t}
	}
	all := make([]config.Target, len(items))
	for i := range items {
		all[i] = t.With(&items[i])
	}
	return all
}

// tokenSources are the token sources of a target. Requests that ask in the same way share one.
type tokenSources struct {
	m       *Manager
	t       config.Target
	network policy.Rules
	asked   []*config.OAuth2
	all     []*tokenSource
}

func (s *tokenSources) of(o *config.OAuth2) *tokenSource {
	for i, asked := range s.asked {
		if reflect.DeepEqual(asked, o) {
			return s.all[i]
		}
	}
	t := s.t
	t.Request.OAuth2 = o
	s.asked = append(s.asked, o)
	s.all = append(s.all, newTokenSource(t, s.network, s.m.limiter, s.m.log))
	return s.all[len(s.all)-1]
}

// textReader compiles the texts of requests; names may stand in them.
type textReader struct {
	numbers map[string]int // of the names; nil if the texts are literal
	used    [][]int        // the names in each request so far
}

func newTextReader(t *config.Target) *textReader {
	r := &textReader{used: [][]int{nil}}
	if t.HasTemplates() {
		r.numbers = t.Numbers()
	}
	return r
}

// next begins another request.
func (x *textReader) next() { x.used = append(x.used, nil) }

// draws returns what each request draws of data: the names it uses. In a journey the first step
// draws for all steps.
func (x *textReader) draws(data *draw.Set, isJourney bool) []*draw.Plan {
	var all []*draw.Plan
	if isJourney {
		var used []int
		for _, numbers := range x.used {
			used = append(used, numbers...)
		}
		return append(all, data.Plan(used))
	}
	for _, numbers := range x.used {
		all = append(all, data.Plan(numbers))
	}
	return all
}

// compile returns the template of a text. If the text is the same in each request, the template
// is nil and compile returns the text as it is sent.
func (x *textReader) compile(text string, place template.Place) (*template.Template, string, error) {
	if x.numbers == nil {
		return nil, template.Encode(text, place), nil
	}
	t, err := template.Parse(text, place, func(name string) (int, bool) { n, ok := x.numbers[name]; return n, ok })
	switch {
	case err != nil:
		return nil, "", err
	case t.IsFixed():
		return nil, t.Text(), nil
	}
	last := len(x.used) - 1
	x.used[last] = append(x.used[last], t.Names()...)
	return t, "", nil
}
