package main

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// The gates of the second look: it reads every scrape again from its file.
const (
	gateKept    gate = "every scrape is kept, and all add up when they are read again"
	gateForever gate = "no series falls or vanishes while its target stays, over the whole history"
	gateLast    gate = "the last that was scraped of each target is what the ledger has"
)

// historyAtMost bounds the file of one daemon, in bytes.
const historyAtMost = 256 << 20

// history keeps every scrape of one daemon in a compressed file, one after the other. Each ends in a line "# EOF".
type history struct {
	path string
	file *os.File
	zip  *gzip.Writer
	kept int
	err  error // the first
}

// newHistory opens a file in the folder dir. Its name keeps the lives of daemons apart.
func newHistory(dir string, pid int) *history {
	h := &history{path: filepath.Join(dir, fmt.Sprintf("scrapes-%d.gz", pid))}
	if h.file, h.err = os.Create(h.path); h.err != nil {
		return h
	}
	h.zip, h.err = gzip.NewWriterLevel(h.file, gzip.BestSpeed)
	return h
}

// keep appends a scrape.
func (h *history) keep(text []byte) {
	if h.err != nil {
		return
	}
	if at, err := h.file.Seek(0, io.SeekCurrent); err != nil || at > historyAtMost {
		h.err = errors.Join(fmt.Errorf("%s has %d bytes, and may have %d", h.path, at, historyAtMost), err)
		return
	}
	if _, h.err = h.zip.Write(text); h.err == nil {
		h.kept++
	}
}

// close ends the file.
func (h *history) close() error {
	if h.zip == nil {
		return h.err
	}
	return errors.Join(h.err, h.zip.Close(), h.file.Close())
}

// reread keeps the log of a daemon that has ended, reads its history again and checks it for contradictions. It also
// compares it with the ledger if the farm has seen only this daemon.
func (a *act) reread(ledger bool) {
	log := filepath.Join(a.dir, fmt.Sprintf("log-%d.txt", a.d.Pid()))
	a.must(errors.Join(a.s.history.close(), os.WriteFile(log, []byte(a.d.output.String()), 0o600)))
	p, err := recall(a.s.history.path)
	a.must(err)
	a.board.hold(gateKept, p.scrapes == a.s.scrapes && len(p.wrong) == 0, "%s: %d scrapes, and %d are kept; wrong: %.1000q", a.name, a.s.scrapes, p.scrapes, p.wrong)
	a.board.hold(gateForever, len(p.lost) == 0, "%s: %.1000q", a.name, p.lost)
	if !ledger {
		return
	}
	for i := range a.targets {
		t := &a.targets[i]
		if t.leeway != nil { // reconcile judges these with their leeway
			continue
		}
		page, codes, left := a.farm.ledger.read(t.name), p.codes(t.name), p.left(t.name)
		a.board.hold(gateLast, !t.exact || float64(page.seen) == left, "%s: %d ids were seen, %v requests left", t.name, page.seen, left)
		for code, n := range page.want {
			a.board.hold(gateLast, !t.scripted || float64(n) == codes[code], "%s: %d answers of code %s, %v counted", t.name, n, code, codes[code])
		}
	}
}
