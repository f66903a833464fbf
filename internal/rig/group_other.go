//go:build !unix

package rig

import "os/exec"

// startGroup starts cmd. The returned function kills it.
func startGroup(cmd *exec.Cmd) (kill func(), err error) {
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return func() { _ = cmd.Process.Kill() }, nil // it may have ended long ago
}
