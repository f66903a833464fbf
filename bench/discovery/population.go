package discovery

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
)

// changesAtOnce is how many targets change from one version of the file to the next.
const changesAtOnce = 100

// Of these changes, replaced targets go for good while others come, and flapping targets go and come back: soon within
// the apply interval, late beyond it. The other changes change a label, and every second of them the URL too.
const (
	replaced  = 20
	flapping  = 15
	soon      = 1 // versions of the file later
	late      = 8
	otherURLs = 2 // one of so many changes of a label
)

// target is a target in the file.
type target struct {
	id            int
	team, version int
	returns       int // version of the file with its return
}

func (t *target) name() string { return fmt.Sprintf("t%06d", t.id) }

// population is the targets of a file, and their changes.
type population struct {
	random *rand.Rand
	there  []*target
	away   []*target
	next   int
	step   int
	left   map[string]bool // targets that were away at some time
}

func newPopulation(n int) *population {
	p := &population{random: rand.New(rand.NewPCG(1, 2)), left: map[string]bool{}}
	for range n {
		p.add()
	}
	return p
}

func (p *population) add() {
	p.there = append(p.there, &target{id: p.next})
	p.next++
}

// change makes the next version of the file.
func (p *population) change() {
	p.step++
	changes := p.takeBack()
	for i := range flapping {
		t := p.remove()
		if t.returns = p.step + soon; i%2 == 0 {
			t.returns = p.step + late
		}
		p.away = append(p.away, t)
		changes++
	}
	for range replaced {
		p.remove()
		p.add()
		changes += 2
	}
	for ; changes < changesAtOnce; changes++ {
		t := p.there[p.random.IntN(len(p.there))]
		t.team++
		if changes%otherURLs == 0 {
			t.version++
		}
	}
}

// takeBack returns the number of returned targets.
func (p *population) takeBack() (came int) {
	p.away = slices.DeleteFunc(p.away, func(t *target) bool {
		due := t.returns <= p.step
		if due {
			p.there = append(p.there, t)
			came++
		}
		return due
	})
	return came
}

// remove takes any target away.
func (p *population) remove() *target {
	i, last := p.random.IntN(len(p.there)), len(p.there)-1
	t := p.there[i]
	p.there[i] = p.there[last]
	p.there = p.there[:last]
	p.left[t.name()] = true
	return t
}

// stayed returns the names of the targets that were never away.
func (p *population) stayed() (names []string) {
	for _, t := range p.there {
		if name := t.name(); !p.left[name] {
			names = append(names, name)
		}
	}
	return names
}

// write replaces the file, by renaming.
func (p *population) write(file string) error {
	var b strings.Builder
	b.WriteByte('[')
	for i, t := range p.there {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"targets":["x"],"labels":{"name":%q,"team":"%d","version":"%d"}}`, t.name(), t.team, t.version)
	}
	b.WriteByte(']')
	const hidden = ".new" // no pattern of the configuration fits it
	if err := os.WriteFile(file+hidden, []byte(b.String()), 0o600); err != nil {
		return err
	}
	return os.Rename(file+hidden, file)
}
