package probe

import (
	"fmt"
	"runtime/debug"

	"example.com/prober/errcode"
)

// Panicked returns a panic with the value v as the failure of a request. Its text has
// the stack. Call it where the panic is recovered.
func Panicked(v any) error {
	return errcode.Wrap(errcode.Panic, "panic", fmt.Errorf("%v\n%s", v, debug.Stack()))
}

// Catch stores a panic as the error that err points to. Defer it.
func Catch(err *error) {
	if v := recover(); v != nil {
		*err = Panicked(v)
	}
}
