package main

// shopMutants are daemons that are wrong about mixes, data and journeys only.
func shopMutants() []mutant {
	return []mutant{
		{
			name: "counts a request of a mix under another", phase: "mass", gates: []gate{gateItems}, targets: []string{"mix-h1", "mix-h2"},
			patches: []patch{{"prober/numbers/recorder.go", "\tt.inFlight--\n\tr.count(t, res, code)\n", "\tt.inFlight--\n" +
				"\tif other := r.requests[len(r.requests)-1]; r.journey == nil && code == errcode.FromStatus(503) && other != t {\n" +
				"\t\tt.scheduled--\n\t\tother.scheduled++\n\t\tt = other\n\t}\n\tr.count(t, res, code)\n"}},
		},
		{
			name: "forgets a journey that fails at its first step", phase: "mass", gates: []gate{gateJourneys}, targets: []string{"journey-h1", "journey-open"},
			patches: []patch{{"prober/numbers/journey.go", "\tof.inFlight--\n\tkey :=", "\tof.inFlight--\n" +
				"\tif j.Result == JourneyFailure && j.Step == 0 {\n\t\treturn\n\t}\n\tkey :="}},
		},
		{
			name: "draws a unique row twice after a reload", phase: "mass", gates: []gate{gateRows}, targets: []string{"mix-h1", "mix-open"},
			patches: []patch{{"prober/manager.go", "\tc.data.Continue(e.data)\n", ""}},
		},
		{
			name: "sends a captured value of another journey", phase: "mass", gates: []gate{gateVisitors}, targets: []string{"journey-h1", "journey-h2"},
			patches: []patch{
				{"prober/transport/capture.go", "\t\"strings\"\n", "\t\"strings\"\n\t\"sync/atomic\"\n"},
				{"prober/transport/capture.go", "\nfunc (c *capture) take(", "\nvar captured atomic.Pointer[[]byte]\n\nfunc (c *capture) take("},
				{"prober/transport/capture.go", "\t\tr.Values.Set(c.To, value)\n", "\t\tmine := slices.Clone(value)\n" +
					"\t\tif other := captured.Swap(&mine); other != nil && (*other)[1] == '7' {\n\t\t\tvalue = *other\n\t\t}\n\t\tr.Values.Set(c.To, value)\n"},
			},
		},
		{
			name: "starts a step before the one before has ended", phase: "mass", gates: []gate{gateVisitors}, targets: []string{"journey-h2", "journey-h2c"},
			patches: []patch{{"prober/http2/response.go", "\tended := fh.Flags.Has(http2.FlagDataEndStream)\n", "\tended := fh.Flags.Has(http2.FlagDataEndStream) || n > 0\n"}},
		},
		{
			name: "gives each shard a mix of its own", phase: "calm", gates: []gate{gateShards},
			patches: []patch{{"prober/burst.go", "b.mix.Request(b.part.Global(b.planned-1-left))", "b.mix.Request(b.planned-1-left)"}},
		},
	}
}
