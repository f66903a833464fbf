package main

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"

	"example.com/prober/internal/rig"
)

const gateBombed gate = "bombs in all codings at once end no daemon that has 64 MiB"

// What the daemon may take: the kernel kills it above the limit, in which the pages of its
// program count that are in use. What is its own is measured.
const (
	bombedLimit  = 64       // MiB
	bombedAtMost = 56 << 10 // KiB
)

// bomb has bombs in each coding for a hundred targets, which nothing tells the daemon
// how much memory there is for.
func (g *gauntlet) bomb(ctx context.Context) error {
	f, err := newFarm()
	if err != nil {
		return err
	}
	defer f.close()
	targets, err := f.bombs(g.seed)
	if err != nil {
		return err
	}
	command := "unset GOMEMLIMIT GOGC"
	group, err := rig.MemoryGroup(fmt.Sprintf("prober-gauntlet-%d", os.Getpid()), bombedLimit)
	if err != nil {
		g.board.fact("distress: no control group, so that memory is measured and not limited: %v", err)
	} else {
		defer func() { _ = until(ctx, "an empty group", func() bool { return os.Remove(group) == nil }) }()
		command += "\necho $$ >" + filepath.Join(group, "cgroup.procs")
	}
	a, err := g.beginBehind(ctx, "bombed", command, f, targets)
	if err != nil {
		return err
	}
	defer a.abandon()
	a.bombed = true
	err = a.load()
	if err == nil {
		err = pause(ctx, g.length(8*time.Second, 30*time.Second))
	}
	if a.d.hasEnded() {
		g.board.hold(gateBombed, false, "the daemon has ended, %v: %.500s", err, a.d.output.String())
		return nil
	}
	if err != nil {
		return err
	}
	peak, err := a.d.Status("VmHWM")
	file, fileErr := a.d.Status("RssFile")
	g.board.fact("bombed: %d KiB of its own in memory", peak-file)
	g.board.hold(gateBombed, err == nil && fileErr == nil && peak-file < bombedAtMost, "%d KiB of its own in memory, %v, %v", peak-file, err, fileErr)
	v, err := a.finish()
	if err != nil {
		return err
	}
	for _, t := range targets {
		c := v.of(t.name)
		if t.name == "bombed-fine" {
			g.board.hold(gateBombed, c.failed() == 0 && c.total() > 0, "%s has codes %v", t.name, c.codes())
			continue
		}
		known := []string{"0", "1002", "1701", "1703", "1704", "1712"}
		g.board.hold(gateBombed, c.total() > 0 && !slices.ContainsFunc(codesOf(c), func(code string) bool { return !slices.Contains(known, code) }), "%s has codes %v", t.name, c.codes())
	}
	return nil
}

// bombs opens a server with many bodies, and a hundred targets on it, of which every
// second looks at what it gets.
func (f *farm) bombs(seed uint64) ([]target, error) {
	answers, err := bombAnswers(seed)
	if err != nil {
		return nil, err
	}
	b, err := f.open(f.serveHTTP1(func(name string, _ int) move {
		var i int
		if _, err := fmt.Sscanf(name, "bombed-%d", &i); err != nil {
			return okMove()
		}
		return move{text: answers[i%len(answers)]}
	}))
	if err != nil {
		return nil, err
	}
	targets := []target{{name: "bombed-fine", url: "http://" + b.address + "/bombed-fine/", interval: "1s", burst: "{requests: 4}"}}
	for i := range 99 {
		t := target{
			name: fmt.Sprintf("bombed-%d", i), interval: "1s", burst: "{rate: 4, requests: 4, concurrency: 4}", starved: true,
			keys: []string{"request: {compression: [gzip, deflate, br, zstd]}"},
		}
		t.url = "http://" + b.address + "/" + t.name + "/"
		if i/len(answers)%2 == 0 {
			t.keys = append(t.keys, "expect: {body: {contains: never}}")
		}
		targets = append(targets, t)
	}
	return targets, nil
}

// bombAnswers are long bodies, and bombs long enough as they come that a decoder has to
// take as much memory as it ever does.
func bombAnswers(seed uint64) ([]string, error) {
	random := rand.New(rand.NewPCG(seed, 7))
	noise := make([]byte, 700<<10)
	for i := range noise {
		noise[i] = byte(random.Uint32())
	}
	zeros := append(bytes.Clone(noise[:100<<10]), make([]byte, 32<<20)...)
	long := append(bytes.Clone(noise[:150<<10]), bytes.Repeat(noise[:20<<10], 290)...)
	answer := func(coding string, body []byte) string {
		return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\nContent-Length: %d\r\n\r\n%s", coding, len(body), body)
	}
	answers := []string{answer("identity", noise), answer("gzip, br, zstd", noise[:100])}
	for _, codings := range []string{"gzip", "deflate", "br", "zstd", "gzip, br", "br, gzip", "gzip, zstd", "zstd, gzip", "deflate, gzip, br"} {
		bomb, err := encoded(zeros, codings)
		if err != nil {
			return nil, err
		}
		body, err := encoded(long, codings)
		if err != nil {
			return nil, err
		}
		broken := append(bytes.Clone(body[:len(body)*9/10]), bytes.Repeat([]byte{0xff}, 100)...)
		answers = append(answers, answer(codings, bomb), answer(codings, body), answer(codings, broken))
	}
	return answers, nil
}

// encoded returns content in codings, put on in this order.
func encoded(content []byte, codings string) ([]byte, error) {
	for coding := range strings.SplitSeq(codings, ", ") {
		var b bytes.Buffer
		var w io.WriteCloser
		var err error
		switch coding {
		case "gzip":
			w = gzip.NewWriter(&b)
		case "deflate":
			w, err = flate.NewWriter(&b, flate.DefaultCompression)
		case "br":
			w = brotli.NewWriterOptions(&b, brotli.WriterOptions{Quality: 5, LGWin: 24})
		default:
			w, err = zstd.NewWriter(&b, zstd.WithWindowSize(8<<20), zstd.WithEncoderConcurrency(1))
		}
		if err != nil {
			return nil, err
		}
		if _, err := w.Write(content); err != nil {
			return nil, err
		}
		if err := w.Close(); err != nil {
			return nil, err
		}
		content = b.Bytes()
	}
	return content, nil
}
