// Command generate writes the files of rules into the working directory. Flags set another directory and other URLs.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"example.com/prober/dashboards/rules"
)

func main() {
	s := rules.Default()
	dir := flag.String("o", ".", "directory of the files")
	flag.StringVar(&s.Docs, "docs", s.Docs, "URL below which the pages of docs are to be read")
	flag.StringVar(&s.Grafana, "grafana", s.Grafana, "URL of the Grafana with the dashboards")
	flag.StringVar(&s.Pages, "pages", s.Pages, "URL of the pages of a prober, if not the address that Prometheus scrapes")
	flag.Parse()
	if err := write(s, *dir); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

func write(s rules.Settings, dir string) error {
	for name, render := range map[string]func() ([]byte, error){
		"prober.rules.yml":    s.RuleFile,
		"prometheusrule.yaml": s.PrometheusRule,
	} {
		text, err := render()
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			return err
		}
	}
	return nil
}
