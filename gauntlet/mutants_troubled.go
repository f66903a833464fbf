package main

// troubledMutants are daemons that behave until something goes wrong around them.
func troubledMutants() []mutant {
	return []mutant{
		{
			name: "lets all targets wait for one that fails", phase: "neighbours", gates: []gate{gateNeighbours},
			patches: []patch{
				{"prober/burst_request.go", "\t\"errors\"\n", "\t\"errors\"\n\t\"sync\"\n\t\"time\"\n"},
				{"prober/burst_request.go", "\nfunc (b *burst) exchange(", "\nvar waiting sync.RWMutex\n\nfunc (b *burst) exchange("},
				{"prober/burst_request.go", "\ts.engine.Do(requests, r)\n", "\twaiting.RLock()\n\twaiting.RUnlock()\n\ts.engine.Do(requests, r)\n" +
					"\tif r.Err != nil {\n\t\twaiting.Lock()\n\t\ttime.Sleep(200 * time.Millisecond)\n\t\twaiting.Unlock()\n\t}\n"},
			},
		},
		{
			name: "opens the breaker over trouble of its own", phase: "distress", gates: []gate{gateBlameless},
			patches: []patch{{"prober/numbers/recorder.go", "\tif code.IsLocal() || !r.breaker.IsThere() {\n", "\tif !r.breaker.IsThere() {\n"}},
		},
		{
			name: "waits for its log to be read", phase: "distress", gates: []gate{gateBlocked},
			patches: []patch{{"internal/logqueue/logqueue.go", "func (q *Queue) Write(p []byte) (int, error) {\n", "func (q *Queue) Write(p []byte) (int, error) {\n" +
				"\tif len(p) > 0 {\n\t\treturn q.out.Write(p)\n\t}\n"}},
		},
		{
			name: "blames a target for its own freeze", phase: "freeze", gates: []gate{gateFrozen},
			patches: []patch{{"prober/load/arrivals.go", "a.frozen(from, from.Add(timeout)) > 0", "a.frozen(from, from.Add(timeout)) < 0"}},
		},
		{
			name: "keeps the bodies of peers without a ceiling", phase: "distress", gates: []gate{gateBombed},
			patches: []patch{{"prober/manager.go", "NewDecoders(o.Limits.KeptBodies)", "NewDecoders(0)"}},
		},
		{
			name: "has no room for a series now and then", phase: "calm", gates: []gate{gateForever},
			patches: []patch{
				{"prober/numbers/metrics.go", "\t\"iter\"\n", "\t\"iter\"\n\t\"sync/atomic\"\n"},
				{"prober/numbers/metrics.go", "\nfunc countPerTarget(", "\nvar shown atomic.Uint64\n\nfunc countPerTarget("},
				{"prober/numbers/metrics.go", "\t\t\tp.counter(value(v), v.created, v.name)\n", "\t\t\tif v.Sent > 0 && value(v) == v.Sent && shown.Add(1)%50 == 0 {\n\t\t\t\tcontinue\n\t\t\t}\n" +
					"\t\t\tp.counter(value(v), v.created, v.name)\n"},
			},
		},
		{
			name: "puts what a peer said into a label", phase: "attack", gates: []gate{gateLabels, gateCanary, gateDemand},
			patches: []patch{
				{"prober/numbers/recorder.go", "\nfunc (r *Recorder) count(", "\nvar heard sync.Map\n\nfunc (r *Recorder) count("},
				{"prober/numbers/recorder.go", "\tr.counts.Sent += uint64(res.Sent)\n", "\tif res.Err != nil {\n\t\theard.Store(res.Err.Error(), true)\n\t}\n\tr.counts.Sent += uint64(res.Sent)\n"},
				{"prober/numbers/metrics_labelled.go", "func (p *Page) skipped(s *scrape) {\n", "func (p *Page) skipped(s *scrape) {\n" +
					"\theard.Range(func(text, _ any) bool {\n\t\tif len(s.targets) == 0 {\n\t\t\treturn false\n\t\t}\n\t\tp.counter(1, s.targets[0].created, pair(\"reason\", text.(string)), s.targets[0].name)\n\t\treturn true\n\t})\n"},
			},
		},
	}
}
