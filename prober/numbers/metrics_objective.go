package numbers

// Objectives of targets. Only some targets have them.

func (p *Page) objectiveRatios(s *scrape) {
	for i := range s.targets {
		if v := &s.targets[i]; v.ObjectiveRatio > 0 {
			p.gauge(v.ObjectiveRatio, v.name)
		}
	}
}

func (p *Page) objectiveLatencies(s *scrape) {
	for i := range s.targets {
		if v := &s.targets[i]; v.ObjectiveLatency > 0 {
			p.gauge(v.ObjectiveLatency.Seconds(), v.name)
		}
	}
}
