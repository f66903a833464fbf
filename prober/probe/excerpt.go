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
	var b strings.Builder
	lower := strings.ToLower(e.piece)
	if len(lower) != len(e.piece) { // it is no UTF-8
		lower = e.piece
	}
	for i := 0; i < min(len(e.piece), maxExcerpt); {
		if n := longestIn(lower[i:], secrets); n >= leastSecret {
			b.WriteString(struckOut)
			i += n
			continue
		}
		b.WriteByte(e.piece[i])
		i++
	}
	e.piece = b.String()
}

// longestIn returns how much of the start of s stands in one of secrets, if that is
// leastSecret bytes or more.
func longestIn(s string, secrets []string) int {
	n := leastSecret
	for _, secret := range secrets {
		for n <= len(s) && strings.Contains(secret, s[:n]) {
			n++
		}
	}
	return n - 1
}
