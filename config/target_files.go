package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"example.com/prober/config/form"
)

// maxTargetFiles bounds the files of target_files, maxTargetBytes their size in all.
const (
	maxTargetFiles = 10_000
	maxTargetBytes = 4 * form.MaxFileSize
)

// OnError says what happens to a configuration if a file of target_files is wrong.
type OnError string

// With OnErrorFail, the whole configuration is refused. With OnErrorKeep, all but the wrong file is used, and its last
// targets stay.
const (
	OnErrorFail OnError = "fail"
	OnErrorKeep OnError = "keep"
)

// TargetFile is one of the files that target_files names.
type TargetFile struct {
	// Name is its path: relative to the folder of the configuration, if target_files has a relative path.
	Name string
	// Targets are the names of its targets in this configuration, in their order.
	Targets []string
	// Err is nil if the content of the file is used. Otherwise it is [form.Errors] with the reason, and Targets are the
	// targets from before.
	Err error
}

// Mistake returns the first mistake in Err. It names the file as Name does, without any other folder.
func (f *TargetFile) Mistake() string {
	errs, ok := errors.AsType[form.Errors](f.Err)
	if !ok {
		return ""
	}
	first := errs[0]
	if strings.HasSuffix(first.File, f.Name) {
		first.File = f.Name
	} else {
		first.File = filepath.Base(first.File)
	}
	return first.Error()
}

// AllUsed returns an error with the mistakes of all files of targets that are not used as they are, nil if there are
// none.
func (c *Config) AllUsed() error {
	var all form.Errors
	for _, f := range c.TargetFiles {
		if errs, ok := errors.AsType[form.Errors](f.Err); ok {
			all = append(all, errs...)
		}
	}
	if len(all) == 0 {
		return nil
	}
	return all
}

// FileOf maps the name of each target to the name of its file. Targets of the configuration itself are not in it.
func (c *Config) FileOf() map[string]string {
	files := map[string]string{}
	for _, f := range c.TargetFiles {
		for _, target := range f.Targets {
			files[target] = f.Name
		}
	}
	return files
}

// TargetFilesMoved reports whether the patterns of target_files match other files now. An unreadable folder counts as
// changed.
func (c *Config) TargetFilesMoved() bool {
	return slices.ContainsFunc(c.patterns, func(p pattern) bool {
		names, err := p.match()
		return err != nil || !slices.Equal(names, p.names)
	})
}

// targetFiles is the key target_files.
type targetFiles struct{ *loader }

func (f targetFiles) Decode(c form.Cursor, n *yaml.Node) {
	form.Texts(new([]string), checkFilePattern).Decode(c, n)
	if n.Kind != yaml.SequenceNode {
		return
	}
	known := map[string]bool{}
	for i, item := range n.Content {
		place := c.Item(i, item)
		if item.Kind != yaml.ScalarNode || checkFilePattern(item.Value) != nil {
			continue
		}
		p := pattern{text: item.Value, folder: c.Files.Path(".")}
		var err error
		if p.names, err = p.match(); err != nil {
			place.Fail("cannot use %q: %s", item.Value, err)
			continue
		}
		f.config.patterns = append(f.config.patterns, p)
		for _, name := range p.names {
			switch {
			case known[name]:
			case len(f.parts) == maxTargetFiles:
				place.Fail("there are more than %d files in all", maxTargetFiles)
				return
			default:
				f.part(place, name, p.isPlain())
			}
			known[name] = true
		}
	}
}

// Encode returns nothing: the targets are written as if they stood in the configuration.
func (f targetFiles) Encode() *yaml.Node { return nil }

// Shape implements [form.Value].
func (targetFiles) Shape() form.Shape { return form.ListOf(form.SomeText()).With("uniqueItems", true) }

func (f targetFiles) Reset() {}

// filePart is the content of a file of targets.
type filePart struct {
	name    string
	report  *form.Report
	targets []Target
	spots   map[string]form.Spot // of the names of the targets
	text    []byte
	root    *yaml.Node
}

func (p *filePart) isWrong() bool { return p.report.Found() > 0 }

// part reads a file of targets. The entry for it is at c. Unless must is set, the file may have disappeared since its
// folder was read.
func (l *loader) part(c form.Cursor, name string, must bool) {
	p := &filePart{name: name, report: c.Beside(c.Files.Path(name))}
	text, err := c.Files.ReadPart(name)
	// A pattern matches what is there, so a file that has gone is no mistake. A path names a file that has to be
	// there.
	if _, gone := os.Lstat(p.report.File); err != nil && gone != nil && !must {
		return
	}
	l.parts = append(l.parts, p)
	l.partBytes += len(text)
	if err == nil && l.partBytes > maxTargetBytes {
		err = fmt.Errorf("the files of targets hold more than %d MiB in all", maxTargetBytes>>20)
	}
	if err != nil {
		p.report.Add(c.Here(), fmt.Sprintf("cannot use %q: %s", name, err))
		return
	}
	if p.root = form.Parse(text, p.report, "targets"); p.root == nil {
		return
	}
	p.text = text
	files := c.Files.In(name)
	// A loader of its own: the defaults of one file must not reach the next.
	own := &loader{config: &Config{}, base: l.base.clone(), pick: l.pick, policy: l.rules()}
	if l.defaults != nil {
		own.defaults = l.defaults.For(p.report, files)
	}
	s := form.NewScope(p.report, files)
	partFields(own).Decode(s.Cursor(p.root), p.root)
	p.targets, p.spots = own.config.Targets, own.names
}

// partFields are the keys of a file of targets.
func partFields(l *loader) form.Section {
	return form.Section{
		form.Key("defaults", defaultsValue{l}),
		form.Key("labels", partLabels{l}),
		form.Key("targets", form.Required(targetList{l})),
	}
}

// partLabels are the labels of all targets of a file.
type partLabels struct{ *loader }

func (p partLabels) Decode(c form.Cursor, n *yaml.Node) {
	labels{&p.base.Labels}.Decode(c, n)
	p.defaults = c.Part("labels", p.defaults)
	p.defaults.Mark("labels", c.Node)
}

func (p partLabels) Encode() *yaml.Node { return nil }

// Shape implements [form.Value].
func (partLabels) Shape() form.Shape { return labels{}.Shape() }

func (p partLabels) Reset() {}
