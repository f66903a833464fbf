package rig

import (
	"testing"
	"time"

	"go.uber.org/goleak"
)

// FindLeak returns an error that lists the goroutines still running. It waits for their end as long as a test waits.
func FindLeak(options ...goleak.Option) (err error) {
	for end := time.Now().Add(patience); time.Now().Before(end); {
		if err = goleak.Find(options...); err == nil {
			return nil
		}
	}
	return err
}

// VerifyTestMain runs the tests of a package, [ManyAtOnce]. It fails if goroutines still run afterwards.
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
		_ = FindLeak() // goleak looks once more and reports the rest
	}
	return code
}
