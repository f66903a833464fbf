package wire

import "syscall"

// ahead is a write of several parts at once, without waiting.
type ahead struct {
	vectors [MaxAhead]syscall.Iovec
	count   int
	n       int
	errno   syscall.Errno
	attempt func(fd uintptr) (done bool) // a method value made once
}

// WriteAhead writes as much of parts as there is room for, perhaps nothing, in one system call.
func (s *Socket) WriteAhead(parts [][]byte) (n int, err error) {
	a := &s.ahead
	if a.attempt == nil {
		a.attempt = a.try
	}
	a.count, a.n, a.errno = 0, 0, 0
	for _, p := range parts {
		if len(p) > 0 {
			a.vectors[a.count].Base = &p[0]
			a.vectors[a.count].SetLen(len(p))
			a.count++
		}
	}
	err = s.raw.Write(a.attempt)
	clear(a.vectors[:a.count])
	switch {
	case err != nil:
		return 0, s.called(err, "write")
	case a.errno != 0:
		return 0, s.failure("write", a.errno)
	}
	return a.n, nil
}

func (a *ahead) try(fd uintptr) (done bool) {
	for {
		n, errno := writePartsNow(fd, a.vectors[:a.count])
		switch errno {
		case 0:
			a.n = n
		case syscall.EINTR:
			continue
		case syscall.EAGAIN:
		default:
			a.errno = errno
		}
		return true
	}
}
