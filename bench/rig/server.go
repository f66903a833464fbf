package rig

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Server is the neutral server in a process of its own.
type Server struct {
	URL     string
	process *Process
	lines   *bufio.Reader
	file    string
}

// StartServer starts a server on its core. Its first requests, warmUp of them, do not count.
func (r *Rig) StartServer(ctx context.Context, s Service, warmUp int) (*Server, error) {
	file := filepath.Join(r.scratch, "arrivals")
	p, err := r.start(ctx, r.serverCore, r.server, "-arrivals", file, "-warm-up", strconv.Itoa(warmUp),
		"-delay", s.Delay.String(), "-spread", s.Spread.String(), "-stall", s.Stall.String(), "-period", s.Period.String(),
		fmt.Sprintf("-mixed=%t", s.Mixed))
	if err != nil {
		return nil, err
	}
	server := &Server{process: p, lines: bufio.NewReader(p.stdout), file: file}
	address, err := server.lines.ReadString('\n')
	if err != nil {
		return nil, fmt.Errorf("the server did not start: %w", errors.Join(err, p.Wait(ctx)))
	}
	server.URL = "http://" + strings.TrimSpace(address) + "/"
	return server, nil
}

// Process returns the process of the server.
func (s *Server) Process() *Process { return s.process }

// AwaitFirst returns when the first request that counts has arrived from a client.
func (s *Server) AwaitFirst(ctx context.Context, client *Process) error {
	arrived := make(chan error, 1)
	go func() {
		_, err := s.lines.ReadString('\n') // ends with the process at the latest
		arrived <- err
	}()
	select {
	case err := <-arrived:
		return err
	case <-client.ended:
		return errors.Join(errors.New("no request arrived"), client.Wait(ctx))
	case <-ctx.Done():
		return fmt.Errorf("no request arrived: %w", context.Cause(ctx))
	}
}

// Exchange is a request as seen by the server: its arrival, and the time until its answer was written.
type Exchange struct {
	Arrived time.Time
	Took    time.Duration
}

// Stop ends the server and returns the requests in the order of their arrival, without unanswered ones.
func (s *Server) Stop(ctx context.Context) ([]Exchange, error) {
	if err := errors.Join(s.process.stdin.Close(), s.process.Wait(ctx)); err != nil {
		return nil, err
	}
	content, err := os.ReadFile(s.file)
	if err != nil {
		return nil, err
	}
	const size = 16
	exchanges := make([]Exchange, 0, len(content)/size)
	for numbers := range slices.Chunk(content, size) {
		arrived, answered := int64(binary.LittleEndian.Uint64(numbers)), int64(binary.LittleEndian.Uint64(numbers[8:]))
		if answered > 0 {
			exchanges = append(exchanges, Exchange{time.Unix(0, arrived), time.Duration(answered - arrived)})
		}
	}
	slices.SortFunc(exchanges, func(a, b Exchange) int { return a.Arrived.Compare(b.Arrived) })
	return exchanges, nil
}
