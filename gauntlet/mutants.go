package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// mutant is a daemon with a lie built in. It is compiled from patched copies of source files, so the program has no
// line of it.
type mutant struct {
	name    string
	patches []patch
	// phase must find the lie, by at least one of the gates.
	phase string
	gates []gate
	// targets are the targets of the phase to play; all if empty.
	targets []string
	// script are the allowed targets of the shortest failing script. If it is empty, there is no search for one.
	script []string
}

// patch replaces a piece of a source file. The piece must occur once.
type patch struct{ file, old, new string }

func mutants() []mutant {
	return slices.Concat(partialMutants(), wholeMutants(), troubledMutants(), streamMutants(), kindMutants(), shopMutants())
}

// partialMutants are mutants that need only a few targets of a phase.
func partialMutants() []mutant {
	return []mutant{
		{
			name: "takes SERVFAIL for a name that does not exist", phase: "mass", gates: []gate{gateAnswers},
			targets: []string{"dns-never", "dns-family"},
			patches: []patch{{"prober/wire/resolve_message.go", "\t\treturn errDNSServfail\n", "\t\treturn errNoSuchName\n"}},
		},
		{
			name: "forgets requests that were on their way to a server as it died", phase: "mass", gates: []gate{gateSeen},
			targets: []string{"mortal-closed-4", "mortal-slow"},
			patches: []patch{{"prober/numbers/recorder.go", "\tt.inFlight--\n\tr.count(t, res, code)\n", "\tt.inFlight--\n" +
				"\tif code == errcode.ClosedReused {\n\t\tr.counts.Scheduled--\n\t\tt.scheduled--\n\t\treturn false\n\t}\n\tr.count(t, res, code)\n"}},
		},
	}
}

func wholeMutants() []mutant {
	return []mutant{
		{
			name: "loses one count in 100,000", phase: "mass", gates: []gate{gateSeen, gateAnswers},
			patches: []patch{
				{"prober/numbers/recorder.go", "\nfunc (r *Recorder) count(", "\nvar counted atomic.Uint64\n\nfunc (r *Recorder) count("},
				{"prober/numbers/recorder.go", "\t\"sync\"\n", "\t\"sync\"\n\t\"sync/atomic\"\n"},
				{"prober/numbers/recorder.go", "\tt.inFlight--\n\tr.count(t, res, code)\n", "\tt.inFlight--\n" +
					"\tif counted.Add(1)%100_000 == 0 {\n\t\tr.counts.Scheduled--\n\t\tt.scheduled--\n\t\treturn false\n\t}\n\tr.count(t, res, code)\n"},
			},
		},
		{
			name: "retries once in hiding", phase: "mass", gates: []gate{gateOnce, gateSeen, gateAnswers},
			patches: []patch{{"prober/http1/exchange.go", "\t\tp.exchange(c, r, x)\n\t\treturn\n\t}\n\tl, err := p.Dial(ctx, r)\n",
				"\t\tp.exchange(c, r, x)\n\t\tif r.Err == nil || r.HTTP.Status != 0 {\n\t\t\treturn\n\t\t}\n\t\tstart, http := r.Start, r.HTTP\n" +
					"\t\tr.Reset(r.Due, r.Deadline)\n\t\tr.Begin()\n\t\tr.Start, r.HTTP = start, http\n\t}\n\tl, err := p.Dial(ctx, r)\n"}},
		},
		{
			name: "leaks one descriptor in 1,000 connections", phase: "mass", gates: []gate{gateQuiet},
			patches: []patch{
				{"prober/wire/dial.go", "\n// connect tries", "\nvar dialled atomic.Uint64\n\n// connect tries"},
				{"prober/wire/dial.go", "\t\"strings\"\n", "\t\"strings\"\n\t\"sync/atomic\"\n"},
				{"prober/wire/dial.go", "\tr.Enter(errcode.PhaseConnect)\n\tvar reason error\n", "\tr.Enter(errcode.PhaseConnect)\n\tvar reason error\n" +
					"\tif dialled.Add(1)%1000 == 0 {\n\t\t_, _ = syscall.Dup(2)\n\t}\n"},
			},
		},
		{
			name: "puts the text of errors into a label", phase: "faults", gates: []gate{gateLabels, gateCanary},
			patches: []patch{
				{"prober/numbers/recorder.go", "\nfunc (r *Recorder) count(", "\nvar said sync.Map\n\nfunc lastText(code errcode.Code) string {\n" +
					"\ttext, _ := said.LoadOrStore(code, \"none\")\n\treturn text.(string)\n}\n\nfunc (r *Recorder) count("},
				{"prober/numbers/recorder.go", "\t\tt.failures[failureKey{code, res.FailedIn()}]++\n", "\t\tt.failures[failureKey{code, res.FailedIn()}]++\n" +
					"\t\tif res.Err != nil {\n\t\t\tsaid.Store(code, res.Err.Error())\n\t\t}\n"},
				{"prober/numbers/metrics_labelled.go", "p.code(k.Code), p.phases[k.Phase], q.label, v.name)", "p.code(k.Code), pair(\"phase\", lastText(k.Code)), q.label, v.name)"},
			},
		},
		{
			name: "counts latency from the start of a request", phase: "calm", gates: []gate{gateDue},
			patches: []patch{{"prober/probe/result.go", "return r.End.Sub(r.Due)", "return r.End.Sub(r.Start)"}},
		},
		{
			name: "drops at a reload what is in flight", phase: "nemesis", gates: []gate{gateReload, gateOwn},
			patches: []patch{{"prober/manager.go", "\t\tbefore.stop(errReload)\n", "\t\tbefore.stop(errReload)\n\t\tbefore.abort()\n"}},
		},
		{
			name: "treats an unchanged target as new", phase: "nemesis", gates: []gate{gateWarm, gateReload},
			patches: []patch{{"prober/manager.go", "sameNetwork && !m.isChanged(t) {", "sameNetwork && !m.isChanged(t) && t.Name == \"\" {"}},
		},
		{
			name: "calls a reset a success", phase: "faults", gates: []gate{gateCodes}, script: []string{"h1-reset", "body-reset"},
			patches: []patch{{"prober/numbers/recorder.go", "\tt.inFlight--\n\tr.count(t, res, code)\n", "\tt.inFlight--\n" +
				"\tif code == errcode.Reset {\n\t\tcode = errcode.OK\n\t}\n\tr.count(t, res, code)\n"}},
		},
	}
}

// hunt builds each mutant of the given phases or names, or all if there are none, and runs its phase. It returns the
// exit code.
func hunt(ctx context.Context, seed uint64, dir string, only []string) int {
	escaped := 0
	for i, m := range mutants() {
		if len(only) > 0 && !slices.Contains(only, m.phase) && !slices.Contains(only, m.name) {
			continue
		}
		dir := filepath.Join(dir, fmt.Sprintf("mutant-%d", i))
		g := &gauntlet{board: newBoard(), seed: seed, short: true, thorough: true, binary: filepath.Join(dir, "prober"), dir: dir}
		g.replay.targets = m.targets
		x, err := m.face(ctx, g)
		if err == nil && m.script != nil {
			err = m.retell(ctx, g, &x)
		}
		found := slices.ContainsFunc(m.gates, func(name gate) bool { return slices.Contains(x.gates, name) })
		switch {
		case err != nil && (x.gates == nil || m.script != nil):
			fmt.Printf("RED    a daemon that %s could not be tried: %v\n", m.name, err)
			escaped++
		case !found:
			fmt.Printf("RED    a daemon that %s is not found out by %q; red are %q\n", m.name, m.gates, x.gates)
			escaped++
		default:
			fmt.Printf("green  a daemon that %s turns red: %q\n", m.name, x.gates)
		}
	}
	return min(escaped, 1)
}

// face runs a phase against the mutant and returns its failures.
func (m *mutant) face(ctx context.Context, g *gauntlet) (x failure, err error) {
	if err := os.MkdirAll(g.dir, 0o700); err != nil {
		return x, err
	}
	overlay, err := m.overlay(g.dir)
	if err != nil {
		return x, err
	}
	if err := build(ctx, g.binary, "-overlay="+overlay); err != nil {
		return x, err
	}
	for _, p := range phases() {
		if p.name == m.phase {
			err = play(ctx, func(s *stage) { p.run(g, s) })
		}
	}
	x = failure{phase: m.phase, targets: g.replay.asked, steps: g.replay.taken}
	x.gates, x.notes = g.board.since(nil)
	return x, err
}

// retell looks for the shortest script that finds the mutant.
func (m *mutant) retell(ctx context.Context, g *gauntlet, x *failure) error {
	least, again, made := g.shrinkOne(ctx, x, shrinkTries)
	if !again {
		return fmt.Errorf("%s does not fail again", x.phase)
	}
	for _, name := range least.targets {
		if !slices.Contains(m.script, name) {
			return fmt.Errorf("the shortest script has %q, and is to have some of %q", least.targets, m.script)
		}
	}
	if len(least.targets) != 1 {
		return fmt.Errorf("the shortest script has %q, and one target is enough", least.targets)
	}
	fmt.Printf("green  the shortest script, after %d tries: %s\n", made, g.command(x.phase, &least))
	return nil
}

// overlay writes the patched files, and the list of them for the compiler.
func (m *mutant) overlay(dir string) (string, error) {
	texts := map[string]string{}
	for _, p := range m.patches {
		if texts[p.file] == "" {
			content, err := os.ReadFile(p.file)
			if err != nil {
				return "", err
			}
			texts[p.file] = string(content)
		}
		if n := strings.Count(texts[p.file], p.old); n != 1 {
			return "", fmt.Errorf("%s has %d times what the patch replaces: %q", p.file, n, p.old)
		}
		texts[p.file] = strings.Replace(texts[p.file], p.old, p.new, 1)
	}
	var list struct{ Replace map[string]string }
	list.Replace = map[string]string{}
	for file, text := range texts {
		source, err := filepath.Abs(file)
		if err != nil {
			return "", err
		}
		copied := filepath.Join(dir, strings.ReplaceAll(file, "/", "-"))
		list.Replace[source] = copied
		if err := os.WriteFile(copied, []byte(text), 0o600); err != nil {
			return "", err
		}
	}
	content, err := json.Marshal(list)
	if err != nil {
		return "", err
	}
	overlay := filepath.Join(dir, "overlay.json")
	return overlay, os.WriteFile(overlay, content, 0o600)
}
