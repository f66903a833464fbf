//go:build !unix

package wire

const canWriteAtOnce = false

func writeAtOnce(uintptr, []byte) (int, error) { return 0, errNoRoom }
