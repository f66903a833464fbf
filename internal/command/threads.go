package command

import (
	"os"
	"runtime"
	"sync"
)

// addThreads lets Go's scheduler use twice as many threads as before, once. It is for a daemon that discovers targets:
// to read a file of ten thousand targets takes a core for a good part of a second. Go's scheduler lets such work run
// for 10 ms before a due request gets its turn, but the kernel runs a thread as soon as it wakes up. A user who sets
// GOMAXPROCS keeps that number. Afterwards Go no longer follows changes to the container's limit.
var addThreads = sync.OnceFunc(func() {
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(2 * runtime.GOMAXPROCS(0))
	}
})
