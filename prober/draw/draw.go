// Package draw gives the names of data their values, one request after another: rows of files,
// items of lists, numbers, and generated values.
//
// A [Set] has the data of a target, and a [Plan] what one of its requests draws. Values of a
// group, such as the columns of a file, come from the same row. Shards draw by numbers that
// they agree on without talking: together they draw each row as one process would. A reload
// goes on where the set before it was.
package draw

import (
	"bytes"
	"cmp"
	"fmt"
	"hash/fnv"
	"math/bits"
	"slices"
	"strconv"
	"sync/atomic"

	"example.com/prober/option"
	"example.com/prober/template"
)

// Set has the values of all names of a target. It is safe for concurrent use.
type Set struct {
	data   []option.Data
	groups []group
	// of maps the n-th draw of this process to its number among the draws of all shards.
	of func(n int64) int64
}

// group is one name, or the columns of a file. Values of a group are drawn together.
type group struct {
	key   string
	names []int
	pick  option.DataPick
	rows  uint64 // 0 for generated values
	seed  uint64
	drawn *atomic.Int64 // how often
}

// New returns the set of data of a target. of maps the n-th draw of this process, from 0 on, to
// its number among the draws of all processes that share the load of the target.
func New(data []option.Data, target string, of func(n int64) int64) *Set {
	s := &Set{data: data, of: of}
	at := map[string]int{}
	for i := range data {
		key := keyOf(&data[i])
		g, ok := at[key]
		if !ok {
			g = len(s.groups)
			at[key] = g
			s.groups = append(s.groups, group{
				key: key, pick: data[i].Pick, rows: rowsOf(&data[i]), seed: seedOf(target, key), drawn: new(atomic.Int64),
			})
		}
		s.groups[g].names = append(s.groups[g].names, i)
	}
	return s
}

// Continue has s go on after before, for all values that have not changed. before may still be in
// use. If s is for another part of the load, it goes on with its first own number that is not
// below the next number of before. Call Continue before s is used. Either may be nil.
func (s *Set) Continue(before *Set) {
	if s == nil || before == nil {
		return
	}
	for i := range s.groups {
		g := &s.groups[i]
		for j := range before.groups {
			if old := &before.groups[j]; old.key == g.key && s.isSame(g, before, old) {
				g.drawn = s.after(before, old.drawn)
			}
		}
	}
}

// after returns the counter of the draws of s; drawn counts the draws of before.
func (s *Set) after(before *Set, drawn *atomic.Int64) *atomic.Int64 {
	first := s.of(0)
	step := s.of(1) - first
	if first == before.of(0) && step == before.of(1)-first {
		return drawn
	}
	own := new(atomic.Int64)
	if next := before.of(drawn.Load()); next > first {
		own.Store((next - first + step - 1) / step)
	}
	return own
}

// isSame reports whether g has the values of old, a group of the set before.
func (s *Set) isSame(g *group, before *Set, old *group) bool {
	if g.pick != old.pick || g.rows != old.rows {
		return false
	}
	mine, theirs := &s.data[g.names[0]], &before.data[old.names[0]]
	if mine.From != theirs.From || mine.Generate != theirs.Generate || mine.Column != theirs.Column {
		return false
	}
	for row := range mine.Values.Len() {
		if !bytes.Equal(mine.Values.At(row), theirs.Values.At(row)) {
			return false
		}
	}
	return true
}

// keyOf returns the key of the group of d.
func keyOf(d *option.Data) string {
	if d.Source != "" {
		return "file " + string(d.Pick) + " " + d.Source
	}
	return "name " + d.Name
}

func rowsOf(d *option.Data) uint64 {
	switch {
	case d.Generate != "":
		return 0
	case d.IsRange:
		return uint64(d.To-d.From) + 1
	}
	return uint64(d.Values.Len())
}

// seedOf makes random picks the same in all processes, and different in each target and group.
func seedOf(target, key string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(target + "\x00" + key)) // it never fails
	return h.Sum64()
}

// Plan is what one request draws. It is nil if the request draws nothing.
type Plan struct {
	set   *Set
	parts []part
}

// part has the names of a group that a request uses.
type part struct {
	group *group
	names []int
}

// Plan returns the plan of a request with these names by number. It ignores numbers that are not
// of data, and repeated numbers.
func (s *Set) Plan(numbers []int) *Plan {
	used := make([]bool, len(s.data))
	for _, n := range numbers {
		if n < len(used) {
			used[n] = true
		}
	}
	p := &Plan{set: s}
	for i := range s.groups {
		g := &s.groups[i]
		one := part{group: g}
		for _, n := range g.names {
			if used[n] {
				one.names = append(one.names, n)
			}
		}
		if one.names != nil {
			p.parts = append(p.parts, one)
		}
	}
	if p.parts == nil {
		return nil
	}
	// Groups that can run out come first: then a failed request uses up no row of the other
	// groups.
	slices.SortStableFunc(p.parts, func(a, b part) int { return cmp.Compare(a.group.order(), b.group.order()) })
	return p
}

// order returns the rank of the group in the order of draws.
func (g *group) order() int {
	if g.pick == option.PickUnique {
		return 0
	}
	return 1
}

// Draw sets the values of one request in v. It allocates nothing. p may be nil.
func (p *Plan) Draw(v *template.Values) error {
	if p == nil {
		return nil
	}
	for i := range p.parts {
		if err := p.set.draw(v, &p.parts[i]); err != nil {
			return err
		}
	}
	return nil
}

func (s *Set) draw(v *template.Values, p *part) error {
	g := p.group
	// A number is used up even if the request is not sent in the end. To give it back would let
	// two requests draw the same one.
	number := uint64(s.of(g.drawn.Add(1) - 1))
	row, ok := g.row(number)
	if !ok {
		return &template.Error{Name: s.data[p.names[0]].Name, Why: fmt.Sprintf("is used up: pick is unique, and all %d were drawn", g.rows)}
	}
	for _, n := range p.names {
		d := &s.data[n]
		switch {
		case d.Generate != "":
			v.Commit(n, generate(v.Space(), d, number))
		case d.IsRange:
			v.Commit(n, strconv.AppendInt(v.Space(), d.From+int64(row), 10))
		default:
			v.Set(n, d.Values.At(int(row)))
		}
	}
	return nil
}

// row returns the row for the draw of a number, false if none is left.
func (g *group) row(number uint64) (row uint64, ok bool) {
	switch {
	case g.rows == 0:
		return 0, true
	case g.pick == option.PickUnique:
		return number, number < g.rows
	case g.pick == option.PickRandom:
		// The high half of the product is below rows. A remainder would need a division, and
		// prefer the first rows.
		high, _ := bits.Mul64(mix(g.seed+number), g.rows)
		return high, true
	}
	return number % g.rows, true
}

// mix turns consecutive numbers into numbers that look random: the finalizer of SplitMix64
// (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
func mix(n uint64) uint64 {
	n += 0x9e3779b97f4a7c15
	n = (n ^ n>>30) * 0xbf58476d1ce4e5b9
	n = (n ^ n>>27) * 0x94d049bb133111eb
	return n ^ n>>31
}
