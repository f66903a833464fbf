package command

import (
	"context"

	"github.com/alecthomas/kingpin/v2"

	"example.com/prober/schema"
)

const schemaHelp = `Print the JSON Schema of the configuration. With it, an editor completes keys, explains them and marks mistakes. The schema finds mistakes in single values; prober check finds all mistakes.`

const schemaExamples = `Examples:
  prober schema > prober.schema.json
      Write the schema beside prober.yml. The first line of prober.yml is then: # yaml-language-server: $schema=prober.schema.json
  prober schema --target-files > targets.schema.json
      Write the schema of the files that target_files names.
`

func schemaCommand(app *kingpin.Application) (string, command) {
	cmd := app.Command("schema", schemaHelp).HelpLong(schemaExamples)
	targets := cmd.Flag("target-files", "Print the schema of the files that target_files names.").Bool()
	return "schema", func(_ context.Context, c *console) error {
		text := schema.Configuration()
		if *targets {
			text = schema.Targets()
		}
		_, err := c.stdout.Write(text)
		return err
	}
}
