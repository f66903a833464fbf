package config

import (
	"errors"
	"strings"

	"example.com/prober/config/form"
)

// checkCredentials checks the text at the end of a header line: recipients
// strip its spaces.
func checkCredentials(s string) error {
	if strings.Trim(s, " ") != s {
		return errors.New("it begins or ends with a space")
	}
	return nil
}

// checkUsername follows RFC 7617, section 2: the colon ends the name.
func checkUsername(s string) error {
	if strings.Contains(s, ":") {
		return errors.New("must not contain a colon: a colon ends the user name")
	}
	return form.CheckVisible(s)
}

// checkScheme follows RFC 9110, section 11.1: a token, and case does not matter.
func checkScheme(s string) error {
	switch {
	case strings.EqualFold(s, "Basic"):
		return errors.New("must not be Basic: that is request.basic_auth")
	case !isToken(s):
		return errors.New("must be a scheme such as Bearer (RFC 9110, section 11.1)")
	}
	return nil
}
