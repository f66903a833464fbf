package main

import (
	"context"
	"fmt"
	"text/tabwriter"

	"github.com/alecthomas/kingpin/v2"

	"example.com/prober/errcode"
)

func codesCommand(app *kingpin.Application) (string, command) {
	cmd := app.Command("codes", "List the error codes, or explain one.")
	code := cmd.Arg("code", "A number such as 1312 or a name such as cert_expired.").String()
	return "codes", func(_ context.Context, c *console) error {
		if *code == "" {
			return listCodes(c)
		}
		return explainCode(c, *code)
	}
}

func listCodes(c *console) error {
	table := tabwriter.NewWriter(c.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "CODE\tRANGE\tNAME\tMEANING")
	for code := range errcode.All() {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", code, code.Range(), code.Name(), code.Meaning())
	}
	return table.Flush()
}

func explainCode(c *console, what string) error {
	code, err := errcode.Parse(what)
	if err != nil {
		return usageError{fmt.Errorf("%w; prober codes lists all", err)}
	}
	help := code.Help()
	_, err = fmt.Fprintf(c.stdout, "%s %s (%s): %s\n\n%s\n\nUsual causes: %s\n\nLook first: %s\n",
		code, code.Name(), code.Range(), code.Meaning(), help.Happened, help.Causes, help.Look)
	return err
}
