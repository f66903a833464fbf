package rig

import (
	"os"
	"os/exec"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Process is a child started by a test. The end of the test kills it, with all its own children.
type Process struct {
	*Child

	t      *testing.T
	output Output
}

// WithoutPause is a variable for the environment of a program with the race detector. Otherwise the program sleeps for
// a second before it ends.
const WithoutPause = "GORACE=atexit_sleep_ms=0"

// Start starts cmd. It keeps the output, and logs it if the test fails, unless cmd has another place for it. A program
// with the race detector must not report a race.
func Start(t *testing.T, cmd *exec.Cmd) *Process {
	t.Helper()
	p := &Process{t: t}
	cmd.Env = append(cmd.Environ(), WithoutPause)
	if cmd.Stdout == nil {
		cmd.Stdout = &p.output
	}
	if cmd.Stderr == nil {
		cmd.Stderr = &p.output
	}
	var err error
	p.Child, err = StartChild(cmd)
	require.NoError(t, err)
	t.Cleanup(p.cleanUp)
	return p
}

func (p *Process) cleanUp() {
	p.Kill()
	assert.NotContains(p.t, p.Output(), "WARNING: DATA RACE")
	if p.t.Failed() {
		p.t.Logf("output of %v:\n%s", p.cmd.Args, p.Output())
	}
}

// Output returns the kept output of the program.
func (p *Process) Output() string { return p.output.String() }

// Await waits until the output matches pattern. It returns the text of the last group.
func (p *Process) Await(pattern string) string {
	p.t.Helper()
	re := regexp.MustCompile(pattern)
	var found []string
	Until(p.t, "output that matches "+pattern, func() bool {
		ended := p.HasEnded() // before the look: nothing is written after the end
		found = re.FindStringSubmatch(p.Output())
		return found != nil || ended
	})
	require.NotNil(p.t, found, "the program ended without output that matches %s", pattern)
	return found[len(found)-1]
}

// AwaitURL waits until a program of the Prometheus family says that it listens. It returns the URL.
func (p *Process) AwaitURL() string {
	p.t.Helper()
	return "http://" + p.Await(`msg"?[=:]"Listening on".*?address"?[=:]"?([^"\s]+)`) // in either format of logs
}

// Signal sends s to the program, unless the program has ended.
func (p *Process) Signal(s os.Signal) {
	p.t.Helper()
	require.NoError(p.t, p.Child.Signal(s))
}

// Wait waits for the end of the program.
func (p *Process) Wait() *os.ProcessState {
	p.t.Helper()
	select {
	case <-p.ended:
	case <-time.After(patience):
		require.FailNow(p.t, "the program does not end")
	}
	return p.cmd.ProcessState
}
