package errcode_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"

	"example.com/prober/errcode"
)

// typical returns the most frequent errors of a transport.
func typical() map[string]error {
	refused := &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	return map[string]error{
		"refused":  in(errcode.PhaseConnect, refused),
		"deadline": in(errcode.PhaseProcessing, &net.OpError{Op: "read", Net: "tcp", Err: os.ErrDeadlineExceeded}),
		"closed":   &errcode.PhaseError{Phase: errcode.PhaseProcessing, Reused: true, Err: io.EOF},
		"declared": in(errcode.PhaseTransfer, errcode.New(errcode.HTTP1Chunk, "bad chunk framing")),
		"net/http": &url.Error{Op: "Get", URL: "http://host.test/", Err: refused},
		"context":  fmt.Errorf("wrapped: %w", context.DeadlineExceeded),
		"resolver": &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{IsNotFound: true}},
	}
}

func TestSuccessAndFailureAllocateNothing(t *testing.T) {
	statuses := []int{200, 404, 503, 700}
	assert.Zero(t, testing.AllocsPerRun(100, func() { errcode.FromError(nil) }))
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		for _, status := range statuses {
			_ = errcode.FromStatus(status)
		}
	}))
	for name, err := range typical() {
		assert.Zero(t, testing.AllocsPerRun(100, func() { errcode.FromError(err) }), name)
	}
}

func BenchmarkFromError(b *testing.B) {
	b.Run("nil", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			errcode.FromError(nil)
		}
	})
	for name, err := range typical() {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				errcode.FromError(err)
			}
		})
	}
}

func BenchmarkFromStatus(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		_ = errcode.FromStatus(404)
	}
}
