package command

import (
	"context"
	"fmt"

	"github.com/alecthomas/kingpin/v2"

	"example.com/prober/config"
	"example.com/prober/internal/slo"
	"example.com/prober/web/history"
)

const objectivesHelp = `Write the objectives of the configuration for a generator of recording rules and alerts: a file of Sloth, or objects of Pyrra. The rules that come with the prober need neither.

Targets that discoveries find are not among them.`

const objectivesExamples = `Examples:
  prober objectives --for=sloth > slo.yml && sloth generate -i slo.yml -o rules.yml
      The rules of Sloth. Its flag sets the window, 30 days unless told otherwise.
  prober objectives --for=pyrra | kubectl apply -f -
      An object for each objective, each with its own window. Locations are told apart.
  prober objectives --for=sloth --matchers='location="east"'
      The same for one location. Sloth adds up all that it finds.
`

// objectivesFlags are the flags of objectives.
type objectivesFlags struct {
	configFile string
	generator  string
	options    slo.Options
}

func objectivesCommand(app *kingpin.Application) (string, command) {
	cmd := app.Command("objectives", objectivesHelp).HelpLong(objectivesExamples)
	var f objectivesFlags
	cmd.Flag("config.file", "Path of the configuration.").Default("prober.yml").StringVar(&f.configFile)
	cmd.Flag("for", "Which generator: sloth or pyrra.").Required().EnumVar(&f.generator, "sloth", "pyrra")
	cmd.Flag("matchers", "Which series are of the probers, as job=\"prober\",location=\"east\"; all if empty.").Default("").StringVar(&f.options.Matchers)
	return "objectives", func(_ context.Context, c *console) error { return writeObjectives(c, f) }
}

func writeObjectives(c *console, f objectivesFlags) error {
	if err := history.CheckMatchers(f.options.Matchers); err != nil {
		return usageError{fmt.Errorf("--matchers: %w", err)}
	}
	cfg, err := config.Load(f.configFile)
	if err != nil {
		return usageError{orInit(err)}
	}
	var text []byte
	if f.generator == "sloth" {
		text, err = slo.Sloth(cfg.Targets, f.options)
	} else {
		text, err = slo.Pyrra(cfg.Targets, &cfg.Metrics, f.options)
	}
	if err != nil {
		return usageError{fmt.Errorf("%s: %w", f.configFile, err)}
	}
	_, err = c.stdout.Write(text)
	return err
}
