package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

const title = `# Results

Written by ` + "`go run ./bench`" + ` (see its ` + "`-help`" + `); not edited by hand. Every section was measured in one run on one
machine, all clients side by side; figures of different machines or days say nothing about each other.
`

// replaceSection writes the text of one section into the file of the results and leaves
// the others as they are.
func replaceSection(file, name, text string) error {
	content, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return os.WriteFile(file, []byte(withSection(string(content), name, text)), 0o644)
}

// withSection returns content with one section replaced, or added at its end.
func withSection(content, name, text string) string {
	if content == "" {
		content = title
	}
	begin, end := fmt.Sprintf("<!-- %s -->\n", name), fmt.Sprintf("<!-- end of %s -->\n", name)
	before, rest, found := strings.Cut(content, begin)
	if !found {
		return content + "\n" + begin + text + end
	}
	_, after, _ := strings.Cut(rest, end)
	return before + begin + text + end + after
}

// shown are the parts of the results in pages, with the pages: the cost of a request for each client, and the reports
// of each while it is busy.
var shown = [...]struct{ name, page string }{
	{"comparison", "README.md"},
	{"busy", "docs/performance.md"},
}

// copyShown copies the shown results into the pages of a repository.
func copyShown(results, repository string) error {
	from, err := os.ReadFile(results)
	if err != nil {
		return err
	}
	for _, part := range shown {
		text, found := sectionOf(string(from), part.name)
		if !found {
			continue // it was not measured yet
		}
		page := filepath.Join(repository, filepath.FromSlash(part.page))
		to, err := os.ReadFile(page)
		if err != nil {
			return err
		}
		if _, found := sectionOf(string(to), part.name); !found {
			return fmt.Errorf("%s has no place for the part %q of the results", page, part.name)
		}
		if err := os.WriteFile(page, []byte(withSection(string(to), part.name, text)), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// sectionOf returns the text of a section.
func sectionOf(content, name string) (text string, found bool) {
	_, rest, begun := strings.Cut(content, fmt.Sprintf("<!-- %s -->\n", name))
	text, _, ended := strings.Cut(rest, fmt.Sprintf("<!-- end of %s -->\n", name))
	return text, begun && ended
}
