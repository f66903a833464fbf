package load

import (
	"fmt"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"example.com/prober/prober/probe"
)

// BenchmarkAlarm compares the ways to wait for the next arrival, without the spinning of a
// waiter: how late each wakes, and the processor time of a wait. The waits are not whole
// milliseconds, because the poller of the runtime counts in those.
func BenchmarkAlarm(b *testing.B) {
	for _, waiters := range []int{1, 20} {
		for _, way := range []struct {
			name string
			wait func(a *alarm) func(until probe.Instant)
		}{
			{"timerfd", waitByAlarm},
			{"timer", waitByTimer},
			{"nanosleep", waitByNanosleep},
		} {
			b.Run(fmt.Sprintf("%s/%d", way.name, waiters), func(b *testing.B) {
				benchmarkWait(b, waiters, way.wait)
			})
		}
	}
}

func waitByAlarm(a *alarm) func(probe.Instant) {
	wakeup := newWakeup()
	return func(until probe.Instant) {
		a.wakeAt(&wakeup, until)
		<-wakeup.signalled
	}
}

func waitByTimer(*alarm) func(probe.Instant) {
	timer := time.NewTimer(time.Hour)
	return func(until probe.Instant) {
		timer.Reset(until.Sub(probe.Now()))
		<-timer.C
	}
}

// waitByNanosleep blocks a thread. That keeps a processor of the runtime until the runtime
// notices.
func waitByNanosleep(*alarm) func(probe.Instant) {
	runtime.LockOSThread() // ends with the goroutine
	return func(until probe.Instant) {
		left := unix.NsecToTimespec(int64(until.Sub(probe.Now())))
		if left.Nano() > 0 {
			_ = unix.ClockNanosleep(unix.CLOCK_MONOTONIC, 0, &left, nil) // may return early
		}
	}
}

func benchmarkWait(b *testing.B, waiters int, way func(*alarm) func(probe.Instant)) {
	b.Helper()
	a := new(alarm)
	late := make([][]time.Duration, waiters)
	var used [2]syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &used[0]))
	b.ResetTimer()
	var waiting sync.WaitGroup
	for w := range waiters {
		waiting.Go(func() {
			wait := way(a)
			for i := range b.N {
				until := probe.Now().Add(time.Duration(500+(i*137+w*71)%1500) * time.Microsecond)
				wait(until)
				late[w] = append(late[w], probe.Now().Sub(until))
			}
		})
	}
	waiting.Wait()
	b.StopTimer()
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &used[1]))
	all := slices.Concat(late...)
	slices.Sort(all)
	cpu := used[1].Utime.Nano() - used[0].Utime.Nano() + used[1].Stime.Nano() - used[0].Stime.Nano()
	b.ReportMetric(float64(cpu)/float64(len(all)), "cpu-ns/wait")
	b.ReportMetric(float64(all[len(all)/2].Nanoseconds()), "ns-late-p50")
	b.ReportMetric(float64(all[len(all)*99/100].Nanoseconds()), "ns-late-p99")
}
