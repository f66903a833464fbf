package rig

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

// MemoryGroup makes a control group for processes with this many MiB of memory together, in either version of the
// kernel's interface. It returns the group's directory. A process id written to cgroup.procs there joins the group.
// MemoryGroup fails if the kernel or the caller's rights do not allow it. The caller removes the directory.
func MemoryGroup(name string, mebibytes int) (dir string, err error) {
	const root = "/sys/fs/cgroup"
	limit, dir := "memory.max", filepath.Join(root, name)
	if _, err := os.Stat(filepath.Join(root, "cgroup.controllers")); err != nil {
		limit, dir = "memory.limit_in_bytes", filepath.Join(root, "memory", name)
	} else if err := os.WriteFile(filepath.Join(root, "cgroup.subtree_control"), []byte("+memory"), 0o600); err != nil {
		return "", err
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return "", err
	}
	if err := os.WriteFile(filepath.Join(dir, limit), []byte(strconv.Itoa(mebibytes<<20)), 0o600); err != nil {
		return "", fmt.Errorf("%w, %w", err, os.Remove(dir))
	}
	_ = os.WriteFile(filepath.Join(dir, "memory.swap.max"), []byte("0"), 0o600) // only the newer version has it, with swap
	return dir, nil
}
