// Command generate writes the dashboards into the working directory, or into another one. It makes them from one
// description and the table of error codes.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"example.com/prober/dashboards/rules"
)

func main() {
	s := rules.Default()
	dir := flag.String("o", ".", "directory of the files")
	flag.StringVar(&s.Pages, "pages", s.Pages, "URL of the pages of a prober, if not the address that Prometheus scrapes")
	flag.Parse()
	if err := write(s, *dir); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

func write(s rules.Settings, dir string) error {
	for name, d := range dashboards(s) {
		text, err := d.encode()
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// dashboards returns all dashboards by the names of their files.
func dashboards(s rules.Settings) map[string]dashboard {
	return map[string]dashboard{
		"overview.json":  overview(s),
		"target.json":    targetDetails(s),
		"prober.json":    proberItself(s),
		"locations.json": locations(s),
	}
}

func newDashboard(s rules.Settings, uid, title, description string, allTargets bool) dashboard {
	return dashboard{
		Annotations:  annotations{events()},
		Description:  description,
		GraphTooltip: sharedCrosshair,
		Links: []link{{
			AsDropdown: true, Icon: "external link", IncludeVars: true, KeepTime: true, Tags: []string{"prober"},
			Title: "Prober", Tooltip: "The other dashboards of the prober", Type: "dashboards",
		}},
		Refresh:       "30s",
		SchemaVersion: schemaVersion,
		Tags:          []string{"prober"},
		Templating:    templating{variables(s, allTargets)},
		Time:          timeRange{"now-1h", "now"},
		Timezone:      "browser",
		Title:         title,
		UID:           uid,
	}
}

// encode returns the text of the file. It keeps < and > readable.
func (d dashboard) encode() ([]byte, error) {
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(d)
	return text.Bytes(), err
}
