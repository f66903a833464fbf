package form

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// Parse returns the root node of the only document in data, with aliases resolved. It reports mistakes and then returns
// nil. key is a key of every file, for the message about an empty one.
func Parse(data []byte, r *Report, key string) *yaml.Node {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if line, msg := badBytes(data); msg != "" {
		r.add(&yaml.Node{Line: line}, "", "", msg)
		return nil
	}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var doc, second yaml.Node
	err := decoder.Decode(&doc)
	if errors.Is(err, io.EOF) || err == nil && IsNull(doc.Content[0]) {
		r.add(&yaml.Node{Line: 1}, "", "", "the file is empty: it needs at least the key "+key)
		return nil
	}
	if err == nil {
		err = decoder.Decode(&second)
	}
	switch {
	case errors.Is(err, io.EOF):
	case err != nil:
		line, msg := locate(data, err)
		msg += spaceHint(lineOf(data, line))
		r.add(&yaml.Node{Line: line}, "", "", "not valid YAML: "+msg)
		return nil
	default:
		r.add(&second, "", "", "a second YAML document starts here, only one is allowed")
		return nil
	}
	root := doc.Content[0]
	if !resolve(root, r) {
		return nil
	}
	return root
}

// ParseValue reads a value as if it followed a key, nil if it cannot.
func ParseValue(text string) *yaml.Node {
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
		return nil
	}
	if len(doc.Content) == 0 {
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null"}
	}
	if !resolve(doc.Content[0], NewReport("", nil)) {
		return nil
	}
	return doc.Content[0]
}

// badBytes finds bytes that YAML forbids everywhere. The parser reports them without a line.
func badBytes(data []byte) (line int, msg string) {
	line = 1
	for rest := data; len(rest) > 0; {
		c, size := utf8.DecodeRune(rest)
		switch {
		case c == utf8.RuneError && size == 1:
			return line, "not valid UTF-8"
		case c == '\n':
			line++
		case IsControl(c) && c != '\t' && c != '\r' && c != '\u0085', c == '\ufeff', c == '\ufffe', c == '\uffff':
			return line, fmt.Sprintf("not valid YAML: the control character %U is not allowed", c)
		}
		rest = rest[size:]
	}
	return 0, ""
}

// The parser numbers lines in three ways. The scanner names the line at which the broken construct began, unless it is
// the first line of the file. The grammar names a line one too low, of the construct or of the problem. The rest name
// no line. A blank line before the file removes the exception of the first case.
var yamlMessage = regexp.MustCompile(`^(?:yaml: )?(?:line (\d+): )?(.*)$`)

// locate turns an error of the YAML parser into a line of data, counted from 1, and a message without content of the
// file.
func locate(data []byte, err error) (line int, msg string) {
	lines := &lineReader{rest: append([]byte("\n"), data...)}
	if again := drain(lines); again != nil {
		err = again
	}
	last := min(lines.read-1, 1+bytes.Count(data, []byte("\n")))
	m := yamlMessage.FindStringSubmatch(err.Error())
	named, _ := strconv.Atoi(m[1])
	msg = m[2]
	switch {
	case strings.HasPrefix(msg, "unknown anchor"):
		return culprit(data, last, last), "an alias without its anchor; quote a text that starts with *"
	case strings.Contains(msg, "found a tab"), strings.Contains(msg, "cannot start any token"):
		return oddCharacter(data, named-1)
	case strings.HasPrefix(msg, "did not find expected ','"):
		return named, msg + " before the end of what begins here"
	case named == 0, strings.HasPrefix(msg, "did not find expected"):
		return culprit(data, last, named), msg + "; check the indentation"
	case strings.HasPrefix(msg, "mapping values are not allowed"):
		msg += "; check the indentation, and the space after each colon"
	case msg == "found unexpected end of stream":
		msg = "the quote that begins here is not closed"
	}
	return max(named-1, 1), msg
}

// lineOf returns a line of data, counted from 1.
func lineOf(data []byte, line int) string {
	for range line - 1 {
		_, data, _ = bytes.Cut(data, []byte("\n"))
	}
	text, _, _ := bytes.Cut(data, []byte("\n"))
	return string(text)
}

// drain parses all documents of r.
func drain(r io.Reader) error {
	decoder := yaml.NewDecoder(r)
	for {
		var doc yaml.Node
		err := decoder.Decode(&doc)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// culprit returns the line at which data becomes invalid, or else fallback. The parser has read up to the line last.
// Because of its look-ahead, this is past the culprit: by a line or two, and any number of comments and blank lines.
func culprit(data []byte, last, fallback int) int {
	lines := bytes.SplitAfter(data, []byte("\n"))
	tries := 0
	for line := min(last, len(lines)); line > 0 && tries < 4; line-- {
		text := bytes.TrimSpace(lines[line-1])
		if len(text) == 0 || text[0] == '#' {
			continue
		}
		if drain(bytes.NewReader(bytes.Join(lines[:line-1], nil))) == nil {
			return line
		}
		tries++
	}
	return max(fallback, 1)
}

// oddCharacter explains a character refused by the scanner in the given line. A tab in the indentation may be in a line
// soon after it.
func oddCharacter(data []byte, line int) (int, string) {
	lines := bytes.Split(data, []byte("\n"))
	for i := max(line, 1); i <= len(lines); i++ {
		text := lines[i-1]
		indent := text[:len(text)-len(bytes.TrimLeft(text, " \t"))]
		if bytes.ContainsRune(indent, '\t') {
			return i, "a tab cannot indent YAML, use spaces"
		}
		if i == line && bytes.ContainsAny(text, "@`%") {
			break
		}
	}
	return max(line, 1), "a text cannot start with @, `, % or a tab; quote it"
}

// lineReader returns one line at a time and counts them.
type lineReader struct {
	rest []byte
	read int
}

func (r *lineReader) Read(p []byte) (int, error) {
	if len(r.rest) == 0 {
		return 0, io.EOF
	}
	end := bytes.IndexByte(r.rest, '\n') + 1
	if end == 0 {
		end = len(r.rest)
	}
	n := copy(p, r.rest[:end])
	if n == end {
		r.read++
	}
	r.rest = r.rest[n:]
	return n, nil
}
