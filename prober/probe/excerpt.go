package probe

import (
	"errors"
	"strconv"
	"strings"
)

const (
	// maxExcerpt is how many bytes of a peer's data the text of a failure shows.
	maxExcerpt = 48
	// leastSecret is how many bytes of the data sent to the peer count as a secret.
	leastSecret = 4
)

// ExcerptError is a fault in a peer's data, with the faulty piece. Peers may send back what they
// received. So before anybody sees the failure, parts of the piece that are also in the secrets
// of the request are struck out.
type ExcerptError struct {
	fault error
	piece string
	cut   bool // the piece goes on
}

// NewExcerpt returns a fault. Its text is that of fault and the start of piece, quoted.
func NewExcerpt[T string | []byte](fault error, piece T) *ExcerptError {
	const most = maxExcerpt + leastSecret - 1 // so a secret at the end can be recognised
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

// Conceal strikes the secrets of r out of the excerpt in err, if there is one.
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

// strike replaces each run of bytes that the piece shares with one of secrets. The secrets are
// in lower case.
func (e *ExcerptError) strike(secrets []string) {
	shown := min(len(e.piece), maxExcerpt)
	e.piece = strikeUpTo(e.piece, shown, secrets, leastSecret)
}

// strike replaces each run of bytes that a text shares with one of secrets, if the run has at
// least leastPrivate bytes, or is all of a secret. The secrets are in lower case.
func strike(text string, secrets []string) string {
	return strikeUpTo(text, len(text), secrets, leastPrivate)
}

// strikeUpTo is strike for the first end bytes of a text. It drops the rest.
func strikeUpTo(text string, end int, secrets []string, least int) string {
	var b strings.Builder
	struck := false // the last bytes were
	begins := beginningsOf(secrets)
	lower := strings.ToLower(text)
	if len(lower) != len(text) { // it is not UTF-8, or has letters whose capitals have another length
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

// beginnings has every run of leastSecret bytes in secrets. So a long text is compared with few
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

// has reports whether text begins with one of the runs.
func (b beginnings) has(text string) bool {
	if len(text) < leastSecret {
		return false
	}
	_, ok := b[[leastSecret]byte([]byte(text[:leastSecret]))]
	return ok
}

// longestIn returns how many bytes at the start of s are in one of secrets, if they are at least
// least bytes, or all of a secret; else 0.
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

// lowerASCII returns text with the capitals of ASCII as small letters. It keeps the length.
func lowerASCII(text string) string {
	b := []byte(text)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}
