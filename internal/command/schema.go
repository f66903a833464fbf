package command

import (
	"context"

	"github.com/alecthomas/kingpin/v2"

	"example.com/prober/schema"
)

const schemaHelp = `Print the JSON Schema of the configuration, for editors that complete keys, explain them and mark mistakes while one types. It finds what a single value can have wrong; prober check finds the rest.`

const schemaExamples = `Examples:
  prober schema > prober.schema.json
      Beside prober.yml, whose first line then is: # yaml-language-server: $schema=prober.schema.json
  prober schema --target-files > targets.schema.json
      The same for the files that target_files names.
`

func schemaCommand(app *kingpin.Application) (string, command) {
	cmd := app.Command("schema", schemaHelp).HelpLong(schemaExamples)
	targets := cmd.Flag("target-files", "Print that of the files that target_files names.").Bool()
	return "schema", func(_ context.Context, c *console) error {
		text := schema.Configuration()
		if *targets {
			text = schema.Targets()
		}
		_, err := c.stdout.Write(text)
		return err
	}
}
