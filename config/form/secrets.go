package form

import (
	"errors"
	"fmt"
	"strings"

	"gopkg.in/yaml.v3"
)

// MaxSecretSize bounds a file with a secret, in bytes.
const MaxSecretSize = 64 << 10

// SecretFile is a key that names a file with nothing but a secret in it.
// Neither the name nor the secret is ever shown.
type SecretFile struct {
	Path, Content *string
	// Check may be nil.
	Check func(string) error
}

// Decode implements [Value].
func (f SecretFile) Decode(c Cursor, n *yaml.Node) {
	if !c.checkPath(n) {
		return
	}
	name := c.Files.Name(n.Value)
	content, err := c.Files.Read(name)
	if err != nil {
		c.Fail("cannot use the file: %s", err)
		return
	}
	secret, err := parseSecret(content)
	if err == nil && f.Check != nil {
		err = f.Check(secret)
	}
	if err != nil {
		c.Fail("cannot use the file: %s", err)
		return
	}
	*f.Path, *f.Content = name, secret
}

// Encode implements [Value].
func (f SecretFile) Encode() *yaml.Node {
	if *f.Path == "" {
		return nil
	}
	return PlainNode(Redaction)
}

// Reset implements [Value].
func (f SecretFile) Reset() { *f.Path, *f.Content = "", "" }

// parseSecret removes the line break that editors put at the end of a file. It
// refuses other invisible characters: they are hardly meant, and in a header
// they would be dangerous.
func parseSecret(content []byte) (string, error) {
	if len(content) > MaxSecretSize {
		return "", fmt.Errorf("larger than %s", formatSize(MaxSecretSize))
	}
	secret, _ := strings.CutSuffix(string(content), "\n")
	secret, _ = strings.CutSuffix(secret, "\r")
	switch {
	case secret == "":
		return "", errors.New("it is empty")
	case strings.ContainsFunc(secret, isInvisible):
		return "", errors.New("it has more than one line, or other control characters")
	}
	return secret, nil
}

// isInvisible reports whether r is a control character or the byte order mark.
func isInvisible(r rune) bool { return IsControl(r) || r == '\ufeff' }

// CheckVisible refuses an empty text, and control characters.
func CheckVisible(s string) error {
	switch {
	case s == "":
		return errors.New("must not be empty")
	case strings.ContainsFunc(s, isInvisible):
		return errors.New("must not contain line breaks or other control characters")
	}
	return nil
}
