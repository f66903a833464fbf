package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/alecthomas/kingpin/v2"

	"example.com/prober/config"
)

const initHelp = `Write a first configuration. It has a target for each URL, and comments about other settings. Without a URL it has an example target to change. The command does not overwrite a file without --force.`

const initExamples = `Examples:
  prober init https://staging.example.com/checkout
      Write prober.yml with one target. Then prober check prints how much load it asks for, and prober runs it.
  prober init https://staging.example.com/ tcp://db.example.com:5432 dns://10.0.0.2
      Write targets of several kinds.
  prober init --config.file=- https://staging.example.com/
      Print the configuration to standard output.
`

// initFlags are the flags of init.
type initFlags struct {
	configFile string
	force      bool
	urls       []string
}

func initCommand(app *kingpin.Application) (string, command) {
	cmd := app.Command("init", initHelp).HelpLong(initExamples)
	var f initFlags
	cmd.Flag("config.file", "File to write; - means standard output.").Default("prober.yml").StringVar(&f.configFile)
	cmd.Flag("force", "Overwrite a file that exists.").BoolVar(&f.force)
	cmd.Arg("URL", "URL of a target, such as https://staging.example.com/. A - means standard output.").StringsVar(&f.urls)
	return "init", func(_ context.Context, c *console) error { return writeStarter(c, f) }
}

// writeStarter writes a configuration that the loader accepts.
func writeStarter(c *console, f initFlags) error {
	toStdout := isStdin(f.configFile)
	var urls []string
	for _, url := range f.urls {
		if isStdin(url) {
			toStdout = true
			continue
		}
		urls = append(urls, url)
	}
	text := starter(urls)
	if _, err := config.Parse([]byte(text), "prober.yml"); err != nil {
		return usageError{fmt.Errorf("cannot make a configuration for these URLs: %w", err)}
	}
	if toStdout {
		_, err := io.WriteString(c.stdout, text)
		return err
	}
	if err := f.write(text); err != nil {
		return err
	}
	_, err := fmt.Fprintf(c.stdout, "wrote %s. Next: prober check --config.file=%[1]s\n", f.configFile)
	return err
}

func (f *initFlags) write(text string) error {
	// O_EXCL, so that a file made in the meantime is not written over.
	how := os.O_WRONLY | os.O_CREATE | os.O_EXCL
	if f.force {
		how = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	}
	file, err := os.OpenFile(f.configFile, how, 0o666) //nolint:gosec // the umask of the user decides, as for other files of theirs
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s exists already; --force overwrites it", f.configFile)
	}
	if err != nil {
		return err
	}
	_, err = io.WriteString(file, text)
	return errors.Join(err, file.Close())
}
