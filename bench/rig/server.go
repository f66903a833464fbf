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

// Server is the neutral server, running as a process of its own.
type Server struct {
	URL     string
	process *Process
	lines   *bufio.Reader
	file    string
}

// StartServer starts a server on its core. Its first requests, warmUp of them, do not
// count.
func (r *Rig) StartServer(ctx context.Context, s Service, warmUp int) (*Server, error) {
	file := filepath.Join(r.scratch, "arrivals")
	p, err := r.start(ctx, r.serverCore, r.server, "-arrivals", file, "-warm-up", strconv.Itoa(warmUp),
		"-delay", s.Delay.String(), "-stall", s.Stall.String(), "-period", s.Period.String())
	if err != nil {
		return nil, err
	}
	server := &Server{process: p, lines: bufio.NewReader(p.stdout), file: file}
	address, err := server.lines.ReadString('\n')
	if err != nil {
		return nil, fmt.Errorf("the server did not start: %w", errors.Join(err, p.wait(ctx)))
	}
	server.URL = "http://" + strings.TrimSpace(address) + "/"
	return server, nil
}

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
		return errors.Join(errors.New("no request arrived"), client.wait(ctx))
	case <-ctx.Done():
		return fmt.Errorf("no request arrived: %w", context.Cause(ctx))
	}
}

// Stop ends the server and returns when each request arrived, in order.
func (s *Server) Stop(ctx context.Context) ([]time.Time, error) {
	if err := errors.Join(s.process.stdin.Close(), s.process.wait(ctx)); err != nil {
		return nil, err
	}
	content, err := os.ReadFile(s.file)
	if err != nil {
		return nil, err
	}
	arrivals := make([]time.Time, 0, len(content)/8)
	for number := range slices.Chunk(content, 8) {
		arrivals = append(arrivals, time.Unix(0, int64(binary.LittleEndian.Uint64(number))))
	}
	slices.SortFunc(arrivals, time.Time.Compare)
	return arrivals, nil
}
