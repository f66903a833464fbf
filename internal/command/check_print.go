package command

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"example.com/prober/config"
	"example.com/prober/errcode"
	"example.com/prober/prober"
)

// maxPrinted is the most requests of each target that can be printed.
const maxPrinted = 1000

// printRequests prints the first requests of each target, up to the number most.
func printRequests(out io.Writer, cfg *config.Config, s prober.Shard, most int) error {
	if most == 0 {
		return nil
	}
	for p, err := range prober.Previews(cfg, s, most) {
		if err != nil {
			return err
		}
		if _, err := io.WriteString(out, previewText(&p)); err != nil {
			return err
		}
	}
	return nil
}

func previewText(p *prober.Preview) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n### %s", p.Target)
	if p.Journey > 0 {
		fmt.Fprintf(&b, ", journey %d", p.Journey)
	}
	if p.Request != "" {
		fmt.Fprintf(&b, ": %s", p.Request)
	}
	b.WriteByte('\n')
	if p.Failure != "" {
		fmt.Fprintf(&b, "[fails unsent, %s %s: %s]\n", errcode.Template, errcode.Template.Name(), p.Failure)
		return b.String()
	}
	b.WriteString(p.Line + "\n")
	for _, line := range p.Header {
		b.WriteString(line + "\n")
	}
	if p.Body != "" {
		b.WriteString("\n" + strings.TrimSuffix(printable(p.Body), "\n") + "\n")
	}
	return b.String()
}

// printable returns text for a terminal. It quotes text with characters that a terminal would not show.
func printable(text string) string {
	lines := strings.ReplaceAll(text, "\r\n", "\n")
	isOdd := func(r rune) bool {
		return r != '\n' && r != '\t' && !unicode.IsPrint(r) && !unicode.IsSpace(r) || r == '\r'
	}
	if !utf8.ValidString(text) || strings.ContainsFunc(lines, isOdd) {
		return strconv.Quote(text)
	}
	return lines
}
