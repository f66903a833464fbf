package rig

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
)

// Child is a child process. A test or another program has started it.
type Child struct {
	cmd   *exec.Cmd
	kill  func()
	ended chan struct{}
}

// StartChild starts cmd. If this process ends without killing it, the child is killed, with all its own children.
func StartChild(cmd *exec.Cmd) (*Child, error) {
	kill, err := startGroup(cmd)
	if err != nil {
		return nil, err
	}
	c := &Child{cmd: cmd, kill: sync.OnceFunc(kill), ended: make(chan struct{})}
	go func() {
		defer close(c.ended)
		_ = cmd.Wait() // the exit code says enough
	}()
	return c, nil
}

// Kill ends the program at once, with all its own children. Call it for each child, even after its end.
func (c *Child) Kill() {
	c.kill()
	<-c.ended
}

// Signal sends s to the program, unless the program has ended.
func (c *Child) Signal(s os.Signal) error {
	if err := c.cmd.Process.Signal(s); !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	return nil
}

// Ended is closed after the end of the program.
func (c *Child) Ended() <-chan struct{} { return c.ended }

// HasEnded reports whether the program has ended.
func (c *Child) HasEnded() bool {
	select {
	case <-c.ended:
		return true
	default:
		return false
	}
}

// ExitCode returns the exit code of a program that has ended.
func (c *Child) ExitCode() int { return c.cmd.ProcessState.ExitCode() }

// Pid returns the process id.
func (c *Child) Pid() int { return c.cmd.Process.Pid }

// Descriptors returns the number of open file descriptors of the program. It needs Linux.
func (c *Child) Descriptors() (int, error) {
	open, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", c.Pid()))
	return len(open), err
}

// Status returns a figure of /proc/PID/status: a number, or KiB. It needs Linux.
func (c *Child) Status(name string) (int, error) {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.Pid()))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(content)) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == name+":" {
			return strconv.Atoi(fields[1])
		}
	}
	return 0, fmt.Errorf("/proc says nothing about %s", name)
}
