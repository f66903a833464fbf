package command

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kingpin/v2"

	"example.com/prober/config"
)

// maxConfig bounds a configuration on standard input, in bytes, as for one in a file.
const maxConfig = 16 << 20

// registerTarget registers the flags for keys of the target. The configuration checks their values. Their names are
// those of config.PickFlags.
func (f *fireFlags) registerTarget(cmd *kingpin.CmdClause) {
	for _, t := range []struct {
		name    string
		short   rune
		example string
		help    string
	}{
		{"requests", 'n', "N", "The same as --burst.requests."},
		{"concurrency", 'c', "N", "The same as --burst.concurrency."},
		{"duration", 'z', "TIME", "The same as --burst.duration."},
		{"rate", 'r', "N", "The same as --burst.rate."},
		{"method", 'X', "METHOD", "Send this method."},
		{"header", 'H', "'NAME: VALUE'", "Send this header, too. Repeat it for more. Authorization is not allowed: use --bearer-file or --basic-auth-file."},
		{"data", 'd', "TEXT", "Send this body."},
		{"data-file", 0, "FILE", "Send the content of this file as the body."},
		{"basic-auth-file", 0, "FILE", "Log in with the user name and password in this file. A colon separates them."},
		{"bearer-file", 0, "FILE", "Log in with the bearer token in this file."},
		{"timeout", 0, "TIME", "How long one request may take."},
		{"http-version", 0, "VERSION", "The version of HTTP: auto, 1.1, 2, 3 or h2c."},
		{"insecure", 'k', "", "Accept any certificate."},
		{"proxy", 0, "URL", "Use this proxy: http, https, socks5 or socks5h."},
		{"resolve", 0, "ADDRESS", "Connect to this address instead of asking DNS. Repeat it for more."},
		{"expect.status", 0, "LIST", "The statuses that count as a success, such as 200-299,404."},
		{"expect.latency", 0, "TIME", "How long a successful request may take."},
		{"expect.body", 0, "TEXT", "Text that the body of a successful answer contains."},
	} {
		flag := cmd.Flag(t.name, t.help).PlaceHolder(t.example)
		if t.short != 0 {
			flag.Short(t.short)
		}
		flag.SetValue(targetFlag{t.name, f.target.Flags})
	}
}

// setLabels reads the labels of --selector.
func (f *fireFlags) setLabels(text string) error {
	for _, label := range strings.Split(text, ",") {
		name, value, ok := strings.Cut(label, "=")
		if !ok || name == "" || strings.ContainsAny(name, "!~") || strings.HasPrefix(value, "=") {
			return errors.New("must be labels and their values, such as team=shop,tier=1")
		}
		f.target.Labels[name] = value
	}
	return nil
}

// targetFlag is a flag for a key of a target. The configuration checks its value.
type targetFlag struct {
	name string
	to   map[string][]string
}

// Set implements kingpin.Value.
func (t targetFlag) Set(text string) error {
	t.to[t.name] = append(t.to[t.name], text)
	return nil
}

// String implements kingpin.Value.
func (t targetFlag) String() string { return "" }

// IsCumulative makes kingpin accept some flags more than once.
func (t targetFlag) IsCumulative() bool {
	return t.name == "header" || t.name == "resolve" || t.name == "expect.status"
}

// IsBoolFlag makes kingpin accept the flag without a value.
func (t targetFlag) IsBoolFlag() bool { return t.name == "insecure" }

// readConfig returns the text of the configuration and its name in errors. Standard input ends when its writer closes
// it; until then a second Ctrl-C ends the program.
func (f *fireFlags) readConfig() (text []byte, name string, err error) {
	if f.configFile != "-" {
		text, err = config.Read(f.configFile)
		return text, f.configFile, orInit(err)
	}
	const standardInput = "standard input"
	text, err = io.ReadAll(io.LimitReader(f.stdin, maxConfig+1))
	if err == nil && len(text) > maxConfig {
		err = errors.New("larger than 16MiB")
	}
	if err != nil {
		return nil, "", fmt.Errorf("read configuration from %s: %w", standardInput, err)
	}
	return text, standardInput, nil
}
