package errcode

import (
	"reflect"
	"strings"
)

// shape takes in unexported types of the standard library by package, name and kind. The
// HTTP/2 client of net/http is x/net/http2 with prefixed names; later versions of Go keep
// it in a package of its own, without the prefix.
func (f *facts) shape(err error) {
	v := reflect.Indirect(reflect.ValueOf(err))
	name := v.Type().Name()
	switch v.Type().PkgPath() {
	case "net/http":
		if bundled, ok := strings.CutPrefix(name, "http2"); ok {
			f.frameShape(bundled, v)
			return
		}
		f.clientShape(name)
	case "net/http/internal/http2", "golang.org/x/net/http2":
		f.frameShape(name, v)
	}
}

func (f *facts) clientShape(name string) {
	switch name {
	case "tlsHandshakeTimeoutError":
		f.deadline, f.handshake = true, true
	case "unsupportedTEError":
		first(&f.malformed, HTTP1TransferEncoding)
	}
}

func (f *facts) frameShape(name string, v reflect.Value) {
	switch name {
	case "GoAwayError":
		first(&f.http2, FromGoAway(codeField(v, "ErrCode")))
	case "StreamError":
		first(&f.http2, FromStream(codeField(v, "Code")))
	case "ConnectionError":
		if v.CanUint() {
			first(&f.http2, FromConnection(uint32(v.Uint())))
		}
	}
}

// codeField returns the HTTP/2 error code in a field of the struct v, or a code unknown
// to every RFC.
func codeField(v reflect.Value, name string) uint32 {
	code := field(v, name)
	if !code.CanUint() {
		return 1<<32 - 1
	}
	return uint32(code.Uint())
}

// field returns the named field of a struct, or an invalid value. v holds the struct or
// points to it.
func field(v reflect.Value, name string) reflect.Value {
	for v.Kind() == reflect.Interface || v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	if v.Kind() != reflect.Struct {
		return reflect.Value{}
	}
	return v.FieldByName(name)
}
