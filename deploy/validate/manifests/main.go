// Command manifests prints the objects of a kustomization, or of a chart with values:
//
//	manifests FOLDER
//	manifests FOLDER NAMESPACE VALUES.yaml
//
// `make kubernetes` applies them.
package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"slices"

	"helm.sh/helm/v4/pkg/chart/v2/loader"

	"example.com/prober/deploy/validate/templates"
)

func main() {
	if err := run(os.Stdout, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "manifests:", err)
		os.Exit(1)
	}
}

func run(w io.Writer, args []string) error {
	switch len(args) {
	case 1:
		text, err := templates.Kustomization(args[0])
		if err == nil {
			_, err = w.Write(text)
		}
		return err
	case 3:
		return printChart(w, args[0], args[1], args[2])
	default:
		return errors.New("needs a folder, or the folder of a chart, a namespace and a file of values")
	}
}

func printChart(w io.Writer, folder, namespace, file string) error {
	text, err := os.Open(file)
	if err != nil {
		return err
	}
	defer text.Close()
	values, err := loader.LoadValues(text)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	files, err := templates.Chart(folder, namespace, values)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if path.Ext(name) == ".yaml" {
			fmt.Fprintf(w, "---\n%s\n", files[name])
		}
	}
	return nil
}
