package command

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/alecthomas/kingpin/v2"

	"example.com/prober/internal/imports"
)

const importHelp = "Make a configuration from files of other programs, and print it. prober check accepts the result. Comments in it say what could not be imported. docs/import.md has more."

const secretsHelp = "\n\nPasswords, tokens and cookies never appear in the output. With --secrets-dir the command writes them to files that only the owner can read. Without it, comments say what to write to which file."

const importCurlExamples = `Examples:
  prober import curl 'curl -H "Accept: application/json" https://staging.example.com/orders' > prober.yml
      Import one command in quotes, as a browser copies it ("Copy as cURL (bash)").
  prober import curl - --secrets-dir=secrets < commands.sh > prober.yml
      Import all commands of a file. Commands to the same origin become a mix. Secrets go into files.
  prober import curl -- curl -X POST -d 'term=tea' https://staging.example.com/search
      Import a command without quotes around it: the shell splits it into words.
`

const importHARExamples = `Examples:
  prober import har shop.har > prober.yml
      Make a mix for each origin. Equal requests become one, and their number is its weight.
  prober import har shop.har --journey --secrets-dir=secrets > prober.yml
      Make a journey for each origin: the requests in order, with cookies, and with tokens captured from answers.
`

const importOpenAPIExamples = `Examples:
  prober import openapi openapi.yaml --url=https://staging.example.com/v1 > prober.yml
      Make a request for each operation, to your own server.
  prober import openapi - < openapi.json
      Use the servers that the document names.
`

const importBlackboxExamples = `Examples:
  prober import blackbox blackbox.yml --target=https://staging.example.com/ --target=db.example.com:5432
      Make a target for each module and each URL that it can probe.
  prober import blackbox blackbox.yml --target=http_2xx=https://staging.example.com/
      Use this URL for one module. The other modules get a placeholder URL.
`

// importFlags are the flags of every import.
type importFlags struct {
	secrets string
	source  string
}

// importCommands registers the import commands, and returns them by their names.
func importCommands(app *kingpin.Application) map[string]command {
	parent := app.Command("import", importHelp)
	return map[string]command{
		"import curl":     importCurl(parent),
		"import har":      importHAR(parent),
		"import openapi":  importOpenAPI(parent),
		"import blackbox": importBlackbox(parent),
	}
}

func (f *importFlags) register(cmd *kingpin.CmdClause) {
	cmd.Flag("secrets-dir", "Write each secret to a file in this folder, with mode 0600. If the path is relative, run the command in the folder of prober.yml.").StringVar(&f.secrets)
}

func (f *importFlags) registerFile(cmd *kingpin.CmdClause, what string) {
	cmd.Arg("FILE", what+", or - for standard input.").Required().StringVar(&f.source)
}

func importCurl(parent *kingpin.CmdClause) command {
	cmd := parent.Command("curl", "Import command lines of curl and print a configuration. docs/import.md has more."+secretsHelp).HelpLong(importCurlExamples)
	var f importFlags
	f.register(cmd)
	words := cmd.Arg("COMMAND", "The command in quotes, or - for standard input, or its words after --.").Required().Strings()
	return func(_ context.Context, c *console) error {
		o := f.options("command line")
		if len(*words) > 1 {
			return c.printImport(imports.CurlWords(*words, o))
		}
		text := []byte((*words)[0])
		if isStdin((*words)[0]) {
			var err error
			if text, err = readSource("-"); err != nil {
				return err
			}
			o.Name = stdinName
		}
		return c.printImport(imports.Curl(string(text), o))
	}
}

func importHAR(parent *kingpin.CmdClause) command {
	cmd := parent.Command("har", "Import a recording of a browser (HAR 1.2) and print a configuration. docs/import.md has more."+secretsHelp).HelpLong(importHARExamples)
	var f importFlags
	f.register(cmd)
	f.registerFile(cmd, "The recording")
	journey := cmd.Flag("journey", "Keep the requests in order, as the steps of a journey.").Bool()
	return f.reading(func(source []byte, o imports.Options) (*imports.Result, error) {
		return imports.HAR(source, imports.HAROptions{Options: o, Journey: *journey})
	})
}

func importOpenAPI(parent *kingpin.CmdClause) command {
	cmd := parent.Command("openapi", "Import a document of OpenAPI 3 or Swagger 2.0 and print a configuration. docs/import.md has more.").HelpLong(importOpenAPIExamples)
	var f importFlags
	f.registerFile(cmd, "The document, in YAML or JSON")
	url := cmd.Flag("url", "URL of the server, instead of the servers in the document.").PlaceHolder("URL").String()
	return f.reading(func(source []byte, o imports.Options) (*imports.Result, error) {
		return imports.OpenAPI(source, imports.OpenAPIOptions{Options: o, URL: *url, Read: f.readBeside})
	})
}

func importBlackbox(parent *kingpin.CmdClause) command {
	cmd := parent.Command("blackbox", "Import the modules of Prometheus' blackbox_exporter and print a configuration. docs/import.md has more."+secretsHelp).HelpLong(importBlackboxExamples)
	var f importFlags
	f.register(cmd)
	f.registerFile(cmd, "The blackbox.yml")
	targets := cmd.Flag("target", "What the modules probe: a URL or HOST:PORT, or MODULE=URL for one module. Repeat it for more.").PlaceHolder("URL").Strings()
	return f.reading(func(source []byte, o imports.Options) (*imports.Result, error) {
		if !isStdin(f.source) {
			o.Folder = filepath.ToSlash(filepath.Dir(f.source))
		}
		return imports.Blackbox(source, imports.BlackboxOptions{Options: o, Targets: *targets})
	})
}

const stdinName = "standard input"

// isStdin reports whether an argument stands for standard input. The parser of the command line turns - into an empty
// argument.
func isStdin(arg string) bool { return arg == "-" || arg == "" }

// shownName returns the name of a source in errors.
func shownName(arg string) string {
	if isStdin(arg) {
		return stdinName
	}
	return arg
}

func (f *importFlags) options(name string) imports.Options {
	return imports.Options{Name: name, Secrets: filepath.ToSlash(f.secrets), Exists: isFile}
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// reading returns a command that imports the file of its flags.
func (f *importFlags) reading(take func(source []byte, o imports.Options) (*imports.Result, error)) command {
	return func(_ context.Context, c *console) error {
		source, err := readSource(f.source)
		if err != nil {
			return err
		}
		return c.printImport(take(source, f.options(shownName(f.source))))
	}
}

// maxSource bounds the size of a source, in bytes: recordings hold all answers.
const maxSource = 512 << 20

// readSource reads a file, or standard input for -.
func readSource(name string) (content []byte, err error) {
	in := io.Reader(os.Stdin)
	if !isStdin(name) {
		file, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer file.Close()
		in = file
	}
	content, err = io.ReadAll(io.LimitReader(in, maxSource+1))
	switch {
	case err != nil:
		return nil, err
	case len(content) > maxSource:
		return nil, fmt.Errorf("%s: is larger than %d MiB", shownName(name), maxSource>>20)
	}
	return content, nil
}

// readBeside reads a file that a document refers to. It must be in the document's folder or
// below. The document may come from somebody else, and a path in it must not lead to the
// files of this user.
func (f *importFlags) readBeside(name string) ([]byte, error) {
	if isStdin(f.source) {
		return nil, errors.New("a document on standard input cannot refer to other files")
	}
	folder, err := os.OpenRoot(filepath.Dir(f.source))
	if err != nil {
		return nil, err
	}
	defer folder.Close()
	return folder.ReadFile(filepath.FromSlash(strings.TrimPrefix(name, "/")))
}

// printImport writes the files for secrets, and prints the configuration.
func (c *console) printImport(r *imports.Result, err error) error {
	if err != nil {
		return err
	}
	if err := writeSecrets(r.Secrets); err != nil {
		return err
	}
	_, err = c.stdout.Write(r.YAML)
	return err
}

// writeSecrets never replaces a file with other content.
func writeSecrets(secrets []imports.Secret) error {
	for _, s := range secrets {
		switch old, err := os.ReadFile(s.Path); {
		case err == nil && !bytes.Equal(old, s.Content):
			return fmt.Errorf("%s: exists already with other content; remove it, or give another --secrets-dir", s.Path)
		case err != nil && !errors.Is(err, fs.ErrNotExist):
			return err
		}
	}
	for _, s := range secrets {
		if err := os.MkdirAll(filepath.Dir(s.Path), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(s.Path, s.Content, 0o600); err != nil {
			return err
		}
		if err := os.Chmod(s.Path, 0o600); err != nil { // a file that existed already
			return err
		}
	}
	return nil
}
