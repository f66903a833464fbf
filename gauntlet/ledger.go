package main

import (
	"strconv"
	"strings"
	"sync"
)

// idLength is the length of the prober's request ids: a prefix that no other transport has, and a number, 16
// hexadecimal digits each.
const idLength = 32

// ledger records the requests that the farm saw, by id, and the answers, by their expected code. It is safe for
// concurrent use.
type ledger struct {
	mu    sync.Mutex
	pages map[string]*page
}

// page is the part of the ledger about one target.
type page struct {
	seen    int // different ids
	twice   []string
	strange []string // malformed ids
	serials map[string]map[uint64]struct{}
	want    map[string]int // answers by their expected code
}

func newLedger() *ledger { return &ledger{pages: map[string]*page{}} }

// note enters a request and returns its number among the requests of its target, from 0.
func (l *ledger) note(target, id string) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	p := l.page(target)
	serial, err := uint64(0), error(nil)
	if len(id) == idLength {
		serial, err = strconv.ParseUint(id[idLength/2:], 16, 64)
	}
	if len(id) != idLength || err != nil {
		p.strange = append(p.strange, id)
		return p.seen
	}
	of := p.serials[id[:idLength/2]]
	if of == nil {
		of = map[uint64]struct{}{}
		p.serials[id[:idLength/2]] = of
	}
	if _, known := of[serial]; known {
		p.twice = append(p.twice, id)
		return p.seen
	}
	of[serial] = struct{}{}
	p.seen++
	return p.seen - 1
}

// landed follows the name of a target in the second part of a redirected request. Both parts have one id and one code.
const landed = "-landed"

// expect enters the expected code of an answer. "" stands for an answer that leads to another.
func (l *ledger) expect(target, code string) {
	if code == "" {
		return
	}
	target = strings.TrimSuffix(target, landed)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.page(target).want[code]++
}

// read returns a copy of the page about a target.
func (l *ledger) read(target string) page {
	l.mu.Lock()
	defer l.mu.Unlock()
	p := *l.page(target)
	want := map[string]int{}
	for code, n := range p.want {
		want[code] = n
	}
	p.want = want
	return p
}

// isNew enters a request and reports whether it is there for the first time.
func (l *ledger) isNew(target, id string) bool {
	before := len(l.read(target).twice)
	l.note(target, id)
	return len(l.read(target).twice) == before
}

// missing returns how many ids of the page from are missing on the page on.
func (l *ledger) missing(from, on string) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	known := l.page(on).serials
	for prefix, serials := range l.page(from).serials {
		for serial := range serials {
			if _, is := known[prefix][serial]; !is {
				n++
			}
		}
	}
	return n
}

func (l *ledger) page(target string) *page {
	p := l.pages[target]
	if p == nil {
		p = &page{serials: map[string]map[uint64]struct{}{}, want: map[string]int{}}
		l.pages[target] = p
	}
	return p
}
