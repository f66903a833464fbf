package main

// kindMutants are daemons that are wrong about HTTP/3, gRPC or DNS only.
func kindMutants() []mutant {
	return []mutant{
		{
			name: "sends once more over HTTP/3 what may have been processed", phase: "mass", gates: []gate{gateOnce, gateAnswers},
			targets: []string{"h3-closed-8", "h3-post"},
			patches: []patch{{"prober/http3/do.go", "case st.isUnprocessed(err) && !r.HTTP.Resent:", "case err != nil && !st.hasBegun() && !r.HTTP.Resent:"}},
		},
		{
			name: "counts a call whose status is not OK as a success", phase: "mass", gates: []gate{gateAnswers},
			targets: []string{"grpc-closed-16", "grpcs-tenth"},
			patches: []patch{{"prober/grpc/judge.go", "\t\ts.code = errcode.FromGRPCStatus(uint64(a.status))\n", "\t\ts.code = errcode.OK\n"}},
		},
		{
			name: "takes a DNS answer to another question", phase: "mass", gates: []gate{gateAnswers},
			targets: []string{"resolver-udp-8", "resolver-tcp-8"},
			patches: []patch{{"prober/dns/query.go", "\tcase !q.isRepeated(message):\n\t\treturn errOtherQuestion\n", ""}},
		},
		{
			name: "sends some questions twice, in case one is lost", phase: "mass", gates: []gate{gateOnce},
			targets: []string{"resolver-udp-8", "resolver-udp-never"},
			patches: []patch{{"prober/dns/conn.go", "\tn, err := c.RW.Write(message)\n", "\tif c.pool.datagrams && c.id%100 == 0 {\n" +
				"\t\t_, _ = c.RW.Write(message)\n\t}\n\tn, err := c.RW.Write(message)\n"}},
		},
		{
			name: "ends answers when it has read them, and says that it was by the kernel's clock", phase: "freeze", gates: []gate{gateArrival},
			patches: []patch{{"prober/probe/arrival.go", "\t\treturn a.Kernel\n", "\t\treturn a.Read\n"}},
		},
		{
			name: "does not count how long answers lie in the kernel", phase: "freeze", gates: []gate{gateArrival},
			patches: []patch{{"prober/numbers/recorder.go", "\t\tr.times.ReceiveLag.observe(receiveBounds, res.ReceiveLag)\n", "\t\tr.times.ReceiveLag.observe(receiveBounds, 0)\n"}},
		},
	}
}
