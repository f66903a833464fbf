package config

import (
	"errors"
	"fmt"
	"strings"

	"gopkg.in/yaml.v3"
)

// maxSecretSize bounds a file that holds a secret, in bytes.
const maxSecretSize = 64 << 10

// secretFile is a key that names a file with nothing but a secret in it. Neither
// is ever shown.
type secretFile struct {
	path, content *string
	// check may be nil.
	check func(string) error
}

func (f secretFile) decode(c cursor, n *yaml.Node) {
	if !c.checkPath(n) {
		return
	}
	content, err := c.files.read(n.Value)
	if err != nil {
		c.fail("cannot use the file: %s", err)
		return
	}
	secret, err := parseSecret(content)
	if err == nil && f.check != nil {
		err = f.check(secret)
	}
	if err != nil {
		c.fail("cannot use the file: %s", err)
		return
	}
	*f.path, *f.content = n.Value, secret
}

func (f secretFile) encode() *yaml.Node {
	if *f.path == "" {
		return nil
	}
	return plainNode(redaction)
}

func (f secretFile) reset() { *f.path, *f.content = "", "" }

// parseSecret takes the line break away that editors put at the end of a file.
// What else is not to be seen was hardly meant, and in a header it would be
// dangerous.
func parseSecret(content []byte) (string, error) {
	if len(content) > maxSecretSize {
		return "", fmt.Errorf("larger than %s", formatSize(maxSecretSize))
	}
	secret, _ := strings.CutSuffix(string(content), "\n")
	secret, _ = strings.CutSuffix(secret, "\r")
	switch {
	case secret == "":
		return "", errors.New("it is empty")
	case strings.ContainsFunc(secret, isInvisible):
		return "", errors.New("it holds more than one line, or other control characters")
	}
	return secret, nil
}

// isInvisible is true for control characters and for the byte order mark.
func isInvisible(r rune) bool { return isControl(r) || r == '\ufeff' }

// checkVisible wants a text without control characters.
func checkVisible(s string) error {
	switch {
	case s == "":
		return errors.New("must not be empty")
	case strings.ContainsFunc(s, isInvisible):
		return errors.New("must not hold line breaks or other control characters")
	}
	return nil
}
