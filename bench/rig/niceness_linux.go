package rig

import "syscall"

// niceness returns that of this process. The system call returns it as 20 less so much
// (getpriority(2)).
func niceness() int {
	kernel, err := syscall.Getpriority(syscall.PRIO_PROCESS, 0)
	if err != nil {
		return 0
	}
	return 20 - kernel
}
