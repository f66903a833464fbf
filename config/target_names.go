package config

import (
	"fmt"

	"example.com/prober/config/form"
)

// keeper remembers which file of targets had which, and knows what to do with one that is
// wrong.
type keeper struct {
	before *Config
	// files are the names of the files by those of the targets, as they were before.
	files map[string]string
	// targets are those of before, by their names.
	targets map[string]Target
	// byFile has the names of the targets of each file, as they were before.
	byFile map[string][]string
}

// newKeeper remembers what stands in before, which may be nil.
func newKeeper(before *Config) *keeper {
	k := &keeper{before: before, targets: map[string]Target{}, byFile: map[string][]string{}}
	if before == nil {
		return k
	}
	k.files = before.FileOf()
	for _, t := range before.Targets {
		k.targets[t.Name] = t
	}
	for _, f := range before.TargetFiles {
		k.byFile[f.Name] = f.Targets
	}
	return k
}

// settleParts finds targets of the same name in several files, and adds the targets of all
// files to the configuration. With on_error: keep a file with a mistake has the targets that
// it had before.
func (l *loader) settleParts(main *form.Report) {
	k := newKeeper(nil)
	if l.config.OnError == OnErrorKeep {
		k = newKeeper(l.before)
	}
	for found := true; found; { // each time at least one file more is wrong
		found = l.findNamesakes(main, k) && l.config.OnError == OnErrorKeep
	}
	for _, p := range l.parts {
		f := TargetFile{Name: p.name}
		if l.config.OnError == OnErrorKeep && p.isWrong() {
			f.Err, f.Targets = p.report.Err(), k.byFile[p.name]
			for _, name := range f.Targets {
				l.config.Targets = append(l.config.Targets, k.targets[name])
			}
		} else {
			for _, t := range p.targets {
				f.Targets = append(f.Targets, t.Name)
			}
			l.config.Targets = append(l.config.Targets, p.targets...)
		}
		l.config.TargetFiles = append(l.config.TargetFiles, f)
	}
}

// owner is who has a name: the configuration itself without a part, which has no spot if its
// targets are kept.
type owner struct {
	part *filePart
	spot form.Spot
}

// findNamesakes reports targets that have the name of one in another file. The one that had it
// before is right, or else the first. It returns whether it has found one.
func (l *loader) findNamesakes(main *form.Report, k *keeper) bool {
	found := false
	owners := map[string]owner{}
	for name, spot := range l.names {
		owners[name] = owner{nil, spot}
	}
	for _, p := range l.parts { // what is kept has its names for sure
		if l.keeps(p) {
			for _, name := range k.byFile[p.name] {
				if first, taken := owners[name]; taken && first.part == nil {
					main.Add(first.spot, fmt.Sprintf("is already the name of a target of %s, which is wrong and keeps its last targets", p.name))
					continue
				}
				owners[name] = owner{part: p}
			}
		}
	}
	for _, p := range l.parts {
		if l.keeps(p) {
			continue
		}
		for _, t := range p.targets {
			if t.Name == "" || !l.claim(main, k, owners, p, t.Name) {
				continue
			}
			found = true
			if l.keeps(p) { // the next time with the names that it had
				break
			}
		}
	}
	return found
}

// keeps reports whether the targets of a file are those that it had before.
func (l *loader) keeps(p *filePart) bool { return l.config.OnError == OnErrorKeep && p.isWrong() }

// claim gives a name to the file p, unless another has it: it reports that then, and returns
// whether a file is wrong for it.
func (l *loader) claim(main *form.Report, k *keeper, owners map[string]owner, p *filePart, name string) bool {
	first, taken := owners[name]
	switch own := p.spots[name]; {
	case !taken:
		owners[name] = owner{p, own}
		return false
	case first.part == p:
		return false // it has been reported
	case first.part != nil && l.keeps(first.part):
		p.report.Add(own, fmt.Sprintf("is already the name of a target of %s, which is wrong and keeps its last targets", first.part.name))
	case k.files[name] == p.name && first.part == nil:
		main.Add(first.spot, "is already the name of a target "+own.In(main))
		return false
	case k.files[name] == p.name:
		first.part.report.Add(first.spot, "is already the name of a target "+own.In(first.part.report))
		owners[name] = owner{p, own}
	default:
		p.report.Add(own, "is already the name of a target "+first.spot.In(p.report))
	}
	return true
}
