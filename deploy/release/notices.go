package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// notice is a licence or notice for a part of the program, with its modules.
type notice struct {
	text    string
	modules []string
}

// licenceName matches the files with such texts in modules.
var licenceName = regexp.MustCompile(`(?i)^(licen[cs]e|copying|notice|copyright)([._-].*)?$`)

// dependency is a package in the program, with its module.
type dependency struct {
	Dir      string
	Standard bool
	Module   *struct {
		Path, Version, Dir string
		Main               bool
	}
}

// writeNotices writes the licences and notices of Go, and of all modules in the program of a platform. It fails if a
// module has none.
func (r release) writeNotices(ctx context.Context, p platform, to string) error {
	found, err := r.notices(ctx, p)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	out.WriteString("prober is made with the work of others. Each text below holds for the modules above it.\n")
	line := strings.Repeat("=", 80)
	for _, n := range found {
		fmt.Fprintf(&out, "\n%s\n%s\n%s\n\n%s\n", line, strings.Join(n.modules, "\n"), line, n.text)
	}
	return os.WriteFile(to, out.Bytes(), 0o644) //nolint:gosec // it is to be published
}

// notices returns the texts, each once, in the order of their first modules.
func (r release) notices(ctx context.Context, p platform) ([]notice, error) {
	packages, err := r.dependencies(ctx, p)
	if err != nil {
		return nil, err
	}
	texts := map[string][]string{} // of each module, by its name and version
	for _, d := range packages {
		if d.Standard || d.Module == nil || d.Module.Main {
			continue
		}
		module := d.Module.Path + " " + d.Module.Version
		here, err := licencesOf(d.Dir, d.Module.Dir)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", module, err)
		}
		texts[module] = append(texts[module], here...)
	}
	goRoot, err := r.command(ctx, p, "env", "GOROOT").Output()
	if err != nil {
		return nil, err
	}
	standard, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(goRoot)), "LICENSE"))
	if err != nil {
		return nil, err
	}
	texts["Go, its standard library"] = []string{tidied(standard)}
	return gather(texts)
}

// gather puts modules with the same text together.
func gather(texts map[string][]string) ([]notice, error) {
	modules := map[string][]string{}
	for module, all := range texts {
		if len(all) == 0 {
			return nil, fmt.Errorf("%s has no licence", module)
		}
		for _, text := range all {
			if !slices.Contains(modules[text], module) {
				modules[text] = append(modules[text], module)
			}
		}
	}
	var found []notice
	for text, names := range modules {
		slices.Sort(names)
		found = append(found, notice{text, names})
	}
	slices.SortFunc(found, func(a, b notice) int {
		return strings.Compare(a.modules[0]+a.text, b.modules[0]+b.text)
	})
	return found, nil
}

// licencesOf returns the texts in the folder of a package and its parents, up to the folder of its module: some
// packages have other authors than the rest of their module.
func licencesOf(dir, top string) (texts []string, err error) {
	for {
		entries, err := os.ReadDir(dir)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			if !e.Type().IsRegular() || !licenceName.MatchString(e.Name()) || filepath.Ext(e.Name()) == ".go" {
				continue
			}
			text, err := os.ReadFile(filepath.Join(dir, e.Name()))
			if err != nil {
				return nil, err
			}
			texts = append(texts, tidied(text))
		}
		above := filepath.Dir(dir)
		if dir == top || above == dir {
			return texts, nil
		}
		dir = above
	}
}

// tidied removes the differences between equal texts: line ends, and spaces at the ends of lines.
func tidied(text []byte) string {
	lines := strings.Split(strings.ReplaceAll(string(text), "\r\n", "\n"), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " \t\f")
	}
	return strings.Trim(strings.Join(lines, "\n"), "\n")
}

// dependencies returns the packages compiled into the program.
func (r release) dependencies(ctx context.Context, p platform) ([]dependency, error) {
	listed, err := r.command(ctx, p, "list", "-deps", "-json=Dir,Standard,Module", ".").Output()
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		return nil, fmt.Errorf("go list: %w: %s", err, failed.Stderr)
	}
	if err != nil {
		return nil, err
	}
	var all []dependency
	for from := json.NewDecoder(bytes.NewReader(listed)); ; {
		var d dependency
		err := from.Decode(&d)
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		all = append(all, d)
	}
}

// command is a command of Go for a platform.
func (r release) command(ctx context.Context, p platform, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "go", args...) //nolint:gosec // whoever runs this may run go
	cmd.Dir = r.source
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+p.os, "GOARCH="+p.arch)
	return cmd
}
