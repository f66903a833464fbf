package main

import (
	"fmt"
	"maps"
	"slices"
)

// uneven returns what is wrong with the use of the rows, "" if nothing is. Within a version of the file, the counts of
// two rows may differ by at most one.
func (p *shop) uneven() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, version := range slices.Sorted(maps.Keys(p.rows)) {
		least, most := p.rows[version][0], p.rows[version][0]
		for row := range shelf {
			n := p.rows[version][row]
			least, most = min(least, n), max(most, n)
		}
		if most-least > 1 {
			return fmt.Sprintf("the rows of version %d were used %v", version, p.rows[version])
		}
	}
	return ""
}

// unlike returns what is wrong with the unique numbers, "" if nothing is: they count up from 1, and each comes once.
func (p *shop) unlike() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	for n := range len(p.once) {
		if times := p.once[n+1]; times != 1 {
			return fmt.Sprintf("of %d numbers %d came %d times", len(p.once), n+1, times)
		}
	}
	return ""
}

// repeated returns the numbers that came more than once.
func (p *shop) repeated() (numbers []int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for n, times := range p.once {
		if times > 1 {
			numbers = append(numbers, n)
		}
	}
	return numbers
}

// journeys returns how many have ended, by result and step. Call it when no more is sent. A journey that was answered
// and went no further was interrupted.
func (p *shop) journeys() map[string]float64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := map[string]float64{}
	for step, n := range p.failed {
		all["failure "+step] = float64(n)
	}
	over := 0
	for _, v := range p.visits {
		if v.over {
			over++
		} else {
			all["interrupted "+p.steps[v.next]]++
		}
	}
	failed := 0
	for _, n := range p.failed {
		failed += n
	}
	if over > failed {
		all["success "] = float64(over - failed)
	}
	return all
}

// requests returns how often each was asked for.
func (p *shop) requests() map[string]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return maps.Clone(p.asked)
}

// versions returns how many versions of the file have come.
func (p *shop) versions() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.rows)
}

// mistakes returns the mistakes in values, and of visitors.
func (p *shop) mistakes() (wrong, odd []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.wrong), slices.Clone(p.odd)
}
