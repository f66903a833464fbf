package rig

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Process is a program that runs on one core.
type Process struct {
	name   string
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	stdout io.ReadCloser
	stderr bytes.Buffer // read after the end
	ended  chan struct{}
	err    error // of the end; read after ended is closed
}

// bothCores stands for the cores of the clients and the servers.
const bothCores = -1

// start runs a program on a core, with pipes to and from it. It is killed when ctx ends.
func (r *Rig) start(ctx context.Context, core int, program string, args ...string) (*Process, error) {
	p := r.process(ctx, core, program, args)
	var err error
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	reader, writer, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer writer.Close()
	p.stdout, p.cmd.Stdout = reader, writer
	return p.launch()
}

// StartClient runs a program on the core of the clients. Its output goes to output. It is killed when ctx ends.
func (r *Rig) StartClient(ctx context.Context, output *os.File, program string, args ...string) (*Process, error) {
	p := r.process(ctx, r.clientCore, program, args)
	p.cmd.Stdout = output
	return p.launch()
}

// StartPeer runs a program on the core of the servers. It is killed when ctx ends.
func (r *Rig) StartPeer(ctx context.Context, program string, args ...string) (*Process, error) {
	return r.process(ctx, r.serverCore, program, args).launch()
}

func (r *Rig) process(ctx context.Context, core int, program string, args []string) *Process {
	cores := strconv.Itoa(core)
	if core == bothCores {
		cores = fmt.Sprintf("%d,%d", r.serverCore, r.clientCore)
	}
	command := []string{"taskset", "-c", cores, program}
	if r.realtime {
		command = append([]string{"chrt", "--rr", "1"}, command...)
	}
	command = append(command, args...)
	p := &Process{name: filepath.Base(program), ended: make(chan struct{})}
	p.cmd = exec.CommandContext(ctx, command[0], command[1:]...)
	p.cmd.Stderr = &p.stderr
	return p
}

func (p *Process) launch() (*Process, error) {
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("%s: %w", p.name, err)
	}
	go func() {
		p.err = p.cmd.Wait()
		if p.stdout != nil {
			_ = p.stdout.Close() // no writer is left
		}
		close(p.ended)
	}()
	return p, nil
}

// Ended is closed when the program has ended.
func (p *Process) Ended() <-chan struct{} { return p.ended }

// Wait returns when the program has ended, with an error unless its exit code is 0.
func (p *Process) Wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return fmt.Errorf("%s: %w", p.name, context.Cause(ctx))
	case <-p.ended:
	}
	if p.err != nil {
		return fmt.Errorf("%s: %w: %s", p.name, p.err, p.stderr.String())
	}
	return nil
}

// Log returns the program's standard error. Call it only after the end of the program.
func (p *Process) Log() string { return p.stderr.String() }

// AwaitListener returns when the program listens at a TCP address.
func (p *Process) AwaitListener(ctx context.Context, address string) error {
	for {
		c, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
		if err == nil {
			return c.Close()
		}
		select {
		case <-p.ended:
			return fmt.Errorf("%w: %w", err, p.Wait(ctx))
		default:
		}
		if err := Sleep(ctx, 20*time.Millisecond); err != nil {
			return err
		}
	}
}

// Terminate asks the program to end and returns when it has.
func (p *Process) Terminate(ctx context.Context) error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("%s: %w", p.name, err)
	}
	return p.Wait(ctx)
}

// Kill ends the program at once and returns when it has ended.
func (p *Process) Kill(ctx context.Context) error {
	if err := p.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("%s: %w", p.name, err)
	}
	select {
	case <-ctx.Done():
		return fmt.Errorf("%s: %w", p.name, context.Cause(ctx))
	case <-p.ended:
		return nil
	}
}

// CPU returns the run time of the program's threads, in user space and kernel.
func (p *Process) CPU() (time.Duration, error) {
	files, err := filepath.Glob(p.proc("task/*/schedstat"))
	if err != nil || len(files) == 0 {
		return 0, fmt.Errorf("%s: no thread of it runs: %w", p.name, err)
	}
	total := time.Duration(0)
	for _, file := range files {
		content, err := os.ReadFile(file)
		if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
			continue // the thread has ended
		}
		running, _, _ := strings.Cut(string(content), " ")
		nanoseconds, parseErr := strconv.ParseInt(running, 10, 64)
		if err := errors.Join(err, parseErr); err != nil {
			return 0, err
		}
		total += time.Duration(nanoseconds)
	}
	return total, nil
}

// Memory returns the program's memory now and at most, in bytes.
func (p *Process) Memory() (resident, peak int64, err error) {
	content, err := os.ReadFile(p.proc("status"))
	if err != nil {
		return 0, 0, err
	}
	for line := range strings.Lines(string(content)) {
		fields := strings.Fields(line)
		if len(fields) != 3 || fields[2] != "kB" {
			continue
		}
		kibibytes, err := strconv.ParseInt(fields[1], 10, 64)
		if err != nil {
			return 0, 0, err
		}
		switch fields[0] {
		case "VmRSS:":
			resident = kibibytes << 10
		case "VmHWM:":
			peak = kibibytes << 10
		}
	}
	return resident, peak, nil
}

// Written returns the number of bytes that the program has written, to sockets and files alike.
func (p *Process) Written() (int64, error) {
	content, err := os.ReadFile(p.proc("io"))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(content)) {
		if number, found := strings.CutPrefix(line, "wchar: "); found {
			return strconv.ParseInt(strings.TrimSpace(number), 10, 64)
		}
	}
	return 0, fmt.Errorf("%s: the kernel does not count what is written", p.name)
}

func (p *Process) proc(file string) string {
	return filepath.Join("/proc", strconv.Itoa(p.cmd.Process.Pid), file)
}

// Sleep waits for d or until ctx ends.
func Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
