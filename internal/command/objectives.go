package command

import (
	"context"
	"fmt"

	"github.com/alecthomas/kingpin/v2"

	"example.com/prober/config"
	"example.com/prober/internal/slo"
	"example.com/prober/web/history"
)

const objectivesHelp = `Print the objectives of the configuration for Sloth or Pyrra. These programs make recording rules and alerts from them. The rules that come with the prober need neither program.

Targets of discoveries are not included.`

const objectivesExamples = `Examples:
  prober objectives --for=sloth > slo.yml && sloth generate -i slo.yml -o rules.yml
      Make rules with Sloth. The window is 30 days; a flag of sloth changes it.
  prober objectives --for=pyrra | kubectl apply -f -
      Make an object for each objective. Each object has its own window, and keeps locations apart.
  prober objectives --for=sloth --matchers='location="east"'
      Make rules for one location only. Sloth adds up all series that it finds.
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
	cmd.Flag("for", "The program to make rules with: sloth or pyrra.").Required().EnumVar(&f.generator, "sloth", "pyrra")
	cmd.Flag("matchers", "Labels of the series of the probers, such as job=\"prober\",location=\"east\". If empty, all series count.").Default("").StringVar(&f.options.Matchers)
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
