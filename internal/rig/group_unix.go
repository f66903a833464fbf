//go:build unix

package rig

import (
	"context"
	"io"
	"os/exec"
	"strconv"
	"syscall"
)

// untilGone reads from a test. The test writes nothing before its end. If the input ends without a line, the test's
// process has died, and the process group is killed. Of the shells of Debian, dash takes "--" only after -s.
const untilGone = `read -r line || kill -s KILL -- "-$1"`

// startGroup starts cmd in a process group of its own, so that its children can be killed with it. It also starts
// another process that kills the group after the death of this process: a test that panics or runs out of time does not
// clean up. The returned function kills the group.
func startGroup(cmd *exec.Cmd) (kill func(), err error) {
	guard := exec.CommandContext(context.Background(), "/bin/sh", "-c", untilGone, "sh")
	for _, c := range []*exec.Cmd{cmd, guard} {
		if c.SysProcAttr == nil {
			c.SysProcAttr = &syscall.SysProcAttr{}
		}
		c.SysProcAttr.Setpgid = true // Ctrl-C does not reach the group, but the end of this process does
	}
	word, err := guard.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	group := cmd.Process.Pid
	killGroup := func() { _ = syscall.Kill(-group, syscall.SIGKILL) } // it may have ended long ago
	guard.Args = append(guard.Args, strconv.Itoa(group))
	if err := guard.Start(); err != nil {
		killGroup()
		return nil, err
	}
	return func() {
		killGroup()
		_, _ = io.WriteString(word, "over\n")
		_ = guard.Wait()
	}, nil
}
