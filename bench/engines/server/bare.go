//go:build linux

package main

import (
	"fmt"
	"net"
	"syscall"
)

// listen returns a socket that takes connections. Its calls wait in the kernel: to take one
// has to cost less than to make one, or clients would wait for the server.
func listen(address string) (fd int, err error) {
	at, err := net.ResolveTCPAddr("tcp4", address)
	if err != nil {
		return 0, err
	}
	fd, err = syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, err
	}
	// Connections that have ended occupy the address for a minute.
	if err := syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1); err != nil {
		return 0, err
	}
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Port: at.Port, Addr: [4]byte(at.IP.To4())}); err != nil {
		return 0, fmt.Errorf("%s: %w", address, err)
	}
	const backlog = 4096 // syscall.SOMAXCONN is that of old kernels
	return fd, syscall.Listen(fd, backlog)
}

// take takes connections and closes them.
func take(listener int, done *counter) error {
	for {
		fd, _, err := syscall.Accept4(listener, syscall.SOCK_CLOEXEC)
		if err != nil {
			return fmt.Errorf("accept: %w", err)
		}
		if err := syscall.Close(fd); err != nil {
			return err
		}
		done.add()
	}
}
