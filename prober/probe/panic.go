package probe

import (
	"fmt"
	"runtime/debug"

	"example.com/prober/errcode"
)

// Panicked returns the failure that a panic with the value v is for a request. Its text
// has the stack. It is to be called where the panic is recovered from.
func Panicked(v any) error {
	return errcode.Wrap(errcode.Panic, "panic", fmt.Errorf("%v\n%s", v, debug.Stack()))
}

// Catch makes, deferred, of a panic the error that err points to.
func Catch(err *error) {
	if v := recover(); v != nil {
		*err = Panicked(v)
	}
}
