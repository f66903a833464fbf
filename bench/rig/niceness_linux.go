package rig

import "syscall"

// niceness returns the niceness of this process. The system call returns 20 minus niceness (getpriority(2)).
func niceness() int {
	kernel, err := syscall.Getpriority(syscall.PRIO_PROCESS, 0)
	if err != nil {
		return 0
	}
	return 20 - kernel
}
