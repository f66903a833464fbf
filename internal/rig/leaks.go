package rig

import (
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

// VerifyTestMain runs the tests of a package, [ManyAtOnce], and fails if goroutines go
// on when they are over.
func VerifyTestMain(m *testing.M) {
	ManyAtOnce()
	goleak.VerifyTestMain(patientMain{m})
}

// patientMain runs tests and waits for the end of their goroutines.
type patientMain struct{ *testing.M }

// Run implements [goleak.TestingM].
func (m patientMain) Run() int {
	code := m.M.Run()
	if code == 0 {
		_ = FindLeak() // goleak looks once more and says what is left
	}
	return code
}
