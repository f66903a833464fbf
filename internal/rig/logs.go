package rig

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// ParseJSON returns the fields of a line of a log in JSON.
func ParseJSON(line string) (map[string]string, error) {
	var values map[string]any
	if err := json.Unmarshal([]byte(line), &values); err != nil {
		return nil, err
	}
	fields := map[string]string{}
	for key, value := range values {
		fields[key] = fmt.Sprint(value)
	}
	return fields, nil
}

// ParseLogfmt returns the fields of a line of a log in logfmt. A line has pairs of key=value. A value is quoted unless
// it has only letters, digits and marks.
func ParseLogfmt(line string) (map[string]string, error) {
	fields := map[string]string{}
	for line != "" {
		key, rest, ok := strings.Cut(line, "=")
		if !ok || key == "" || strings.ContainsAny(key, "\" ") {
			return nil, fmt.Errorf("no key at %.40q", line)
		}
		value, _, _ := strings.Cut(rest, " ")
		if strings.HasPrefix(rest, `"`) {
			var err error
			if value, err = strconv.QuotedPrefix(rest); err != nil {
				return nil, err
			}
		}
		rest = rest[len(value):]
		if unquoted, err := strconv.Unquote(value); err == nil {
			value = unquoted
		} else if strings.ContainsAny(value, `"=`) {
			return nil, fmt.Errorf("not quoted: %s", value)
		}
		fields[key] = value
		if line, ok = strings.CutPrefix(rest, " "); !ok && rest != "" {
			return nil, fmt.Errorf("no blank at %.40q", rest)
		}
	}
	return fields, nil
}
