//go:build !unix

package form

// openAtOnce is nothing: no file waits for a writer here when it is opened.
const openAtOnce = 0
