//go:build !unix

package main

import "os"

// stopSignal and continueSignal cannot be sent here: to send them is an error.
var stopSignal, continueSignal = os.Interrupt, os.Interrupt
