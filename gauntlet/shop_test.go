package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// visitor asks a shop on behalf of one visitor.
type visitor struct {
	shop          *shop
	cookie, token string
	row           string
	sent          *int
}

// takes sends the request for a step and returns the answer, whose end has not left.
func (v *visitor) takes(step, query string) answer {
	*v.sent++
	r := httptest.NewRequest(http.MethodGet, "/shop/"+step+"?row="+url.QueryEscape(v.row)+query, http.NoBody)
	r.Header.Set("X-Request-Id", fmt.Sprintf("%032x", *v.sent))
	if v.cookie != "" {
		r.AddCookie(&http.Cookie{Name: "visit", Value: v.cookie})
		r.Header.Set("Authorization", "Bearer "+v.token)
	}
	a := v.shop.take(r, nil, "1220")
	v.cookie = a.visit
	if a.token != "" {
		v.token = a.token
	}
	return a
}

// goes sends the request for a step whose answer ends.
func (v *visitor) goes(step, query string) {
	a := v.takes(step, query)
	v.shop.ending(&a)
}

func opened() (p *shop, enter func(row int) *visitor) {
	p = (&farm{ledger: newLedger()}).newShop("shop", 1)
	p.well, p.steps = true, []string{"enter", "look", "pay", "thank"}
	sent := 0
	return p, func(row int) *visitor {
		v := &visitor{shop: p, row: rowName(1, row), sent: &sent}
		v.goes("enter", "")
		return v
	}
}

func TestAShopKnowsHowEachJourneyEnded(t *testing.T) {
	t.Parallel()
	p, enter := opened()
	whole, left, short := enter(0), enter(1), enter(2)
	for _, v := range []*visitor{whole, left, short} {
		v.goes("look", "")
	}
	whole.goes("pay", "")
	whole.goes("thank", "&last")
	short.goes("pay", "&last") // with the steps of its beginning
	p.well = false
	for range 300 { // one in twenty fails
		enter(3)
	}
	wrong, odd := p.mistakes()
	assert.Empty(t, wrong)
	assert.Empty(t, odd)
	got := p.journeys()
	failed := got["failure enter"]
	assert.InDelta(t, 15, failed, 12)
	assert.Equal(t, map[string]float64{"success ": 2, "interrupted pay": 1, "failure enter": failed, "interrupted look": 300 - failed}, got)
	assert.Equal(t, int(failed), p.farm.ledger.read(pageOf("shop", "enter")).seen-p.farm.ledger.read(pageOf("shop", "enter")).want["0"])
}

func TestAShopFindsOutVisitorsThatAreOdd(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]func(p *shop, one, other *visitor){
		"the token is":                     func(_ *shop, one, other *visitor) { one.token = other.token; one.goes("look", "") },
		"nobody has that cookie":           func(_ *shop, one, _ *visitor) { one.cookie = "n77"; one.goes("look", "") },
		"step 1 is due, not 2":             func(_ *shop, one, _ *visitor) { one.goes("pay", "") },
		"the row is":                       func(_ *shop, one, other *visitor) { one.row = other.row; one.goes("look", "") },
		"the step before has not ended":    func(_ *shop, one, _ *visitor) { one.takes("look", ""); one.goes("pay", "") },
		"it paused for":                    func(p *shop, one, _ *visitor) { p.thinks = time.Hour; one.goes("look", "") },
		"the journey is over":              func(_ *shop, one, _ *visitor) { one.goes("look", "&last"); one.goes("pay", "") },
		"a visitor begins with the cookie": func(_ *shop, one, _ *visitor) { one.goes("enter", "") },
	} {
		p, enter := opened()
		c(p, enter(0), enter(1))
		_, odd := p.mistakes()
		if assert.Len(t, odd, 1, what) {
			assert.Contains(t, odd[0], what)
		}
	}
}

func TestAShopHoldsRowsAndNumbersAgainstTheFile(t *testing.T) {
	t.Parallel()
	p := (&farm{ledger: newLedger()}).newShop("shop", 1)
	p.well = true
	ask := func(path, body string) {
		r := httptest.NewRequest(http.MethodPost, path, http.NoBody)
		if body != "" {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		p.take(r, []byte(body), "1220")
	}
	for row := range shelf {
		ask("/shop/view?"+url.Values{"row": {rowName(2, row)}, "note": {hardValue(2, row)}}.Encode(), "")
	}
	ask("/shop/save/1", "row=v2-0&note="+url.QueryEscape(hardValue(2, 0)))
	ask("/shop/save/2?row=v7-3", "")
	assert.Empty(t, p.unlike())
	assert.Empty(t, p.uneven())
	wrong, _ := p.mistakes()
	assert.Empty(t, wrong)
	ask("/shop/view?row=v2-0", "")
	assert.Contains(t, p.uneven(), "the rows of version 2 were used")
	ask("/shop/save/2?row=v7-4", "")
	assert.Equal(t, "of 2 numbers 2 came 2 times", p.unlike())
	for _, row := range []string{"v2-17", "v2-3x", "", "2"} {
		ask("/shop/view?row="+row, "")
	}
	ask("/shop/view?row=v2-3&note=of+another", "")
	ask("/shop/save/x?row=v2-3", "")
	wrong, _ = p.mistakes()
	assert.Len(t, wrong, 6)
}

// The sums of the target do not show a request that is counted under another.
func TestEachRequestOfATargetIsHeldAgainstItself(t *testing.T) {
	t.Parallel()
	text := strings.NewReplacer(`target="TARGET"`, `target="a",request="REQUEST"`,
		` # {trace_id="00000000000000010000000000000001"} 0.5`, "").Replace(scraped("TARGET", 3))
	both := func(one, other string) string {
		return merged(strings.ReplaceAll(one, "REQUEST", "one"), strings.ReplaceAll(other, "REQUEST", "other"))
	}
	more := func(n int) string {
		return strings.ReplaceAll(text, "scheduled_total{target=\"a\",request=\"REQUEST\"} 3", fmt.Sprintf("scheduled_total{target=\"a\",request=\"REQUEST\"} %d", n))
	}
	for name, c := range map[string]struct {
		scrape string
		isRed  bool
	}{
		"all is well":           {both(text, text), false},
		"one has that of other": {both(more(4), more(2)), true},
	} {
		b := newBoard()
		s := newScraper(b, nil, "", func(string) time.Duration { return time.Second })
		v, err := newView(c.scrape)
		if assert.NoError(t, err, name) {
			s.judge(v)
		}
		assert.Equal(t, c.isRed, len(b.failed([]gate{gateConserved})) > 0, name)
		assert.Equal(t, c.isRed, len(remembered(t, c.scrape).wrong) > 0, name)
		assert.Equal(t, map[string]float64{"0": 4, "1212": 2}, remembered(t, c.scrape).codes("a"), name)
	}
}

// merged puts the samples of two scrapes together, family by family.
func merged(one, other string) string {
	var b strings.Builder
	families := strings.Split(strings.TrimSuffix(one, "# EOF\n"), "# TYPE ")
	for i, more := range strings.Split(strings.TrimSuffix(other, "# EOF\n"), "# TYPE ") {
		if i == 0 {
			continue
		}
		_, samples, _ := strings.Cut(more, "\n")
		b.WriteString("# TYPE " + families[i] + samples)
	}
	return b.String() + "# EOF\n"
}
