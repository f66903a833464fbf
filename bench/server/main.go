//go:build linux

// Command server is the neutral side of the benchmarks: an HTTP/1.1 server on bare sockets. It answers every request
// alike and notes its arrival.
//
// The time of arrival is the kernel's: when the packet with the end of the request reached the socket. So the server's
// own wake-ups are no part of it.
//
// It prints its address, then a line when the first request arrives. When its standard input is closed it writes the
// times of arrival and of answer of each request to the given file, as two little-endian numbers of nanoseconds since
// the Unix epoch, and exits.
package main

import (
	"bufio"
	"encoding/binary"
	"flag"
	"fmt"
	"os"

	"example.com/prober/bench/rig"
)

func main() {
	var s rig.Service
	flag.DurationVar(&s.Delay, "delay", 0, "work that each request takes")
	flag.DurationVar(&s.Spread, "spread", 0, "how much more work some requests take than others")
	flag.DurationVar(&s.Stall, "stall", 0, "how long all work rests in each period")
	flag.DurationVar(&s.Period, "period", 0, "time from the start of a stall to the start of the next")
	flag.BoolVar(&s.Mixed, "mixed", false, "answer with different statuses in turn")
	warmUp := flag.Int("warm-up", 0, "number of requests at the start that do not count")
	out := flag.String("arrivals", "", "file for the arrivals and answers")
	flag.Parse()
	if err := run(s, *warmUp, *out); err != nil {
		fmt.Fprintln(os.Stderr, "bench server:", err)
		os.Exit(1)
	}
}

func run(s rig.Service, warmUp int, out string) error {
	l, err := newLoop(s, warmUp)
	if err != nil {
		return err
	}
	fmt.Fprintln(os.Stdout, l.address)
	if err := l.run(); err != nil {
		return err
	}
	return write(out, l.visits)
}

func write(path string, visits []visit) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	if err := binary.Write(w, binary.LittleEndian, visits); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return f.Close()
}
