package probe

import (
	"errors"
	"strconv"
	"strings"
)

const (
	// maxExcerpt is how many bytes of what a peer sent stand in the text of a failure.
	maxExcerpt = 48
	// leastSecret is how many bytes of what the peer was sent make it a secret.
	leastSecret = 4
)

// ExcerptError is a fault in what a peer sent, with the piece of that which has it. Peers
// may say back what they were sent: before the failure is told to anybody, what the
// piece has in common with the secrets of the request is struck out.
type ExcerptError struct {
	fault error
	piece string
	cut   bool // the piece goes on
}

// NewExcerpt returns a fault whose text is that of fault and the piece, quoted, of which
// the start is kept.
func NewExcerpt[T string | []byte](fault error, piece T) *ExcerptError {
	const most = maxExcerpt + leastSecret - 1 // so that a secret at the end is known for one
	return &ExcerptError{fault: fault, piece: string(piece[:min(len(piece), most)]), cut: len(piece) > maxExcerpt}
}

func (e *ExcerptError) Error() string {
	text := e.fault.Error() + " " + strconv.QuoteToASCII(e.piece[:min(len(e.piece), maxExcerpt)])
	if e.cut {
		text += "..."
	}
	return text
}

// Unwrap returns the fault.
func (e *ExcerptError) Unwrap() error { return e.fault }

// Conceal strikes out of the excerpt in err, if there is one, what r was sent in confidence.
func (r *Result) Conceal(err error) {
	e, ok := errors.AsType[*ExcerptError](err)
	if !ok || r.secrets == nil {
		return
	}
	secrets, ok := r.secrets.Secrets()
	if !ok {
		e.piece = struckOut
		return
	}
	e.strike(secrets)
}

const struckOut = "***"

// strike replaces each run of bytes that the piece has in common with one of secrets,
// which are in lower case.
func (e *ExcerptError) strike(secrets []string) {
	shown := min(len(e.piece), maxExcerpt)
	e.piece = strikeUpTo(e.piece, shown, secrets, leastSecret)
}

// strike replaces each run of bytes of a text that it has in common with one of secrets, which
// are in lower case, if that is leastPrivate bytes or more, or all of a secret.
func strike(text string, secrets []string) string {
	return strikeUpTo(text, len(text), secrets, leastPrivate)
}

// strikeUpTo is strike for the first bytes of a text, and leaves the others out.
func strikeUpTo(text string, end int, secrets []string, least int) string {
	var b strings.Builder
	struck := false // what came last was
	begins := beginningsOf(secrets)
	lower := strings.ToLower(text)
	if len(lower) != len(text) { // it is no UTF-8, or has letters whose capitals have another length
		lower = lowerASCII(text)
	}
	for i := 0; i < end; {
		n := 0
		if begins.has(lower[i:]) {
			n = longestIn(lower[i:], secrets, least)
		}
		switch {
		case n == 0:
			b.WriteByte(text[i])
			n = 1
		case !struck:
			b.WriteString(struckOut)
		}
		struck = n > 1
		i += n
	}
	return b.String()
}

// beginnings has every run of leastSecret bytes in secrets: a long text is then held against few
// places of them.
type beginnings map[[leastSecret]byte]struct{}

func beginningsOf(secrets []string) beginnings {
	all := beginnings{}
	for _, secret := range secrets {
		for i := 0; i+leastSecret <= len(secret); i++ {
			all[[leastSecret]byte([]byte(secret[i:i+leastSecret]))] = struct{}{}
		}
	}
	return all
}

// has reports whether text begins with one of them.
func (b beginnings) has(text string) bool {
	if len(text) < leastSecret {
		return false
	}
	_, ok := b[[leastSecret]byte([]byte(text[:leastSecret]))]
	return ok
}

// longestIn returns how much of the start of s stands in one of secrets, if that is least bytes
// or more, or all of one; else 0.
func longestIn(s string, secrets []string, least int) (longest int) {
	for _, secret := range secrets {
		if len(secret) < leastSecret {
			continue
		}
		n := max(longest+1, min(least, len(secret)))
		for n <= len(s) && strings.Contains(secret, s[:n]) {
			longest = n
			n++
		}
	}
	return longest
}

// lowerASCII returns text with the capitals of ASCII as small letters. Its length stays.
func lowerASCII(text string) string {
	b := []byte(text)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}
