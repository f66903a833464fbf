package wire

import (
	"context"
	"io"
	"net"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/prober/prober/probe"
)

// processorTime is the time the process has used, in user space and in the kernel.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &used))
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// measured runs step, and reports the processor time of both sides. On a busy machine it
// changes less than the elapsed time.
func measured(b *testing.B, step func() error) {
	b.Helper()
	b.ReportAllocs()
	before := processorTime(b)
	for b.Loop() {
		if err := step(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(processorTime(b)-before)/float64(b.N), "cpu-ns/op")
}

// BenchmarkSocket compares bare system calls with package net: 64 bytes go to another process
// and come back. This process has nothing to do meanwhile.
func BenchmarkSocket(b *testing.B) {
	for _, way := range []struct {
		name string
		over func(net.Conn) io.ReadWriter
	}{
		{"own", func(c net.Conn) io.ReadWriter { return newSocket(c) }},
		{"net", func(c net.Conn) io.ReadWriter { return c }},
	} {
		b.Run(way.name, func(b *testing.B) {
			rw, message := way.over(echoed(b)), make([]byte, 64)
			measured(b, func() error {
				if _, err := rw.Write(message); err != nil {
					return err
				}
				_, err := io.ReadFull(rw, message)
				return err
			})
		})
	}
}

// echoed returns a connection to a process that sends everything back.
func echoed(b *testing.B) net.Conn {
	b.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(b, err)
	defer ln.Close()
	c, err := net.Dial("tcp", ln.Addr().String())
	require.NoError(b, err)
	accepted, err := ln.Accept()
	require.NoError(b, err)
	defer accepted.Close()
	file, err := accepted.(*net.TCPConn).File()
	require.NoError(b, err)
	defer file.Close()
	cat := exec.Command("cat")
	cat.Stdin, cat.Stdout = file, file
	require.NoError(b, cat.Start())
	b.Cleanup(func() {
		require.NoError(b, c.Close())
		require.NoError(b, cat.Wait())
	})
	return c
}

// BenchmarkConnect compares sockets made by hand with those of package net, under the same
// rules: a connection to another process is made and closed.
func BenchmarkConnect(b *testing.B) {
	to := accepting(b)
	d := newTestDialer(b, Plan{URL: &url.URL{Scheme: "http", Host: to.String()}})
	b.Run("own", func(b *testing.B) {
		measured(b, func() error {
			c, handled, err := d.connectTCP(context.Background(), to, probe.Now().Add(patience))
			if err != nil || !handled {
				return err
			}
			return c.Close()
		})
	})
	b.Run("net", func(b *testing.B) {
		measured(b, func() error {
			c, err := d.net.DialContext(until{context.Background(), probe.Now().Add(patience)}, "tcp", to.String())
			if err != nil {
				return err
			}
			return c.Close()
		})
	})
}

// acceptFor is set for a process that is to accept connections for a benchmark.
const acceptFor = "PROBER_ACCEPT_FOR_A_BENCHMARK"

// accepting returns the address of a process that accepts connections and closes them after
// the other side has.
func accepting(b *testing.B) netip.AddrPort {
	b.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(b, err)
	file, err := ln.(*net.TCPListener).File()
	require.NoError(b, err)
	to := netip.MustParseAddrPort(ln.Addr().String())
	require.NoError(b, ln.Close()) // the process has the other descriptor
	server := exec.Command(os.Args[0], "-test.run=^TestAcceptForABenchmark$")
	server.Env, server.ExtraFiles = append(os.Environ(), acceptFor+"=1"), []*os.File{file}
	require.NoError(b, server.Start())
	require.NoError(b, file.Close())
	b.Cleanup(func() {
		_ = server.Process.Kill()
		_ = server.Wait() // it was killed
	})
	return to
}

// TestAcceptForABenchmark is the process started by accepting, and no test otherwise.
func TestAcceptForABenchmark(t *testing.T) {
	if os.Getenv(acceptFor) == "" {
		return
	}
	ln, err := net.FileListener(os.NewFile(3, "listener"))
	require.NoError(t, err)
	for {
		c, err := ln.Accept()
		require.NoError(t, err)
		go func() {
			_, _ = c.Read(make([]byte, 1)) // it ends with the connection
			_ = c.Close()
		}()
	}
}
