package imports

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
)

// Curl imports the command lines of curl in source, as a shell would take them. Requests of
// the same origin with the same settings become a mix.
func Curl(source string, o Options) (*Result, error) {
	if windowsQuotes.MatchString(source) {
		return nil, &placeError{name: o.Name, msg: "is quoted for the command line of Windows (^); copy the command for bash"}
	}
	commands, err := splitShell(strings.TrimPrefix(source, "\uFEFF"))
	if err != nil {
		return nil, inSource(err, o)
	}
	return curlCommands(commands, o)
}

// windowsQuotes matches carets before quotes and line ends, as the command line of Windows needs them.
var windowsQuotes = regexp.MustCompile(`(?m)^\s*curl(\.exe)? .*\^"|\s\^\r?$`)

// CurlWords imports one command line, split into words by a shell.
func CurlWords(words []string, o Options) (*Result, error) {
	return curlCommands([]command{{words: words, line: 1}}, o)
}

// inSource names the source in a mistake.
func inSource(err error, o Options) error {
	if place, ok := err.(*placeError); ok { //nolint:errorlint // it is never wrapped
		place.name = o.Name
	}
	return err
}

func curlCommands(commands []command, o Options) (*Result, error) {
	g := grouping{options: o}
	for _, c := range commands {
		c.words = withoutPrefix(c.words)
		if len(c.words) == 0 {
			g.head = append(g.head, fmt.Sprintf("Left out: line %d has a word with a = that is not a command. A URL with & needs quotes.", c.line))
			continue
		}
		if name := path.Base(c.words[0]); name != "curl" && name != "curl.exe" {
			return nil, &placeError{name: o.Name, line: c.line, msg: "is not a command of curl: it begins with " + cut(c.words[0]) + "; a URL with & needs quotes"}
		}
		runs, err := parseCurl(c)
		if err != nil {
			return nil, inSource(err, o)
		}
		for _, run := range runs {
			if err := g.add(run); err != nil {
				return nil, inSource(err, o)
			}
		}
	}
	if len(g.targets) == 0 {
		return nil, &placeError{name: o.Name, msg: "has no command of curl"}
	}
	for _, t := range g.targets {
		t.settle()
	}
	return finish(append([]string{"Imported from curl."}, g.head...), g.targets, o)
}

// withoutPrefix drops a prompt and variables of the environment before a command.
func withoutPrefix(words []string) []string {
	for len(words) > 0 {
		name, _, isVariable := strings.Cut(words[0], "=")
		if words[0] != "$" && (!isVariable || strings.ContainsFunc(name, func(r rune) bool { return r > 0x7f || !isAlphanumeric(byte(r)) })) {
			return words
		}
		words = words[1:]
	}
	return nil
}

// grouping collects requests of curl into targets.
type grouping struct {
	options Options
	head    []string
	targets []*target
	keys    []string // of the targets: requests with the same key share a target
}

// add adds the requests of a run, one for each URL.
func (g *grouping) add(run *curlRun) error {
	if len(run.urls) == 0 {
		return &placeError{line: run.line, msg: "the command has no URL"}
	}
	for _, raw := range run.urls {
		at, err := curlAddress(raw)
		if err != nil {
			return &placeError{line: run.line, key: "URL", msg: err.Error()}
		}
		c := &curlRequest{run: run, raw: raw, at: at, options: g.options}
		if err := c.build(); err != nil {
			return &placeError{line: run.line, msg: err.Error()}
		}
		g.place(c)
	}
	return nil
}

// place adds a request to the target with the same origin and settings, or to a new one.
func (g *grouping) place(c *curlRequest) {
	key := c.at.origin() + "\n" + string(c.connection.bytes())
	if c.proxyLogin != nil {
		key += c.proxyLogin.field()
	}
	i := slices.Index(g.keys, key)
	if i < 0 {
		i = len(g.keys)
		g.keys = append(g.keys, key)
		g.targets = append(g.targets, &target{
			name: c.at.name(), origin: c.at.origin(), connection: c.connection, proxyLogin: c.proxyLogin,
		})
	}
	t := g.targets[i]
	t.requests = append(t.requests, c.request())
}

// curlAddress takes a URL as curl does. curl guesses the scheme.
func curlAddress(raw string) (address, error) {
	raw = strings.TrimSpace(raw)
	if scheme, _, ok := strings.Cut(raw, "://"); !ok {
		raw = "http://" + raw
	} else if s := strings.ToLower(scheme); s != "http" && s != "https" {
		return address{}, fmt.Errorf("has the scheme %s; only http and https have a counterpart here", cut(scheme))
	}
	return parseAddress(raw)
}
