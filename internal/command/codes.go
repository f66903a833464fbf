package command

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/alecthomas/kingpin/v2"

	"example.com/prober/errcode"
)

func codesCommand(app *kingpin.Application) (string, command) {
	cmd := app.Command("codes", "List the error codes, or explain one.")
	what := cmd.Arg("code", "A number such as 1312, a name such as cert_expired, a status such as 503, or a word to look for.").String()
	return "codes", func(_ context.Context, c *console) error {
		if *what == "" {
			return listCodes(c, errcode.All())
		}
		return findCodes(c, *what)
	}
}

// findCodes explains one code, given by its number, its name or a failing HTTP
// status. For any other word it lists the codes with this word in their texts.
// It explains the code if there is only one.
func findCodes(c *console, what string) error {
	code, err := errcode.Parse(what)
	if err == nil {
		return explainCode(c, code)
	}
	if status, notNumber := strconv.Atoi(what); notNumber == nil {
		if code := errcode.FromStatus(status); status >= 400 && code.Name() == "http_"+what {
			return explainCode(c, code)
		}
		return usageError{fmt.Errorf("%w; prober codes lists all", err)}
	}
	switch found := codesWith(what); len(found) {
	case 0:
		return usageError{fmt.Errorf("%w, and none has that word; prober codes lists all", err)}
	case 1:
		return explainCode(c, found[0])
	default:
		return listCodes(c, slices.Values(found))
	}
}

// codesWith returns the codes with word in their range, name or meaning, in any case.
func codesWith(word string) (found []errcode.Code) {
	word = strings.ToLower(word)
	for code := range errcode.All() {
		words := code.Range().String() + "\n" + code.Name() + "\n" + code.Meaning()
		if strings.Contains(strings.ToLower(words), word) {
			found = append(found, code)
		}
	}
	return found
}

func listCodes(c *console, codes iter.Seq[errcode.Code]) error {
	table := tabwriter.NewWriter(c.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "CODE\tRANGE\tNAME\tMEANING")
	for code := range codes {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", code, code.Range(), code.Name(), code.Meaning())
	}
	return table.Flush()
}

func explainCode(c *console, code errcode.Code) error {
	help := code.Help()
	_, err := fmt.Fprintf(c.stdout, "%s %s (%s): %s\n\n%s\n\nUsual causes: %s\n\nLook first: %s\n",
		code, code.Name(), code.Range(), code.Meaning(), help.Happened, help.Causes, help.Look)
	return err
}
