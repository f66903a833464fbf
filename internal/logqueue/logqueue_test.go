package logqueue

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/internal/rig"
)

// gatedWriter accepts one write for each value in the gate.
type gatedWriter struct {
	rig.Output

	gate chan struct{} // once closed, it allows all writes
}

func (w *gatedWriter) Write(p []byte) (int, error) {
	<-w.gate
	return w.Output.Write(p)
}

// note is the tests' notice, in place of a logger's line.
func note(missing uint64) []byte { return fmt.Appendf(nil, "missing %d\n", missing) }

func TestTheLogIsWrittenInItsOrder(t *testing.T) {
	t.Parallel()
	var out rig.Output
	q := New(&out, note)
	var want strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&want, "line %d\n", i)
		fmt.Fprintf(q, "line %d\n", i)
	}
	q.Close()
	assert.Equal(t, want.String(), out.String())
	assert.Zero(t, q.Dropped())
}

func TestALineIsTheCallersAgainWhenItWasTaken(t *testing.T) {
	t.Parallel()
	out := gatedWriter{gate: make(chan struct{})}
	q := New(&out, note)
	line := []byte("before\n")
	_, err := q.Write(line)
	require.NoError(t, err)
	copy(line, "after!\n")
	close(out.gate)
	q.Close()
	assert.Equal(t, "before\n", out.String())
}

// fillLog writes lines until one is dropped, and returns the accepted lines.
func fillLog(q *Queue) (taken string) {
	var lines strings.Builder
	for i := 0; ; i++ {
		line := fmt.Sprintf("line %d %s\n", i, strings.Repeat("x", 10_000))
		fmt.Fprint(q, line)
		if q.Dropped() > 0 {
			return lines.String()
		}
		lines.WriteString(line)
	}
}

func TestALogThatNobodyReadsIsBoundedAndItsReaderLearnsWhatIsMissing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		out := gatedWriter{gate: make(chan struct{})}
		q := New(&out, note)
		taken := fillLog(q)
		assert.LessOrEqual(t, len(taken), maxBytes)
		assert.Greater(t, len(taken), maxBytes*9/10)
		for range 41 {
			fmt.Fprint(q, "a line for which there would be room\n")
		}
		assert.EqualValues(t, 42, q.Dropped())

		close(out.gate)
		synctest.Wait()
		rest, isWhole := strings.CutPrefix(out.String(), taken)
		assert.True(t, isWhole, "what was taken comes first")
		assert.Equal(t, "missing 42\n", rest, "without another line")
		fmt.Fprint(q, "later\n")
		q.Close()
		assert.Equal(t, "missing 42\nlater\n", strings.TrimPrefix(out.String(), taken))
		assert.EqualValues(t, 42, q.Dropped())
	})
}

func TestALogThatIsReadTooSlowlyMissesManyLinesInARow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		out := gatedWriter{gate: make(chan struct{})}
		q := New(&out, note)
		fillLog(q)
		for range 300 { // three lines are added for each line read
			out.gate <- struct{}{}
			synctest.Wait()
			for range 3 {
				fmt.Fprintf(q, "more %s\n", strings.Repeat("x", 10_000))
			}
		}
		close(out.gate)
		q.Close()
		notes, lines := strings.Count(out.String(), "missing"), strings.Count(out.String(), "\n")
		assert.Less(t, notes, 20, "of %d lines", lines)
		var missing uint64
		for line := range strings.Lines(out.String()) {
			var n uint64
			if _, err := fmt.Sscanf(line, "missing %d", &n); err == nil {
				missing += n
			}
		}
		assert.Equal(t, q.Dropped(), missing)
	})
}

func TestALongLineIsTakenWhereNoOtherWaits(t *testing.T) {
	t.Parallel()
	out := gatedWriter{gate: make(chan struct{})}
	q := New(&out, note)
	long := strings.Repeat("x", 2*maxBytes) + "\n"
	fmt.Fprint(q, long)
	fmt.Fprint(q, long)
	close(out.gate)
	q.Settle()
	fmt.Fprint(q, "short\n")
	q.Close()
	assert.Equal(t, "missing 1\nshort\n", strings.TrimPrefix(out.String(), long))
}

// failingWriter writes up to a number of bytes and fails then.
type failingWriter struct {
	bytes.Buffer

	room int
}

func (w *failingWriter) Write(p []byte) (int, error) {
	n := min(len(p), w.room)
	w.room -= n
	w.Buffer.Write(p[:n])
	if n < len(p) {
		return n, errors.New("no space left on device")
	}
	return n, nil
}

func TestLinesThatCannotBeWrittenAreCountedAndTold(t *testing.T) {
	t.Parallel()
	out := failingWriter{room: len("one\ntw")}
	q := New(&out, note)
	for _, line := range []string{"one\n", "two\n", "three\n", "four\n"} {
		fmt.Fprint(q, line)
	}
	q.Settle()
	assert.EqualValues(t, 3, q.Dropped())
	out.room = 1000
	fmt.Fprint(q, "five\n")
	q.Close()
	assert.Equal(t, "one\ntw\nmissing 3\nfive\n", out.String(), "a line that was cut is a line of its own")
	assert.EqualValues(t, 3, q.Dropped())
}

func TestTheEndTellsOfLinesThatCouldNotBeWritten(t *testing.T) {
	t.Parallel()
	out := failingWriter{}
	q := New(&out, note)
	fmt.Fprint(q, "one\n")
	q.Settle()
	out.room = 1000
	q.Close()
	assert.Equal(t, "missing 1\n", out.String())
}

func TestTheEndWaitsASecondForALogThatNobodyReads(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		out := gatedWriter{gate: make(chan struct{})}
		q := New(&out, note)
		fmt.Fprint(q, "one\n")
		start := time.Now()
		q.Settle()
		assert.Equal(t, time.Second, time.Since(start))
		q.Close()
		assert.Equal(t, 2*time.Second, time.Since(start))
		fmt.Fprint(q, "two\n")
		assert.EqualValues(t, 1, q.Dropped(), "after the end nothing is taken")

		close(out.gate) // so no goroutine outlives the bubble
		synctest.Wait()
		assert.Equal(t, "one\n", out.String())
	})
}

func TestManyLogAtOnceAndEachLineIsWrittenOrCounted(t *testing.T) {
	t.Parallel()
	const writers, each = 8, 2000
	var out rig.Output
	q := New(&out, note)
	var running sync.WaitGroup
	for range writers {
		running.Go(func() {
			for range each {
				fmt.Fprintf(q, "line %s\n", strings.Repeat("x", 1000))
			}
		})
	}
	running.Wait()
	q.Close()
	assert.EqualValues(t, writers*each, uint64(strings.Count(out.String(), "line"))+q.Dropped())
}
