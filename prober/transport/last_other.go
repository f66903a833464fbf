//go:build !unix

package transport

const canWriteAtOnce = false

func writeAtOnce(uintptr, []byte) (int, error) { return 0, errNoRoom }
