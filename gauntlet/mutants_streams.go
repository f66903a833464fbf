package main

// streamMutants are daemons that are wrong about HTTP/2 only.
func streamMutants() []mutant {
	return []mutant{
		{
			name: "forgets the deadline of a request that has dialled", phase: "greeting", gates: []gate{gateGreeting, gateOwn},
			patches: []patch{{"prober/http2/pool.go", "\t\treturn false\n\t}\n\tp.arm(st.deadline)\n", "\t\treturn false\n\t}\n"}},
		},
		{
			name: "takes refused streams for a flood", phase: "streams", gates: []gate{gateRefused},
			patches: []patch{{"prober/http2/control.go", "\t\tc.resetByPeer(reset)\n", "\t\tif err := c.flood.spend(c.readAt); err != nil {\n" +
				"\t\t\treturn err\n\t\t}\n\t\tc.resetByPeer(reset)\n"}},
		},
		{
			name: "does not count what it sends once more", phase: "streams", gates: []gate{gateResent},
			patches: []patch{{"prober/numbers/recorder.go", "\t\tr.counts.Resent++\n", ""}},
		},
		{
			name: "sends again until it is served", phase: "streams", gates: []gate{gateResent},
			patches: []patch{
				{"prober/http2/do.go", "\tif again := p.send(ctx, r, x); again {\n\t\tr.Resend()\n\t\tp.send(ctx, r, x)\n\t}\n", "\tfor p.send(ctx, r, x) {\n\t\tr.Resend()\n\t}\n"},
				{"prober/http2/do.go", "case st.unprocessed && !r.HTTP.Resent:", "case st.unprocessed:"},
			},
		},
		{
			name: "sends once more what was processed", phase: "mass", gates: []gate{gateOnce, gateAnswers}, targets: []string{"h2c-closed-16", "h2-closed-16"},
			patches: []patch{{"prober/http2/control.go", "\tst.received += frameHeaderSize + 4\n\tc.endStream(st, http2.StreamError{",
				"\tst.received += frameHeaderSize + 4\n\tst.unprocessed = true\n\tc.endStream(st, http2.StreamError{"}},
		},
	}
}
