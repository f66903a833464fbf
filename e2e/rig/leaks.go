package rig

import (
	"fmt"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// FindLeak returns an error that lists the goroutines which go on although all is
// over. It gives them as long to end as a test has patience.
func FindLeak(options ...goleak.Option) (err error) {
	for end := time.Now().Add(patience); time.Now().Before(end); {
		if err = goleak.Find(options...); err == nil {
			return nil
		}
	}
	return err
}

// VerifyTestMain runs the tests of a package, and fails if goroutines go on when they
// are over.
func VerifyTestMain(m *testing.M) {
	code := m.Run()
	if code == 0 {
		if err := FindLeak(); err != nil {
			fmt.Fprintln(os.Stderr, "after the tests:", err)
			code = 1
		}
	}
	os.Exit(code)
}
