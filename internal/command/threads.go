package command

import (
	"os"
	"runtime"
	"sync"
)

// addThreads lets the scheduler of Go use twice as many threads as before, once. It is for a daemon that discovers
// targets: to read a file of ten thousand targets takes a core for a good part of a second. The scheduler
// of Go lets such work run for 10 ms before a request that is due has its turn, but the kernel lets
// a thread that wakes up run at once. Whoever has set GOMAXPROCS has decided that already.
var addThreads = sync.OnceFunc(func() {
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(2 * runtime.GOMAXPROCS(0))
	}
})
