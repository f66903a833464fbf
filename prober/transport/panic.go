package transport

import (
	"fmt"
	"runtime/debug"

	"example.com/prober/errcode"
)

// panicked returns what a panic with the value v means for a request.
func panicked(v any) error {
	return errcode.Wrap(errcode.Panic, "panic", fmt.Errorf("%v\n%s", v, debug.Stack()))
}

// catch, deferred, makes of a panic the error that err points to.
func catch(err *error) {
	if v := recover(); v != nil {
		*err = panicked(v)
	}
}
