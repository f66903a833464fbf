//go:build linux

package main

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"syscall"
)

// listen returns a socket that takes connections. Its calls wait in the kernel: taking a connection has to cost less
// than making one, or clients would wait for the server.
func listen(address string) (fd int, err error) {
	at, err := net.ResolveTCPAddr("tcp4", address)
	if err != nil {
		return 0, err
	}
	fd, err = syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, err
	}
	// Accepted connections inherit this: they end with a reset. After a normal end a port of the client would stay in
	// use for a minute, and ports would run out in seconds.
	if err := syscall.SetsockoptLinger(fd, syscall.SOL_SOCKET, syscall.SO_LINGER, &syscall.Linger{Onoff: 1}); err != nil {
		return 0, err
	}
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Port: at.Port, Addr: [4]byte(at.IP.To4())}); err != nil {
		return 0, fmt.Errorf("%s: %w", address, err)
	}
	const backlog = 4096 // syscall.SOMAXCONN is the value of old kernels
	return fd, syscall.Listen(fd, backlog)
}

// take takes connections, and resets each when its client has closed it. It waits only for connections: a client may
// keep one for a while and make others meanwhile. For each new connection it looks at two, so it gets round.
func take(listener int, done *counter) error {
	var open []int
	next := 0
	for {
		fd, _, err := syscall.Accept4(listener, syscall.SOCK_CLOEXEC|syscall.SOCK_NONBLOCK)
		if err != nil {
			return fmt.Errorf("accept: %w", err)
		}
		done.add()
		open = append(open, fd)
		for looks := 2; looks > 0 && len(open) > 0; looks-- {
			next %= len(open)
			ended, err := closeEnded(open[next])
			if err != nil {
				return err
			}
			if ended {
				open = slices.Delete(open, next, next+1)
			} else {
				next++
			}
		}
	}
}

// closeEnded closes a connection if its client has.
func closeEnded(fd int) (ended bool, err error) {
	_, err = syscall.Read(fd, make([]byte, 1))
	switch {
	case errors.Is(err, syscall.EAGAIN):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("read: %w", err)
	}
	return true, syscall.Close(fd)
}
