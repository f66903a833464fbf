package numbers

import "iter"

// Series of journeys. Only some targets have journeys.

// journeys yields the targets with journeys.
func (s *scrape) journeys() iter.Seq2[*view, *JourneyNumbers] {
	return func(yield func(*view, *JourneyNumbers) bool) {
		for i := range s.targets {
			if v := &s.targets[i]; v.Journey != nil && !yield(v, v.Journey) {
				return
			}
		}
	}
}

func (p *Page) journeys(s *scrape) {
	for v, j := range s.journeys() {
		created := timestamp(j.Created)
		for _, c := range j.Ended {
			p.counter(c.Count, created, p.results[c.Result], pair("step", c.Step), v.name)
		}
	}
}

// journeyDurations writes success from the start, and each other result that has occurred.
func (p *Page) journeyDurations(s *scrape) {
	for v, j := range s.journeys() {
		for result := range JourneyResult(NumJourneyResults) {
			if h := &j.Durations[result]; h.count > 0 || result == JourneySuccess {
				p.histogram(h, s.Bounds, s.Native, p.results[result], v.name)
			}
		}
	}
}

func (p *Page) journeysInFlight(s *scrape) {
	for v, j := range s.journeys() {
		p.gauge(float64(j.InFlight), v.name)
	}
}

func (p *Page) thought(s *scrape) {
	for v, j := range s.journeys() {
		p.counterWith(j.ThoughtSeconds, timestamp(j.Created), nil, v.name)
	}
}
