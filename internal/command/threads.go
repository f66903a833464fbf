package command

import (
	"os"
	"runtime"
	"sync"
)

// addThreads lets the scheduler of Go use twice as many threads as before, once. It is for a daemon that discovers
// targets: to read a file of ten thousand targets takes a core for a good part of a second. The scheduler
// of Go lets such work run for 10 ms before a request that is due has its turn, but the kernel lets
// a thread run as soon as it wakes up. A user who sets GOMAXPROCS keeps that number. Go no longer follows
// a limit of the container that changes later.
var addThreads = sync.OnceFunc(func() {
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(2 * runtime.GOMAXPROCS(0))
	}
})
