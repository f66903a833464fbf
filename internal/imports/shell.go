package imports

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// command is one command of a text for a shell.
type command struct {
	words []string
	line  int // of its first word
	notes []string
}

// splitShell splits source as a POSIX shell does, and also reads bash's $'…'. It expands nothing: an expansion stays
// unchanged, with a note. An error is a *placeError.
func splitShell(source string) ([]command, error) {
	s := shell{rest: source, line: 1}
	for s.rest != "" {
		if err := s.step(); err != nil {
			return nil, err
		}
	}
	s.endCommand()
	return s.done, nil
}

type shell struct {
	rest string
	line int
	done []command
	now  command
	// word is the word under construction; isWord is true for an empty one, too.
	word   strings.Builder
	isWord bool
	// skipping skips the rest of the line after a pipe. skipWord skips the next word after a redirection.
	skipping bool
	skipWord bool
}

func (s *shell) fail(line int, format string, args ...any) error {
	return &placeError{line: line, msg: fmt.Sprintf(format, args...)}
}

// take returns the next n bytes and moves past them.
func (s *shell) take(n int) string {
	n = min(n, len(s.rest))
	taken := s.rest[:n]
	s.line += strings.Count(taken, "\n")
	s.rest = s.rest[n:]
	return taken
}

func (s *shell) put(text string) {
	if !s.isWord && len(s.now.words) == 0 {
		s.now.line = s.line
	}
	s.word.WriteString(text)
	s.isWord = true
}

// step takes the token at the next byte.
func (s *shell) step() error {
	switch c := s.rest[0]; {
	case strings.HasPrefix(s.rest, "\\\n"):
		s.take(2)
	case strings.HasPrefix(s.rest, "\\\r\n"):
		s.take(3)
	case strings.HasPrefix(s.rest, "$'"):
		return s.ansi()
	case strings.HasPrefix(s.rest, `$"`):
		s.take(1)
	case c == '\\':
		s.put(s.take(1 + runeLength(s.rest[1:]))[1:])
	case c == '\'':
		return s.single()
	case c == '"':
		return s.double()
	case c == ' ', c == '\t', c == '\r':
		s.endWord()
		s.take(1)
	case c == '#' && !s.isWord:
		s.take(lineLength(s.rest))
	case c == '\n', c == ';', c == '&', c == '|':
		s.separator(c)
	case c == '<', c == '>':
		s.redirection()
	case c == '$', c == '`':
		s.expansion()
	default:
		s.put(s.take(runeLength(s.rest)))
	}
	return nil
}

func lineLength(s string) int {
	if end := strings.IndexByte(s, '\n'); end >= 0 {
		return end
	}
	return len(s)
}

func runeLength(s string) int {
	_, size := utf8.DecodeRuneInString(s)
	return size
}

func (s *shell) endWord() {
	if s.isWord && !s.skipWord && !s.skipping {
		s.now.words = append(s.now.words, s.word.String())
	}
	if s.isWord {
		s.skipWord = false
	}
	s.word.Reset()
	s.isWord = false
}

func (s *shell) endCommand() {
	s.endWord()
	if len(s.now.words) > 0 {
		s.done = append(s.done, s.now)
	}
	s.now, s.skipWord = command{}, false
}

func (s *shell) separator(c byte) {
	s.endWord()
	isPipe := c == '|' && !strings.HasPrefix(s.rest, "||")
	switch {
	case isPipe && len(s.now.words) > 0:
		s.now.notes = append(s.now.notes, "The commands after the pipe are left out.")
		s.skipping = true
	case s.skipping && c != '\n' && c != ';':
	default:
		s.endCommand()
		s.skipping = false
	}
	s.take(1)
}

// redirection leaves out the target of an output. The number before it is no word.
func (s *shell) redirection() {
	if _, err := strconv.Atoi(s.word.String()); err == nil && s.isWord {
		s.word.Reset()
		s.isWord = false
	}
	s.endWord()
	if s.rest[0] == '<' {
		s.now.notes = append(s.now.notes, "What the command reads with < is left out.")
	}
	for s.rest != "" && strings.ContainsRune("<>&|", rune(s.rest[0])) {
		s.take(1)
	}
	s.skipWord = true
}

// expansion keeps $NAME, $(…) and `…` as they are.
func (s *shell) expansion() {
	end := 1
	for end < len(s.rest) && (isAlphanumeric(s.rest[end]) || end == 1 && strings.ContainsRune("{(", rune(s.rest[end]))) {
		end++
	}
	if end > 1 || s.rest[0] == '`' {
		shown := s.rest[:end]
		if end == 1 || strings.ContainsRune("({", rune(shown[1])) {
			shown += "…"
		}
		s.now.notes = append(s.now.notes, fmt.Sprintf("A shell would expand %s in line %d; the prober uses it as it is.", shown, s.line))
	}
	s.put(s.take(end))
}

func isAlphanumeric(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_'
}

func (s *shell) single() error {
	line := s.line
	end := strings.IndexByte(s.rest[1:], '\'')
	if end < 0 {
		return s.fail(line, "the quote ' is not closed")
	}
	s.put(s.take(end + 2)[1 : end+1])
	return nil
}

func (s *shell) double() error {
	line := s.line
	s.put("")
	s.take(1)
	for s.rest != "" {
		switch c := s.rest[0]; {
		case c == '"':
			s.take(1)
			return nil
		case strings.HasPrefix(s.rest, "\\\n"):
			s.take(2)
		case c == '\\' && len(s.rest) > 1 && strings.ContainsRune("$`\"\\", rune(s.rest[1])):
			s.put(s.take(2)[1:])
		case c == '$', c == '`':
			s.expansion()
		default:
			s.put(s.take(runeLength(s.rest)))
		}
	}
	return s.fail(line, `the quote " is not closed`)
}

// ansi takes $'…', with the escapes of C.
func (s *shell) ansi() error {
	line := s.line
	s.put("")
	s.take(2)
	for s.rest != "" {
		switch {
		case s.rest[0] == '\'':
			s.take(1)
			return nil
		case s.rest[0] == '\\' && len(s.rest) > 1:
			s.put(s.escape())
		default:
			s.put(s.take(runeLength(s.rest)))
		}
	}
	return s.fail(line, "the quote $' is not closed")
}

// escape takes one escape of $'…'. An unknown escape stays unchanged.
func (s *shell) escape() string {
	plain := map[byte]string{
		'n': "\n", 't': "\t", 'r': "\r", 'a': "\a", 'b': "\b", 'f': "\f", 'v': "\v", 'e': "\x1b", 'E': "\x1b",
		'\\': `\`, '\'': "'", '"': `"`, '?': "?",
	}
	c := s.rest[1]
	if text, ok := plain[c]; ok {
		s.take(2)
		return text
	}
	switch {
	case c == 'x':
		if n, ok := s.digits(2, 2, 16); ok {
			return string([]byte{byte(n)})
		}
	case c == 'u':
		if n, ok := s.digits(2, 4, 16); ok {
			return s.pair(rune(n))
		}
	case c == 'U':
		if n, ok := s.digits(2, 8, 16); ok {
			return string(rune(min(n, utf8.MaxRune+1)))
		}
	case c >= '0' && c <= '7':
		if n, ok := s.digits(1, 3, 8); ok {
			return string([]byte{byte(n)})
		}
	}
	return s.take(2)
}

// pair returns r. If r is the first half of a surrogate pair and its second half follows, it returns their character:
// browsers write such pairs.
func (s *shell) pair(r rune) string {
	if utf16.IsSurrogate(r) && strings.HasPrefix(s.rest, `\u`) {
		rest, line := s.rest, s.line
		if low, ok := s.digits(2, 4, 16); ok {
			if whole := utf16.DecodeRune(r, rune(low)); whole != utf8.RuneError {
				return string(whole)
			}
		}
		s.rest, s.line = rest, line
	}
	return string(r)
}

// digits takes a number of at most most digits from start.
func (s *shell) digits(start, most, base int) (n uint64, ok bool) {
	end := start
	for end < len(s.rest) && end < start+most {
		if _, err := strconv.ParseUint(s.rest[end:end+1], base, 8); err != nil {
			break
		}
		end++
	}
	n, err := strconv.ParseUint(s.rest[start:end], base, 64)
	if err != nil {
		return 0, false
	}
	s.take(end)
	return n, true
}
