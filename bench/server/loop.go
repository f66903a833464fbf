//go:build linux

package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"syscall"
	"time"

	"example.com/prober/bench/rig"
)

// answers are given in turn if Mixed is set, otherwise only the first.
var answers = [...][]byte{
	[]byte("HTTP/1.1 200 OK" + rest), []byte("HTTP/1.1 404 Not Found" + rest), []byte("HTTP/1.1 429 Too Many Requests" + rest),
	[]byte("HTTP/1.1 500 Internal Server Error" + rest), []byte("HTTP/1.1 503 Service Unavailable" + rest),
}

const rest = "\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok"

// loop is the server: one thread around epoll.
type loop struct {
	service rig.Service
	warmUp  int
	address string

	epoll, listener int
	buffer          [16 << 10]byte
	control         [64]byte
	visits          []visit
	skipped         int
	pending         queue
	replies         int
}

// visit is a request that counts, in nanoseconds since the Unix epoch.
type visit struct{ Arrived, Answered int64 }

// warmingUp stands for the number of a request that does not count.
const warmingUp = -1

// queue holds the later answers in the order of their times.
type queue struct {
	answers []pendingAnswer
	first   int
}

type pendingAnswer struct {
	connection int
	visit      int
	due        int64 // on the clock of the arrivals
}

func newLoop(s rig.Service, warmUp int) (*loop, error) {
	l := &loop{service: s, warmUp: warmUp, visits: make([]visit, 0, 1<<20)}
	var err error
	if l.listener, err = syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, 0); err != nil {
		return nil, fmt.Errorf("socket: %w", err)
	}
	// Accepted connections inherit it.
	if err := syscall.SetsockoptInt(l.listener, syscall.SOL_SOCKET, syscall.SO_TIMESTAMPNS, 1); err != nil {
		return nil, fmt.Errorf("receive timestamps: %w", err)
	}
	loopback := &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}
	if err := errors.Join(syscall.Bind(l.listener, loopback), syscall.Listen(l.listener, 4096)); err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	bound, err := syscall.Getsockname(l.listener)
	if err != nil {
		return nil, fmt.Errorf("getsockname: %w", err)
	}
	at := bound.(*syscall.SockaddrInet4)
	l.address = netip.AddrPortFrom(netip.AddrFrom4(at.Addr), uint16(at.Port)).String()
	if l.epoll, err = syscall.EpollCreate1(syscall.EPOLL_CLOEXEC); err != nil {
		return nil, fmt.Errorf("epoll: %w", err)
	}
	return l, errors.Join(l.watch(l.listener), l.watch(int(os.Stdin.Fd())))
}

func (l *loop) watch(fd int) error {
	return os.NewSyscallError("epoll_ctl", syscall.EpollCtl(l.epoll, syscall.EPOLL_CTL_ADD, fd,
		&syscall.EpollEvent{Events: syscall.EPOLLIN, Fd: int32(fd)}))
}

// run serves until standard input is closed.
func (l *loop) run() error {
	events := make([]syscall.EpollEvent, 512)
	for {
		n, err := syscall.EpollWait(l.epoll, events, l.timeout())
		if err != nil && !errors.Is(err, syscall.EINTR) {
			return os.NewSyscallError("epoll_wait", err)
		}
		for _, event := range events[:max(n, 0)] {
			switch fd := int(event.Fd); fd {
			case int(os.Stdin.Fd()):
				return nil
			case l.listener:
				err = l.accept()
			default:
				err = l.receive(fd)
			}
			if err != nil {
				return err
			}
		}
		l.answerDue(time.Now().UnixNano())
	}
}

// timeout returns how long to wait for requests, in milliseconds. The last millisecond before an answer is due is spent
// spinning, because it is the smallest unit of epoll.
func (l *loop) timeout() int {
	if l.pending.empty() {
		return -1
	}
	const spun = 1
	left := time.Duration(l.pending.front().due - time.Now().UnixNano())
	return max(int(left.Milliseconds())-spun, 0)
}

func (l *loop) accept() error {
	for {
		fd, _, err := syscall.Accept4(l.listener, syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC)
		switch {
		case errors.Is(err, syscall.EAGAIN):
			return nil
		case err != nil:
			return os.NewSyscallError("accept", err)
		}
		if err := syscall.SetsockoptInt(fd, syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1); err != nil {
			return os.NewSyscallError("TCP_NODELAY", err)
		}
		if err := l.watch(fd); err != nil {
			return err
		}
	}
}

// receive takes one request from a connection. No measured client sends a request in pieces, or before the last answer.
func (l *loop) receive(fd int) error {
	n, nc, _, _, err := syscall.Recvmsg(fd, l.buffer[:], l.control[:], 0)
	switch {
	case errors.Is(err, syscall.EAGAIN):
		return nil
	case err != nil || n == 0:
		return os.NewSyscallError("close", syscall.Close(fd))
	case bytes.Index(l.buffer[:n], []byte("\r\n\r\n")) != n-4:
		return fmt.Errorf("not one whole request without body: %q", l.buffer[:min(n, 256)])
	}
	at, err := arrival(l.control[:nc])
	if err != nil {
		return err
	}
	number := l.note(at)
	if l.service.Delay == 0 {
		l.reply(fd, number)
		return nil
	}
	l.pending.push(pendingAnswer{fd, number, l.answerAt(at) + int64(l.service.Extra(max(number, 0)))})
	return nil
}

// arrival returns the kernel's time of arrival, in nanoseconds since the Unix epoch.
func arrival(control []byte) (int64, error) {
	const data = syscall.SizeofCmsghdr
	if len(control) < data+16 {
		return 0, errors.New("the kernel gave no time of arrival")
	}
	seconds := binary.NativeEndian.Uint64(control[data:])
	nanoseconds := binary.NativeEndian.Uint64(control[data+8:])
	return int64(seconds)*int64(time.Second) + int64(nanoseconds), nil
}

// note returns the number of the request.
func (l *loop) note(at int64) int {
	if l.skipped < l.warmUp {
		l.skipped++
		return warmingUp
	}
	if len(l.visits) == 0 {
		fmt.Fprintln(os.Stdout, "first request")
	}
	l.visits = append(l.visits, visit{Arrived: at})
	return len(l.visits) - 1
}

// answerAt returns when a request that arrived at the given time is answered.
func (l *loop) answerAt(at int64) int64 {
	if len(l.visits) == 0 {
		return at + int64(l.service.Delay)
	}
	first := l.visits[0].Arrived
	return first + int64(l.service.AnswerAt(time.Duration(at-first)))
}

func (l *loop) answerDue(now int64) {
	for !l.pending.empty() && l.pending.front().due <= now {
		a := l.pending.pop()
		l.reply(a.connection, a.visit)
	}
}

// reply answers on a connection. The server ignores whether the client still waits.
func (l *loop) reply(fd, number int) {
	answer := answers[0]
	if l.service.Mixed {
		answer = answers[l.replies%len(answers)]
	}
	l.replies++
	_, _ = syscall.Write(fd, answer)
	if number != warmingUp {
		l.visits[number].Answered = time.Now().UnixNano()
	}
}

func (q *queue) empty() bool          { return q.first == len(q.answers) }
func (q *queue) front() pendingAnswer { return q.answers[q.first] }
func (q *queue) push(a pendingAnswer) {
	q.answers = append(q.answers, a)
	for i := len(q.answers) - 1; i > q.first && q.answers[i].due < q.answers[i-1].due; i-- {
		q.answers[i], q.answers[i-1] = q.answers[i-1], q.answers[i]
	}
}
func (q *queue) pop() (a pendingAnswer) {
	a = q.answers[q.first]
	q.first++
	if q.empty() {
		q.answers, q.first = q.answers[:0], 0
	}
	return a
}
