// Package content keeps the wanted parts of responses: fields of their headers, and bodies.
// It decodes bodies to find out whether they can be, and to have them looked at.
//
// A [Plan] says what to keep of the responses to a target's requests. A [Kept] holds it for
// one response while it comes, in space that a worker uses again. After the end of the
// exchange, and outside of its time, [Kept.Settle] decodes the body and has it judged.
//
// Transports share [Decoders], and so their memory is bounded for all requests together:
// by a ceiling for kept bodies, by few decoders, and by windows no longer than a body may
// become. A body that inflates beyond 8 MiB, or beyond 64 KiB a hundredfold, is given up
// before it takes the memory.
package content
